"""Links from one row's page to another's."""

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html


def link_to(row: Model, text: str) -> str:
    """The row's page, under this name."""
    meta = row._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return format_html('<a class="text-primary-600" href="{}">{}</a>', url, text)
