"""What is counted of requests."""

from functools import cache
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest
from prometheus_client import Counter, Histogram

from utils.metrics.values import counter, histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PROBES = frozenset({"/healthz", "/readyz"})
SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)

_ANSWERS = counter(
    "luffy_requests_total",
    "Requests by endpoint, method, HTTP status and the name of the refusal, if it was one.",
    ("endpoint", "method", "status", "refusal"),
)
_FAILED = counter(
    "luffy_requests_failed_total",
    "Requests that crashed (500), or could not be served now (503), wherever they went.",
    ("status",),
    known=[("500",), ("503",)],
)
_SECONDS = histogram(
    "luffy_request_seconds", "How long requests took.", ("endpoint", "method"), SECONDS
)
_SQL = counter(
    "luffy_request_sql_queries_total", "SQL statements of requests.", ("endpoint", "method")
)
_REDIS = counter(
    "luffy_request_redis_round_trips_total",
    "Round trips of requests to Redis.",
    ("endpoint", "method"),
)


class _Endpoint(NamedTuple):
    seconds: Histogram
    sql: Counter
    redis: Counter


def endpoint_of(request: HttpRequest) -> str:
    """The route that the request has come to, as in `/api/order/<order:order_number>/`: never its
    path, of which there is no end."""
    if match := request.resolver_match:
        return "/" + match.route
    path = request.path_info
    if path in PROBES:
        return path
    return "(static)" if path.startswith(settings.STATIC_URL) else "(none)"


def method_of(request: HttpRequest) -> str:
    """The method, if it is one of HTTP's; a client may send any word."""
    return request.method if request.method in METHODS else "(other)"


def observe(
    endpoint: str, method: str, status: int, refusal: str, seconds: float, sql: int, redis: int
) -> None:
    """Counts a request that was answered; nothing where nobody asks for the numbers."""
    if not settings.METRICS_DIR:
        return
    _answers(endpoint, method, status, refusal).inc()
    if status >= 500 and endpoint not in PROBES:
        _FAILED.labels(str(status)).inc()
    at = _endpoint(endpoint, method)
    at.seconds.observe(seconds)
    if sql:
        at.sql.inc(sql)
    if redis:
        at.redis.inc(redis)


# Without these, to find the number of some labels takes longer than to count.
@cache
def _answers(endpoint: str, method: str, status: int, refusal: str) -> Counter:
    return _ANSWERS.labels(endpoint, method, str(status), refusal)


@cache
def _endpoint(endpoint: str, method: str) -> _Endpoint:
    names = endpoint, method
    return _Endpoint(_SECONDS.labels(*names), _SQL.labels(*names), _REDIS.labels(*names))
