"""Redis servers of a run's own, and Django on one or another of them."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from django.conf import settings
from django.core.cache import caches
from redis import Redis, RedisError

from benchmarks.place import PlaceError

PATIENCE = 30  # seconds, for a start


@contextmanager
def own_redis() -> Iterator[Redis]:
    """A server that nobody else uses, and that keeps nothing. Raises PlaceError where there is no
    redis-server."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise PlaceError("no redis-server on PATH")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = {"port": str(port), "bind": "127.0.0.1", "dir": folder, "save": ""}
        command = [part for name, value in options.items() for part in (f"--{name}", value)]
        server = subprocess.Popen([binary, *command], stdout=subprocess.DEVNULL)
        try:
            redis = Redis(port=port, socket_timeout=120)
            _wait_for(redis)
            yield redis
        finally:
            server.terminate()
            server.wait(timeout=60)


def url_of(redis: Redis) -> str:
    return f"redis://127.0.0.1:{redis.connection_pool.connection_kwargs['port']}/0"


def ask(redis: Redis) -> None:
    """From now on, Django in this thread asks this server."""
    url = url_of(redis)
    if url not in settings.CACHES:
        settings.CACHES[url] = {**settings.CACHES["default"], "LOCATION": url}
    caches["default"] = caches[url]


def _wait_for(redis: Redis) -> None:
    give_up = monotonic() + PATIENCE
    while True:
        try:
            redis.ping()
            return
        except RedisError:
            if monotonic() > give_up:
                raise
            sleep(0.05)
