"""A filter for templates."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def in_tag(attributes: Mapping[str, Any]) -> SafeString:
    """Attributes as an HTML element has them, each after a space: True by its name alone, False not
    at all."""
    return mark_safe("".join(_written(*one) for one in attributes.items()))  # noqa: S308  escaped


def _written(name: str, value: Any) -> str:
    if value is False:
        return ""
    if value is True:
        return f" {conditional_escape(name)}"
    return f' {conditional_escape(name)}="{conditional_escape(value)}"'
