"""For the templates of the desk."""

from typing import Any

from django import template
from django.contrib import admin
from django.db.models import Model

from api.admin.desk import names

register = template.Library()


@register.filter
def desk_name(part: dict[str, Any]) -> Any:
    """The title of a breadcrumb: the desk's own, where it leads to a list or to a row."""
    title = part.get("title")
    if isinstance(title, Model) and admin.site.is_registered(type(title)):
        named = getattr(admin.site.get_model_admin(type(title)), "title_of", str)
        return named(title)
    return names.name_at(part.get("link"), title)


@register.filter
def renamed(told: Any) -> str:
    """The name of a kind of rows as Django has it, from the model, by the desk's name."""
    return names.renamed(str(told))


@register.filter
def fitting(actions: list[dict[str, Any]], row: Model) -> list[dict[str, Any]]:
    """Of the actions in the menu of a row, those that the row's admin does not refuse for it."""
    fits = getattr(admin.site.get_model_admin(type(row)), "fits", None)
    if fits is None:
        return actions
    prefix = f"admin:{row._meta.app_label}_{row._meta.model_name}_"
    return [one for one in actions if fits(one["raw_path"].removeprefix(prefix), row)]
