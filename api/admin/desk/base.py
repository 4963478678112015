"""What the desk's lists and forms share: Chinese labels, cheap columns, a count with an end."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin import ShowFacets, display
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.widgets import (
    AutocompleteMixin,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from unfold.admin import (
    GenericTabularInline,
    ModelAdmin,
    StackedInline,
    TabularInline,
)
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter
from unfold.dataclasses import ActionDialog
from unfold.forms import BaseDialogForm
from unfold.paginator import InfinitePaginator
from unfold.utils import parse_date_str

from api.admin.desk.forms import DeskForm, DeskFormSet, OwnedFormSet


class WrongFilter(Exception):
    """IncorrectLookupParameters under another name: Django's list answers that one by showing
    everything, and does not say so."""


# What a filter in the address comes to that nothing can be looked up by: its name or its value is
# none or, as Django lets it through, a number or a date that no column could hold.
WRONG_FILTER = (WrongFilter, IncorrectLookupParameters, OverflowError, DataError)


def without_filters(request: HttpRequest, url: str) -> HttpResponse:
    messages.error(request, "过滤条件有误，已清除。")
    return redirect(url)


class CountedPages(Paginator):
    """The pages of a list, and how many rows it has. The theme would name them by the document's
    plural, which begins with a number of its own: 9 31. 优惠券生成记录."""

    template_name = "admin/counted_pages.html"


ID_DIGITS = 19  # numbers of fewer fit into a bigint


class OnlyIds(AutocompleteMixin):
    """Lets Django's search boxes show a refused value: they ask the database for whatever was
    sent, and crash on what is no number."""

    def optgroups(self, name: str, value: Iterable[Any], attr: Any = None) -> Any:
        ids = [one for one in value if str(one).isdecimal() and len(str(one)) < ID_DIGITS]
        return super().optgroups(name, ids, attr)


class SearchBox(OnlyIds, AutocompleteSelect):
    pass


class MultipleSearchBox(OnlyIds, AutocompleteSelectMultiple):
    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        # A number that no column could hold is cut short, to be refused for not being one.
        sent = super().value_from_datadict(data, files, name)
        return [one if len(one) < ID_DIGITS else f"{one[:8]}…" for one in sent or ()]


class SearchBoxes:
    """Gives the `autocomplete_fields` of a form such a box. What is in the address of an empty
    form, or in a form sent back, may be no id."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault("widget", SearchBox(db_field, admin.site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault("widget", MultipleSearchBox(db_field, admin.site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]


class DeskAdmin(SearchBoxes, ModelAdmin):
    """`labels` has the Chinese for the fields whose model gives them no verbose name; forms, and
    columns made with `column`, show it."""

    form = DeskForm
    labels: Mapping[str, str] = {}
    paginator = CountedPages
    list_per_page = 50
    list_max_show_all = 0
    warn_unsaved_form = True

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if self.labels:
            kwargs.setdefault("labels", self.labels)
        return super().get_form(request, obj, **kwargs)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Without the rows that only join two others: they have neither a name nor a form."""
        tree, counts, missing, protected = super().get_deleted_objects(objs, request)
        models = apps.get_models(include_auto_created=True)
        joins = [model for model in models if model._meta.auto_created]
        lines = tuple(f"{capfirst(join._meta.verbose_name)}: {join.__name__} " for join in joins)
        for join in joins:
            counts.pop(join._meta.verbose_name_plural, None)
        return _without(lines, tree), counts, missing, protected

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        try:
            answer = super().changelist_view(request, extra_context)
            return answer.render() if isinstance(answer, TemplateResponse) else answer
        except WRONG_FILTER:
            if not request.GET:
                raise
            return without_filters(request, request.path)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            return super().get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            raise WrongFilter from error


def _without(lines: tuple[str, ...], tree: list[Any]) -> list[Any]:
    """The nested list `tree` less what begins with one of `lines`."""
    kept = (_without(lines, one) if isinstance(one, list) else one for one in tree)
    return [one for one in kept if one != [] and not str(one).startswith(lines)]


class LongListAdmin(DeskAdmin):
    """For tables that grow with the shop's customers: the list turns pages without counting."""

    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # a count for every choice of every filter
    list_disable_select_all = True  # "all 9,999,999,999"

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> "Paginator[Any]":
        if queryset.model is not self.model:  # the history of one row, which has an end
            return CountedPages(queryset, per_page, *args, **kwargs)
        return super().get_paginator(request, queryset, per_page, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # There is no choosing of all pages, and so no number to say of them.
        context = {"selection_note_all": "", **(extra_context or {})}
        return super().changelist_view(request, context)


class LabelledInline(SearchBoxes):
    """For the inlines, what DeskAdmin.labels is for the forms."""

    form = DeskForm
    formset = DeskFormSet
    labels: Mapping[str, str] = {}
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if self.labels:
            kwargs.setdefault("labels", self.labels)
        return super().get_formset(request, obj, **kwargs)  # type: ignore[misc]


class DeskTabularInline(LabelledInline, TabularInline):
    hide_title = True  # a title is the row's __str__, which may cost a query


class DeskStackedInline(LabelledInline, StackedInline):
    template_before = "admin/stacked_errors.html"


class DeskGenericInline(GenericTabularInline):
    """Rows bound to whatever they belong to; labels come with the form's Meta."""

    formset = OwnedFormSet
    extra = 0
    hide_title = True


def column(path: str, label: str, *, boolean: bool = False) -> Callable[[Model], Any]:
    """A list column: the field at `path` (`chapter__course__name`), its choice in words."""
    *steps, field = path.split("__")

    @display(description=label, ordering=path, boolean=boolean)
    def show(row: Any) -> Any:
        for step in steps:
            row = getattr(row, step)
            if row is None:
                return None
        in_words = getattr(row, f"get_{field}_display", None)
        return in_words() if in_words else getattr(row, field)

    show.__name__ = path
    return show


def titled(title: str, base: type) -> type:
    """The list filter `base` under a title of its own, where the field's name is no Chinese."""

    class Titled(base):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.title = title

    return Titled


def having(title: str, rows: Callable[[], QuerySet[Any]], key: str) -> type:
    """The list filter between those that one of `rows` refers to by `key`, and those without."""

    class Having(DropdownFilter):
        parameter_name = f"has_{key}"

        def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
            return [("yes", "有"), ("no", "没有")]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            referred = Exists(rows().filter(**{key: OuterRef("pk")}))
            chosen = {"yes": referred, "no": ~referred}.get(self.value())
            return queryset if chosen is None else queryset.filter(chosen)

    Having.title = title
    return Having


class DatesFilter(RangeDateFilter):
    """From a day to a day, both included. What is no day is refused; the theme would show, and
    export, as if nothing had been asked."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self._day("from"), self._day("to")
        if first:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": self._start_of(first)})
        if last:
            after = self._start_of(last + timedelta(days=1))
            queryset = queryset.filter(**{f"{self.parameter_name}__lt": after})
        return queryset

    def _day(self, end: str) -> date | None:
        written = self.used_parameters.get(f"{self.parameter_name}_{end}", "").strip()
        if not written:
            return None
        day = parse_date_str(written)
        if day is None or not 1900 <= day.year <= 9000:
            raise IncorrectLookupParameters(f"no day: {written}")
        return day

    def _start_of(self, day: date) -> date:
        return day


class DaysFilter(DatesFilter):
    """The same on a field of moments, by the days of the shop's time zone."""

    def _start_of(self, day: date) -> datetime:
        return timezone.make_aware(datetime.combine(day, time.min))


def name_of(row: Model | None) -> str:
    """What a generic foreign key points to, without the queries that a __str__ may cost."""
    if row is None:
        return "（已删除）"
    name = getattr(row, "name", None) or getattr(row, "title", None)
    return str(name or f"{row._meta.verbose_name}（编号{row.pk}）")


def asking(
    title: str, text: str, form: type[BaseDialogForm] = BaseDialogForm, button: str = "确定"
) -> ActionDialog:
    """The dialog that an action opens first. What it changes, it changes on the POST from there:
    unfold's actions without a dialog are mere links."""
    return ActionDialog(title=title, description=text, form_class=form, form_submit_text=button)


def back_to(row: Model) -> HttpResponse:
    """Closes an action's dialog, and shows the row's form anew."""
    meta = row._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return HttpResponse(headers={"HX-Redirect": url})
