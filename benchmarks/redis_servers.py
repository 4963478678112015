"""Redis servers of a run's own, and Django on one or another of them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.cache import caches
from redis import Redis

from benchmarks.place import PlaceError
from tests.support.redis_server import RedisServer


@contextmanager
def own_redis() -> Iterator[RedisServer]:
    """A server that nobody else uses, and that keeps nothing. Raises PlaceError where there is no
    redis-server."""
    if shutil.which("redis-server") is None:
        raise PlaceError("no redis-server on PATH")
    server = RedisServer()
    try:
        yield server
    finally:
        server.end()


def connected(server: RedisServer) -> Redis:
    return Redis.from_url(server.url, socket_timeout=120)


def ask(server: RedisServer) -> None:
    """From now on, Django in this thread asks this server."""
    if server.url not in settings.CACHES:
        settings.CACHES[server.url] = {**settings.CACHES["default"], "LOCATION": server.url}
    caches["default"] = caches[server.url]
