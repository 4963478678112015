"""What whatever watches the service from outside may ask: is it alive, and may it have traffic.

Both are answered before the checks for the right host and for HTTPS: probes call by address, from
inside.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django_redis import get_redis_connection
from redis import RedisError, ResponseError
from redis.exceptions import RedisClusterException

from utils.migrated import is_migrated
from utils.optimistic import GuardedWrite
from utils.redis.connections import NotThisServer

logger = logging.getLogger(__name__)

OK, UNREACHABLE = "ok", "unreachable"
READ_ONLY, NOT_MIGRATED, REFUSES_WRITES = "read-only", "not migrated", "refuses writes"
NO_ACCOUNT = 0  # whose key the probe writes
PROBE_SECONDS = 10


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        match request.path_info:
            case "/healthz":
                return healthz()
            case "/readyz":
                return readyz()
            case _:
                return self.get_response(request)


def healthz() -> JsonResponse:
    """Says that the process answers. It asks no server: to start the process anew would not bring
    one back."""
    return JsonResponse({"status": OK})


def readyz() -> JsonResponse:
    """Says whether requests can be served, and if not, whose fault it is: 200 or 503."""
    states = {
        "database": _state(database, DatabaseError),
        "redis": _state(redis, RedisError, RedisClusterException),
    }
    return JsonResponse(states, status=200 if set(states.values()) == {OK} else 503)


def database() -> str:
    """It has all migrations of this version, and can be written to."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")  # on a standby, too
            if cursor.fetchone() == ("on",):
                return READ_ONLY
    return OK if is_migrated() else NOT_MIGRATED


def redis() -> str:
    """It takes what the service writes: a script that fills a hash, under a name of the service's
    own. Of a cluster, only whether it serves: one node that refuses is trouble for its accounts
    alone."""
    client = get_redis_connection("default")
    if settings.REDIS_CLUSTER:
        client.ping()
        return OK
    key = settings.PAYMENT_COUPON_KEY % NO_ACCOUNT
    write = GuardedWrite(key, {})
    write.replace(key, {"probe": "readyz"})
    write.expire(key, PROBE_SECONDS)
    try:
        write.commit(client)
    except (ResponseError, NotThisServer) as error:
        logger.warning("readyz: %s", error)
        return REFUSES_WRITES
    return OK


def _state(probe: Callable[[], str], *failures: type[Exception]) -> str:
    try:
        return probe()
    except failures as error:
        logger.warning("readyz: %s", error)
        return UNREACHABLE
