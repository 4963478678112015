"""Boxes that look up rows of another model as one types, and stand whatever they are sent."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.widgets import (
    AutocompleteMixin,
    AutocompleteSelect,
    AutocompleteSelectMultiple,
)
from django.http import HttpRequest

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


class SearchBoxes(BaseModelAdmin):
    """For an admin or an inline: gives its `autocomplete_fields` such boxes. What stands in the
    address of an empty form, or in a form sent back, may be no id."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SearchBox(db_field, admin.site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", MultipleSearchBox(db_field, admin.site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)
