"""The envelope of every answer under /api/ (contract §1)."""

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

SUCCESS = 1000


class BaseResponse:
    """`{"code", "data", "error"}`: code 1000 with data, or another code with the reason."""

    def __init__(self, data: Any = None, *, code: int = SUCCESS, error: str | None = None) -> None:
        self.code = code
        self.data = data
        self.error = error

    @property
    def dict(self) -> dict[str, Any]:
        return {"code": self.code, "data": self.data, "error": self.error}


def success(data: Any = None) -> Response:
    """The answer of an operation that went well: HTTP 200, code 1000."""
    return Response(BaseResponse(data).dict)


def failure(
    code: int, error: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer of an operation that did not: business errors are HTTP 200."""
    body = BaseResponse(code=code, error=error).dict
    return Response(body, status=status, headers=dict(headers or {}))


class AlwaysJSON(DefaultContentNegotiation):
    """Whatever a client says it accepts, it gets the envelope in JSON: no 406, no HTML."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: Any = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""
