"""The health check, for whatever watches the service from outside."""

import logging
from collections.abc import Callable

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django_redis import get_redis_connection
from redis import RedisError
from redis.exceptions import RedisClusterException

logger = logging.getLogger(__name__)


class HealthMiddleware:
    """Answers /healthz before the checks for the right host and for HTTPS: probes call by address,
    from inside."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return healthz() if request.path_info == "/healthz" else self.get_response(request)


def healthz() -> JsonResponse:
    """Says whether database and Redis answer: 200 when both do, else 503."""
    states = {
        "database": _state(lambda: connection.cursor().execute("SELECT 1"), DatabaseError),
        "redis": _state(
            lambda: get_redis_connection("default").ping(), RedisError, RedisClusterException
        ),
    }
    return JsonResponse(states, status=200 if set(states.values()) == {"ok"} else 503)


def _state(probe: Callable[[], object], *failures: type[Exception]) -> str:
    try:
        probe()
    except failures as error:
        logger.warning("health check: %s", error)
        return "unreachable"
    return "ok"
