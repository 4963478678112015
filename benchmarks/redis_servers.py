"""Starts Redis servers for a run, and points Django at one or another of them."""

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
    """A server for this run alone, which stores nothing on disk. Raises PlaceError where there is
    no redis-server."""
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
    """Django in this thread uses this server from now on."""
    if server.url not in settings.CACHES:
        settings.CACHES[server.url] = {**settings.CACHES["default"], "LOCATION": server.url}
    caches["default"] = caches[server.url]
