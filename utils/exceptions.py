"""The errors that a request can end with, and the one place that shapes them (contract §1).

Services raise errors by name, views catch none, and `exception_handler` puts each into the
envelope.
"""

import logging
import math
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404
from rest_framework import exceptions as drf
from rest_framework.response import Response

from utils.outages import Contention as Contention  # who raises it finds it beside the others
from utils.outages import is_out_of_reach
from utils.response import Refusal, failure

logger = logging.getLogger(__name__)


class ShopError(Exception):
    """A rule of the shop says no: a name, a code and the reason in Chinese, with HTTP 200 unless it
    is the HTTP layer's to say. `field` is the one of the request that is to blame."""

    name: str
    code: int
    message: str
    field: str | None = None
    status = 200


class TooManyAttempts(drf.Throttled):
    """Too many attempts to log in, to claim or to guess; what was sent was not looked at. HTTP 429.
    `wait` is the number of whole seconds until the next attempt is allowed."""

    wait: int


class HttpError(NamedTuple):
    """What the HTTP layer says no with: its name, and the sentence that people read."""

    name: str
    message: str


# By status; the code is 1000 + status.
HTTP_ERRORS = {
    400: HttpError("malformed", "请求有误"),
    401: HttpError("not_authenticated", "认证失败"),
    403: HttpError("not_permitted", "没有权限"),
    404: HttpError("no_such_path", "接口不存在"),
    405: HttpError("method_not_allowed", "不支持的请求方法"),
    409: HttpError("request_in_flight", "相同的请求正在处理，请稍后再试"),
    412: HttpError("settlement_changed", "结算信息已变化，请刷新后重试"),
    413: HttpError("body_too_large", "请求体过大"),
    415: HttpError("not_json", "请求体必须是JSON"),
    422: HttpError("idempotency_key_reused", "此Idempotency-Key已用于另一个请求"),
    429: HttpError("too_many_requests", "请求过于频繁，请稍后再试"),
    500: HttpError("server_error", "服务器内部错误"),
    503: HttpError("unavailable", "服务暂时不可用，请稍后再试"),
}


class Malformed(NamedTuple):
    """What is wrong with a request, and with which of its fields: `courseids.3` is an item of a
    list, and "" says that no single field is to blame."""

    field: str
    reason: str

    @property
    def message(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason


def http_failure(
    status: int,
    error: str | None = None,
    *,
    field: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The envelope for an error of the HTTP layer; 401 alone has a code of its own, 1001."""
    known = HTTP_ERRORS.get(status) or HTTP_ERRORS[400 if status < 500 else 500]
    code = 1001 if status == 401 else 1000 + status
    refusal = Refusal(known.name, code, error or known.message, field)
    return failure(refusal, status=status, headers=headers)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to any exception that leaves a view. It never raises, so no client
    ever sees a stack trace; those of crashes are logged."""
    match error:
        case ShopError():
            refusal = Refusal(error.name, error.code, error.message, error.field)
            return failure(refusal, status=error.status)
        case drf.ValidationError():
            wrong = malformed(error.detail)
            return http_failure(400, wrong.message, field=wrong.field)
        case drf.ParseError():
            return http_failure(400, str(error.detail))
        case drf.APIException():
            return http_failure(error.status_code, headers=_headers(error))
        case Http404():
            return http_failure(404)
        case PermissionDenied():
            return http_failure(403)
        case SuspiciousOperation():  # a thousand query parameters, say
            return http_failure(400)
        case _ if is_out_of_reach(error):
            logger.warning("out of reach: %s: %s", type(error).__name__, error)
            return http_failure(503)
        case _:
            return _crash(error, context)


def _crash(error: Exception, context: dict[str, Any]) -> Response:
    request = context.get("request")
    logger.error("crash in %s", context.get("view").__class__.__name__, exc_info=error)
    got_request_exception.send(sender=None, request=getattr(request, "_request", None))
    return http_failure(500)


def _headers(error: drf.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def malformed(detail: Any, field: str = "") -> Malformed:
    """The first of a serializer's nested errors, in the order in which it found them."""
    if isinstance(detail, dict):
        name, inner = next(iter(detail.items()))
        own = "" if name == "non_field_errors" else str(name)
        return malformed(inner, ".".join(filter(None, [field, own])))
    if isinstance(detail, list):
        return malformed(detail[0], field)
    return Malformed(field, str(detail))
