"""For the templates of the desk."""

from typing import Any

from django import template

from api.admin.desk.names import name_at

register = template.Library()


@register.filter
def desk_name(part: dict[str, Any]) -> Any:
    """The title of a breadcrumb: the desk's own, where it leads to a list."""
    return name_at(part.get("link"), part.get("title"))
