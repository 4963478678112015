"""The headings of a list, made once.

The theme makes all of them again for every row, to take one word from each: with a tick box and
ten columns that was a third of a page of fifty rows. Nothing of the theme can be set to stop it.
"""

from typing import Any

from unfold.templatetags import unfold_list

_made = unfold_list.result_headers


def result_headers(cl: Any) -> list[dict[str, Any]]:
    """What the theme's function of this name gives, kept with the list."""
    if not hasattr(cl, "desk_headings"):
        cl.desk_headings = list(_made(cl))
    headings: list[dict[str, Any]] = cl.desk_headings
    return headings


def keep() -> None:
    """From now on, wherever the theme asks for them."""
    unfold_list.result_headers = result_headers
