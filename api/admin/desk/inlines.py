"""Rows that are edited in the form of what they belong to."""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin.options import InlineModelAdmin
from django.http import HttpRequest
from unfold.admin import GenericTabularInline, StackedInline, TabularInline

from api.admin.desk.forms import DeskForm, DeskFormSet, OwnedFormSet
from api.admin.desk.search_boxes import SearchBoxes


class LabelledInline(SearchBoxes, InlineModelAdmin):
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


class DeskGenericInline(GenericTabularInline):
    """For rows with a generic foreign key to their owner. Their forms have the labels."""

    formset = OwnedFormSet
    extra = 0
    hide_title = True
