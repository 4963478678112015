"""What the desk's pages of orders share: rows that are only read, found by how they begin."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string

from api.admin.desk.base import LongListAdmin
from api.admin.desk.search import numbered_or_owned


class ReadOnly:
    """For an admin or an inline: there is nothing to add, change or delete."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FactsAdmin(ReadOnly, LongListAdmin):
    """A long list of facts of accounts. `numbered_by` is the field whose beginning a search looks
    at, beside the beginning of an account's name; each has its index."""

    numbered_by: str | None = None
    ordering = ("-id",)
    sortable_by = ()
    list_filter_submit = True
    list_fullwidth = True

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        numbers = (self.numbered_by,) if self.numbered_by else ()
        return numbered_or_owned(request, queryset, search_term, *numbers), False


def table(headers: list[str], rows: list[list[Any]]) -> str | None:
    """A table in a page to read; None, which the page shows as -, for no rows."""
    if not rows:
        return None
    shown = {"headers": headers, "rows": rows}
    return render_to_string("unfold/components/table.html", {"table": shown})
