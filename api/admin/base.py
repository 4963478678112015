"""What the desk's lists and forms share: Chinese labels, cheap columns, a count with an end."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.admin import ShowFacets, display
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
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


class CountedPages(Paginator):
    """The pages of a list, and how many rows it has. The theme would name them by the document's
    plural, which begins with a number of its own: 9 31. 优惠券生成记录."""

    template_name = "admin/counted_pages.html"


class DeskAdmin(ModelAdmin):
    """`labels` has the Chinese for the fields whose model gives them no verbose name; forms, and
    columns made with `column`, show it."""

    labels: Mapping[str, str] = {}
    paginator = CountedPages
    list_per_page = 50
    list_max_show_all = 0
    warn_unsaved_form = True

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if self.labels:
            kwargs.setdefault("labels", self.labels)
        return super().get_form(request, obj, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        try:
            answer = super().changelist_view(request, extra_context)
            return answer.render() if isinstance(answer, TemplateResponse) else answer
        except (OverflowError, DataError):
            # A number or a date in the address that no column could hold; Django lets it through.
            messages.error(request, "过滤条件有误，已清除。")
            return redirect(request.path)


class LongListAdmin(DeskAdmin):
    """For tables that grow with the shop's customers: the list turns pages without counting."""

    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # a count for every choice of every filter


class LabelledInline:
    """For the inlines, what DeskAdmin.labels is for the forms."""

    labels: Mapping[str, str] = {}
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if self.labels:
            kwargs.setdefault("labels", self.labels)
        return super().get_formset(request, obj, **kwargs)  # type: ignore[misc]


class DeskTabularInline(LabelledInline, TabularInline):
    hide_title = True  # a title is the row's __str__, which may cost a query


class DeskStackedInline(LabelledInline, StackedInline):
    pass


class DeskGenericInline(GenericTabularInline):
    """Rows bound to whatever they belong to; labels come with the form's Meta."""

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


class DaysFilter(RangeDateFilter):
    """From a day to a day of the shop's time zone, both included, on a field of moments."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = (self._day(f"{self.parameter_name}_{end}") for end in ("from", "to"))
        if first:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": first})
        if last:
            queryset = queryset.filter(**{f"{self.parameter_name}__lt": last + timedelta(days=1)})
        return queryset

    def _day(self, parameter: str) -> datetime | None:
        day = parse_date_str(self.used_parameters.get(parameter) or "")
        if day is None or not 1900 <= day.year <= 9000:
            return None
        return timezone.make_aware(datetime.combine(day, time.min))


class OnlyIds:
    """Lets Django's search boxes show a refused value: they ask the database for whatever was
    sent, and crash on what is no number."""

    def optgroups(self, name: str, value: Iterable[Any], attr: Any = None) -> Any:
        ids = [one for one in value if str(one).isdecimal() and len(str(one)) < 19]
        return super().optgroups(name, ids, attr)  # type: ignore[misc]


class SearchBox(OnlyIds, AutocompleteSelect):
    pass


class MultipleSearchBox(OnlyIds, AutocompleteSelectMultiple):
    pass


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
