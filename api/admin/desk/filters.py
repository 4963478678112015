"""The filters beside a list."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter, RangeDateFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm
from unfold.utils import parse_date_str


def titled(title: str, base: type) -> type:
    """The list filter `base` with a Chinese title, for a field whose own name is English."""

    class Titled(base):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.title = title

    return Titled


def having(title: str, rows: Callable[[], QuerySet[Any]], key: str) -> type:
    """A list filter with two choices: the rows that one of `rows` refers to by its foreign key
    `key`, and all others."""

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


class _NamesOfTheChosen(AutocompleteSelect):
    """Django's, which compiles a query for the names also where nothing is chosen."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        if any(value):
            return super().optgroups(name, value, attr)
        return [(None, [self.create_option(name, "", "", False, 0)], 0)]


class _AutocompleteForm(AutocompleteDropdownForm):
    widget = _NamesOfTheChosen


class AutocompleteFilter(AutocompleteSelectFilter):
    form_class = _AutocompleteForm


class DatesFilter(RangeDateFilter):
    """From a day to a day, both included. Text that is no day is refused: the theme would ignore
    it, and show and export every row."""

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
    """The same for a field with date and time. A day is one of the shop's time zone."""

    def _start_of(self, day: date) -> datetime:
        return timezone.make_aware(datetime.combine(day, time.min))
