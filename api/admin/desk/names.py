"""What the desk calls the kinds of things it shows: as the sidebar does, everywhere.

The models keep the names of the course document (31. 优惠券生成记录). No page shows them.
"""

import re
from typing import Any

from django.apps import apps
from django.urls import NoReverseMatch

from api.admin.desk.navigation import SECTIONS, address

_NAMES = {label: title for links in SECTIONS.values() for title, label, _ in links}
_NUMBER = re.compile(r"^\d+\.\s*")


def kind_of(opts: Any) -> str:
    """The name of a model with these options: the sidebar's, or, where it has no link, the model's
    own without its number."""
    named = _NAMES.get(str(opts.label_lower))
    return named or _NUMBER.sub("", str(opts.verbose_name))


class NamedOptions:
    """A model's options for the pages of the desk: its own but for its names."""

    def __init__(self, opts: Any) -> None:
        self._opts = opts
        self.verbose_name = self.verbose_name_plural = kind_of(opts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opts, name)

    def __str__(self) -> str:
        return str(self._opts)


def name_at(link: Any, otherwise: Any) -> Any:
    """What a breadcrumb is called that leads to this address: as the list there, if one is."""
    return _by_address().get(str(link), otherwise)


def renamed(told: str) -> str:
    """A line of Django's that begins with the name of a model (优惠券生成记录: 8折), with the
    desk's name instead. What was safe to show stays so."""
    for model in apps.get_models():
        for old in (str(model._meta.verbose_name), str(model._meta.verbose_name_plural)):
            if told == old or told.startswith(f"{old}: "):
                return type(told)(kind_of(model._meta) + told[len(old) :])
    return told


def renamed_in(told: Any, opts: Any) -> Any:
    """A message of Django's about a row of this model, whose name it has before the row's."""
    if not isinstance(told, str):
        return told
    return type(told)(told.replace(str(opts.verbose_name), kind_of(opts), 1))


def _by_address() -> dict[str, str]:
    found = {}
    for label, name in _NAMES.items():
        try:
            found[address(label)] = name
        except NoReverseMatch:  # a page that this service does not have
            continue
    return found
