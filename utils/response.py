"""The envelope of every answer under /api/ (contract §1)."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

SUCCESS = 1000
ERROR_NAME, ERROR_FIELD = "X-Error-Name", "X-Error-Field"  # headers


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


def rendered(data: Any) -> bytes:
    """The body of `success(data)`, as it is sent."""
    body: bytes = JSONRenderer().render(BaseResponse(data).dict)
    return body


def kept_by_browsers(request: Request, body: bytes, etag: str) -> HttpResponse:
    """An answer in JSON that everybody may have: a browser keeps it, and asks with its ETag whether
    it is still the same; then it is a 304 without a body."""
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    seen = parse_etags(request.headers.get("If-None-Match", ""))
    # A proxy that packs answers marks their ETags as weak.
    if "*" in seen or etag in (one.removeprefix("W/") for one in seen):
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(body, content_type="application/json", headers=headers)


class Refusal(NamedTuple):
    """Why an operation did not go well, for a program and for people. `field` is the one of the
    request that is to blame, if a single one is."""

    name: str
    code: int
    error: str
    field: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What a front end can branch on where codes and sentences are too coarse."""
        named = {ERROR_NAME: self.name}
        return named | {ERROR_FIELD: self.field} if self.field else named


def failure(
    refusal: Refusal, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer of an operation that did not: business errors are HTTP 200."""
    body = BaseResponse(code=refusal.code, error=refusal.error).dict
    return Response(body, status=status, headers={**refusal.headers, **(headers or {})})


class AlwaysJSON(DefaultContentNegotiation):
    """Whatever a client says it accepts, it gets the envelope in JSON: no 406, no HTML."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: Any = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""
