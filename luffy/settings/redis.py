"""The Redis of REDIS_URL: cars, settlements, counts of attempts to log in."""

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from redis.connection import parse_url

from luffy.settings.environment import env, number, switch
from luffy.settings.web import DEBUG

EMBEDDED_REDIS = "embedded"
REDIS_URL: str = env.str("REDIS_URL", default="") or EMBEDDED_REDIS
if REDIS_URL == EMBEDDED_REDIS and not DEBUG:
    raise ImproperlyConfigured(
        "REDIS_URL is not set, and the embedded Redis forgets every shopping car at exit. "
        "Give the service a Redis, as in redis://127.0.0.1:6379/0, or set DEBUG=on."
    )
REDIS_CLUSTER = switch("REDIS_CLUSTER", False)
if REDIS_URL != EMBEDDED_REDIS:
    try:
        _place = parse_url(REDIS_URL)  # type: ignore[no-untyped-call]
        if not re.fullmatch(r"unix://.*|[^/]*//[^/]*(/[0-9]*)?(\?.*)?", REDIS_URL):
            raise ValueError("the database is no number, and would be taken for 0")
    except ValueError:  # may quote the password
        raise ImproperlyConfigured(
            "REDIS_URL must be as in redis://:password@host:6379/0, with %-signs for what a URL "
            "cannot hold."
        ) from None
if REDIS_CLUSTER and (REDIS_URL == EMBEDDED_REDIS or "path" in _place or _place.get("db")):
    raise ImproperlyConfigured(
        "REDIS_CLUSTER is on: REDIS_URL must name one of the cluster's nodes, as in "
        "redis://:password@host:6379/0. A cluster has no other database than 0."
    )


def redis_cache(url: str, *, cluster: bool = False) -> dict[str, Any]:
    """The one connection pool for the Redis at `url`, as django-redis wants it, or on a cluster one
    for each node: bounded, with timeouts (seconds)."""
    pool: dict[str, Any] = {
        "max_connections": number("REDIS_MAX_CONNECTIONS", 100, at_least=1),
        "socket_connect_timeout": number("REDIS_CONNECT_TIMEOUT", 1, at_least=1),
        "socket_timeout": number("REDIS_TIMEOUT", 2, at_least=1),
    }
    options = {"CLIENT_CLASS": "django_redis.client.DefaultClient", "CONNECTION_POOL_KWARGS": pool}
    if cluster:
        options["CONNECTION_FACTORY"] = "utils.redis.cluster.ClusterConnectionFactory"
    else:
        options["CONNECTION_POOL_CLASS"] = "redis.BlockingConnectionPool"
        pool["timeout"] = 1  # seconds to wait for a free connection of the pool
    if url == EMBEDDED_REDIS:
        from fakeredis import FakeRedisConnection

        pool["connection_class"] = FakeRedisConnection
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://embedded" if url == EMBEDDED_REDIS else url,
        "OPTIONS": options,
    }


CACHES = {
    "default": redis_cache(REDIS_URL, cluster=REDIS_CLUSTER),
    # Counts of requests (utils/limits/requests.py), in each process apart.
    "process": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}
