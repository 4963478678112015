"""The row that an address names."""

from typing import Any

from django.http import Http404, HttpRequest


def row_or_404(admin: Any, request: HttpRequest, object_id: str) -> Any:
    """The row of this admin that may be seen at its page. Raises Http404."""
    row = admin.get_object(request, object_id)
    if row is None:
        raise Http404
    return row
