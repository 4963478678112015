"""Around the views: envelopes for the API's errors raised outside them, a page of the desk's own
where a server is out of reach, a limit on bodies, and none for HEAD."""

import logging
import re
import sys
from collections.abc import Callable
from math import inf

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views import defaults

from utils.exceptions import http_failure
from utils.outages import is_out_of_reach

logger = logging.getLogger(__name__)
RETRY_AFTER = 5  # seconds


class HeadMiddleware:
    """Answers HEAD with what GET answers, without the body. A view makes it all the same; a server
    that is handed one would have to throw it away, and says so in the log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        if request.method != "HEAD":
            return answer
        if isinstance(answer, StreamingHttpResponse):
            answer.streaming_content = ()
        elif isinstance(answer, HttpResponse):
            answer.setdefault("Content-Length", str(len(answer.content)))
            answer.content = b""
        return answer


class ApiEnvelopeMiddleware:
    """Under /api/, replaces the HTML of an error that Django or a middleware answered (a bad host,
    a crash before the view) by the envelope of its status. Unless its view says otherwise, nobody
    may keep an answer: it may be an account's own, or hold its token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        if not is_api(request):
            return answer
        is_json = answer.get("Content-Type", "").startswith("application/json")
        if answer.status_code >= 400 and not is_json:
            answer = _enveloped(answer.status_code, _kept(answer))
        answer.setdefault("Cache-Control", "no-store")
        return answer


class OutageMiddleware:
    """Answers 503 where a page cannot be made because a server is out of reach, as the API does in
    its envelope (contract §1). What is raised outside the views comes to `server_error`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not is_out_of_reach(error):
            return None
        path, kind = request.path, type(error).__name__
        logger.warning("%s: out of reach: %s: %s", path, kind, error)
        return _out_of_reach()


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for whatever nobody else has caught, in a middleware too: `handler500`."""
    if is_out_of_reach(sys.exc_info()[1]):
        return _out_of_reach()
    return defaults.server_error(request)


def _out_of_reach() -> HttpResponse:
    """Made without the request: to know who is logged in may be what failed."""
    headers = {"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"}
    return HttpResponse(render_to_string("503.html"), status=503, headers=headers)


class BodyLimitMiddleware:
    """Refuses a request body that is too large before anybody reads it: Django writes what comes as
    a file to the disk, whoever sends it to whatever page. Under /api/ also one that comes in
    chunks: without a Content-Length, WSGI knows of no body.

    It comes after AuthenticationMiddleware: only people of the desk may send more.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_api(request):
            if _length(request) > settings.MOST_BYTES:
                return _enveloped(413)
            if "HTTP_TRANSFER_ENCODING" in request.META:
                return _enveloped(400, error="请求体必须带有Content-Length")
        elif _length(request) > _most_bytes(request):
            return render(request, "413.html", status=413)
        return self.get_response(request)


def _most_bytes(request: HttpRequest) -> int:
    """Of a page. Who is asking is only looked up for a large body."""
    if _length(request) <= settings.MOST_BYTES:
        return settings.MOST_BYTES
    user = request.user
    if not (user.is_active and getattr(user, "is_staff", False)):
        return settings.MOST_BYTES
    if re.fullmatch(settings.DESK_UPLOAD_PATHS, request.path_info):
        return settings.DESK_UPLOAD_MOST_BYTES
    return settings.DESK_MOST_BYTES


def is_api(request: HttpRequest) -> bool:
    """Whether it is the API that is called."""
    return request.path_info == "/api" or request.path_info.startswith("/api/")


def _length(request: HttpRequest) -> float:
    """The size that the client declares; the server reads no more than that."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        return 0
    return int(length) if len(length) < 20 else inf  # Python refuses to read 5,000 digits


def _enveloped(
    status: int, headers: dict[str, str] | None = None, error: str | None = None
) -> JsonResponse:
    failed = http_failure(status, error, headers=headers)
    as_views_do = {"ensure_ascii": False, "separators": (",", ":")}
    return JsonResponse(
        failed.data, status=status, headers=_kept(failed), json_dumps_params=as_views_do
    )


def _kept(answer: HttpResponseBase) -> dict[str, str]:
    """The headers that are not about the body."""
    return {k: v for k, v in answer.items() if not k.lower().startswith("content-")}
