"""Rendering of forms. FORM_RENDERER names `Renderer`."""

from functools import cached_property
from pathlib import Path
from typing import Any

from django import forms
from django.forms.renderers import DjangoTemplates

_FOLDERS = [Path(package).parent / "templates" for package in (__file__, forms.__file__)]


class Renderer(DjangoTemplates):
    """Django's own, with a template less: the attributes of an element are written in one step. A
    list of the desk with its filters has thirty of them, and they took a tenth of its time."""

    @cached_property
    def engine(self) -> Any:
        return self.backend(
            {
                "NAME": "forms",
                "APP_DIRS": True,
                "DIRS": _FOLDERS,
                "OPTIONS": {"libraries": {"in_tag": "utils.forms.in_tag"}},
            }
        )
