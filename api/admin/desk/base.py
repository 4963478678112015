"""What every list and form of the desk is built on."""

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.contrib.admin import ShowFacets, display
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from api.admin.desk.columns import tick_box
from api.admin.desk.forms import DeskForm
from api.admin.desk.lists import GuardedListAdmin
from api.admin.desk.names import renamed
from api.admin.desk.search_boxes import SearchBoxes


class CountedPages(Paginator):
    """Links to the pages of a list, and 共9条."""

    template_name = "admin/counted_pages.html"


class DeskAdmin(SearchBoxes, GuardedListAdmin):
    """`labels` has the Chinese for the fields whose model gives them no verbose name; forms, and
    columns made with `column`, show it."""

    form = DeskForm
    labels: Mapping[str, str] = {}
    when_empty = ""  # what an empty list says can be done
    paginator = CountedPages
    list_per_page = 50
    list_max_show_all = 0
    # The theme asks for it twice a row, and where it is missing Django lists all attributes.
    list_sections = ()
    warn_unsaved_form = True

    @display(description=ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj: Any) -> SafeString:
        return tick_box(obj.pk)

    def title_of(self, row: Any) -> str:
        """What the page of a row is called above it."""
        return str(row)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if self.labels:
            kwargs.setdefault("labels", self.labels)
        return super().get_form(request, obj, **kwargs)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What the page lists before it deletes, without the rows of many-to-many tables: they have
        neither a name nor a form."""
        tree, counts, missing, protected = super().get_deleted_objects(objs, request)
        models = apps.get_models(include_auto_created=True)
        joins = [model for model in models if model._meta.auto_created]
        lines = tuple(f"{capfirst(join._meta.verbose_name)}: {join.__name__} " for join in joins)
        for join in joins:
            counts.pop(join._meta.verbose_name_plural, None)
        shown = _each(_without(lines, tree))
        named = {renamed(str(name)): number for name, number in counts.items()}
        return shown, named, {renamed(str(name)) for name in missing}, _each(protected)


def _each(tree: list[Any]) -> list[Any]:
    """The nested list with the desk's names."""
    return [_each(one) if isinstance(one, list) else renamed(one) for one in tree]


def _without(lines: tuple[str, ...], tree: list[Any]) -> list[Any]:
    """The nested list `tree` without the entries that begin with one of `lines`."""
    kept = (_without(lines, one) if isinstance(one, list) else one for one in tree)
    return [one for one in kept if one != [] and not str(one).startswith(lines)]


class LongListAdmin(DeskAdmin):
    """For tables that grow with the number of customers: the list never counts its rows."""

    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # they cost a COUNT for every choice of every filter
    list_disable_select_all = True  # the theme would offer to select all 9,999,999,999 rows

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> "Paginator[Any]":
        if queryset.model is not self.model:  # the history of one row is short
            return CountedPages(queryset, per_page, *args, **kwargs)
        return super().get_paginator(request, queryset, per_page, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # Django counts the rows for this note about selecting them on all pages.
        context = {"selection_note_all": "", **(extra_context or {})}
        return super().changelist_view(request, context)
