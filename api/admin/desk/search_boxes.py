"""Boxes that look up rows of another model while one types, and accept any nonsense as input."""

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

ID_DIGITS = 19  # a number with fewer digits fits into a bigint


class OnlyIds(AutocompleteMixin):
    """Django's search boxes, when they show a form again, ask the database for whatever was sent,
    and crash if it is no number. These ask for numbers only."""

    def optgroups(self, name: str, value: Iterable[Any], attr: Any = None) -> Any:
        ids = [one for one in value if str(one).isdecimal() and len(str(one)) < ID_DIGITS]
        return super().optgroups(name, ids, attr)


class SearchBox(OnlyIds, AutocompleteSelect):
    pass


class MultipleSearchBox(OnlyIds, AutocompleteSelectMultiple):
    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        # A number too large for the column would crash too. Shortened, with a sign that is no
        # digit, it is refused as any other text.
        sent = super().value_from_datadict(data, files, name)
        return [one if len(one) < ID_DIGITS else f"{one[:8]}…" for one in sent or ()]


class SearchBoxes(BaseModelAdmin):
    """For an admin or an inline: its `autocomplete_fields` become such boxes."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SearchBox(db_field, admin.site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", MultipleSearchBox(db_field, admin.site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)
