"""What is told of a request: its id to the client, a line to the log, numbers to the metrics."""

import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from utils import scope
from utils.addresses import address_of, client_address
from utils.metrics import requests as metrics
from utils.response import ERROR_NAME
from utils.scope import Scope

REQUEST_ID = "X-Request-Id"
LONGEST_PATH = 500  # characters in the log

logger = logging.getLogger("luffy.request")


class RequestLogMiddleware:
    """Outside all others: what it measures and tells is the answer as the client gets it. The path
    is told without its query, in which some front ends send their token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        begun = perf_counter()
        at_work = Scope(scope.request_id_from(request.META.get("HTTP_X_REQUEST_ID")))
        token = scope.begin(at_work)
        try:
            answer = self.get_response(request)
            answer.headers[REQUEST_ID] = at_work.request_id
            _tell(request, answer, at_work, perf_counter() - begun)
            return answer
        finally:
            scope.end(token)  # what a stream still logs has no id


def _tell(request: HttpRequest, answer: HttpResponseBase, done: Scope, seconds: float) -> None:
    refusal = answer.headers.get(ERROR_NAME, "")
    endpoint = metrics.endpoint_of(request)
    method, status = metrics.method_of(request), answer.status_code
    metrics.observe(endpoint, method, status, refusal, seconds, done.sql, done.redis)
    fields = {
        "method": method,
        "path": request.path_info[:LONGEST_PATH],
        "endpoint": endpoint,
        "status": status,
        "refusal": refusal,
        "ms": round(seconds * 1000, 1),
        "sql": done.sql,
        "redis": done.redis,
        "address": address_of(request),
    }
    said = "%(refusal)s " if refusal else ""
    _log(f"%(method)s %(path)s %(status)s {said}%(ms)sms %(address)s", fields)


def tell_unread(environ: Mapping[str, str], status: int) -> None:
    """The line of what the web server refused by itself: no request, or one that is too large.
    `environ` is as WSGI has it."""
    fields = {
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"][:LONGEST_PATH],
        "status": status,
        "address": client_address(environ),
    }
    _log("%(method)s %(path)s %(status)s %(address)s", fields)


def _log(form: str, fields: dict[str, Any]) -> None:
    logger.info(form, fields, extra={"fields": fields})
