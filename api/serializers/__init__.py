"""What a request may say, and what an answer shows."""

from typing import Any

from rest_framework.serializers import Serializer


def parsed(
    request: type[Serializer[Any]], data: Any, *, context: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The request's values. Raises ValidationError, which names the field, for a wrong one."""
    serializer = request(data=data, context=context or {})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
