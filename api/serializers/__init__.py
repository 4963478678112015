"""What a request may say, and what an answer shows."""

from functools import cache
from typing import Any

from rest_framework.serializers import Serializer


def parsed(
    request: type[Serializer[Any]], data: Any, *, context: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The request's values. Raises ValidationError, which names the field, for a wrong one."""
    serializer = request(data=data, context=context or {})
    if not context:
        vars(serializer)["fields"] = _fields_of(request)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


@cache
def _fields_of(request: type[Serializer[Any]]) -> Any:
    """Made once: REST framework copies them deeply for each request, though they keep nothing of it
    but the context, which these do not know."""
    return request().fields
