"""The pages of a list (contract §9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: `count` of all, the next page's number or None."""

    count: int
    next: int | None
    results: list[Any]


def page_of(rows: QuerySet[Any], *, page: int, page_size: int) -> Page:
    """Two queries, and those that the rows prefetch."""
    return _page(rows, rows.count(), page, page_size)


def page_of_all(rows: Sequence[Any], *, page: int, page_size: int) -> Page:
    """Of rows that are read already."""
    return _page(rows, len(rows), page, page_size)


def _page(rows: Any, count: int, page: int, page_size: int) -> Page:
    first = (page - 1) * page_size
    results = list(rows[first : first + page_size]) if first < count else []
    return Page(count, page + 1 if first + page_size < count else None, results)
