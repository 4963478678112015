from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from utils.forms import Renderer

ATTRIBUTES: list[dict[str, Any]] = [
    {},
    {"class": "wide", "required": True, "disabled": False},
    {"maxlength": 1000, "step": 0.5, "min": 0, "data-none": None},
    {"placeholder": "\"40\" <元> & '折'", "data-x": SafeString("a&amp;b")},
    {"aria-label": gettext_lazy("Delete"), "data-choices": ("a", "b"), "@click": "open = !open"},
]


@pytest.mark.parametrize("attributes", ATTRIBUTES)
def test_the_attributes_of_an_element_are_written_as_django_writes_them(attributes):
    widget = forms.TextInput(attributes)

    written = widget.render("name", "value", renderer=Renderer())

    assert written == widget.render("name", "value", renderer=DjangoTemplates())


def test_forms_are_rendered_so(settings):
    assert settings.FORM_RENDERER == "utils.forms.Renderer"
    assert isinstance(forms.Form().renderer, Renderer)
