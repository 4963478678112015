"""Cells of a list, each without a query of its own."""

from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any

from django.contrib.admin import display
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from unfold.admin import checkbox
from unfold.utils import display_for_label

from api.admin.desk.names import kind_of

_KEY = "the-key-of-the-row"


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


def labelled(
    description: str, colours: Mapping[str, str]
) -> Callable[[Callable[[Any, Any], str]], Callable[[Any, Any], SafeString]]:
    """Shows what the method says, one of few words, in a label of that word's colour. The theme's
    own way to do so renders two templates for every row; here a word is rendered once."""

    @cache
    def rendered(word: str) -> SafeString:
        return SafeString(display_for_label(word, "", dict(colours)))

    def decorated(say: Callable[[Any, Any], str]) -> Callable[[Any, Any], SafeString]:
        @display(description=description)
        @wraps(say)
        def show(admin: Any, row: Any) -> SafeString:
            return rendered(say(admin, row))

        return show

    return decorated


def tick_box(pk: int) -> SafeString:
    """To tick a row of a list: the theme's, which renders three templates for every one."""
    return SafeString(_box(get_language()).replace(_KEY, str(int(pk))))


@cache
def _box(_: str | None) -> str:
    """In the language that is on."""
    return str(checkbox.render(ACTION_CHECKBOX_NAME, _KEY))


def name_of(row: Model | None) -> str:
    """The name of what a generic foreign key points to. Its __str__ might cost queries."""
    if row is None:
        return "（已删除）"
    name = getattr(row, "name", None) or getattr(row, "title", None)
    return str(name or f"{kind_of(row._meta)}（编号{row.pk}）")
