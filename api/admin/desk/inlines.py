"""Rows that are edited in the form of what they belong to."""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin.options import InlineModelAdmin
from django.http import HttpRequest
from unfold.admin import GenericTabularInline, StackedInline, TabularInline

from api.admin.desk.forms import DeskForm, DeskFormSet, OwnedFormSet
from api.admin.desk.names import kind_of
from api.admin.desk.search_boxes import SearchBoxes


class NamedInline(InlineModelAdmin):
    """Called as the desk calls it, where it has no name of its own."""

    def __init__(self, parent_model: Any, admin_site: Any) -> None:
        super().__init__(parent_model, admin_site)
        own = type(self)
        self.verbose_name = own.verbose_name or kind_of(self.opts)
        self.verbose_name_plural = own.verbose_name_plural or own.verbose_name or kind_of(self.opts)


class LabelledInline(SearchBoxes, NamedInline):
    """`labels` has the Chinese names of fields, as in DeskAdmin."""

    form = DeskForm
    formset = DeskFormSet
    labels: Mapping[str, str] = {}
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if self.labels:
            kwargs.setdefault("labels", self.labels)
        return super().get_formset(request, obj, **kwargs)


class DeskTabularInline(LabelledInline, TabularInline):
    hide_title = True  # a title is the row's __str__, which may cost a query


class DeskStackedInline(LabelledInline, StackedInline):
    template_before = "admin/stacked_errors.html"


class DeskGenericInline(NamedInline, GenericTabularInline):
    """For rows with a generic foreign key to their owner. Their forms have the labels."""

    formset = OwnedFormSet
    extra = 0
    hide_title = True
