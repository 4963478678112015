"""Cells of a list, each without a query of its own."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import display
from django.db.models import Model

from api.admin.desk.names import kind_of


def column(path: str, label: str, *, boolean: bool = False) -> Callable[[Model], Any]:
    """A list column that shows the field at `path` (`chapter__course__name`). A field with choices
    is shown in words."""
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


def name_of(row: Model | None) -> str:
    """The name of what a generic foreign key points to. Its __str__ might cost queries."""
    if row is None:
        return "（已删除）"
    name = getattr(row, "name", None) or getattr(row, "title", None)
    return str(name or f"{kind_of(row._meta)}（编号{row.pk}）")
