"""The servers of a run: an empty Redis database, and a database made for the run. Both are left as
they were.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import django
import psycopg
from django.core.management import call_command
from redis import Redis, RedisError

REDIS_URL = os.environ.get("BENCH_REDIS_URL") or "redis://127.0.0.1:6379/9"
DATABASE_URL = os.environ.get("BENCH_DATABASE_URL", "")  # of a PostgreSQL; SQLite without it


class PlaceError(Exception):
    """The run cannot take place here; says what to change."""


@contextmanager
def prepared() -> Iterator[Redis]:
    """Sets Django up on these servers, for this process and those it starts; gives the Redis."""
    with _redis() as redis, _database() as database_url:
        os.environ |= {
            "ALLOWED_HOSTS": "127.0.0.1,testserver",
            "DATABASE_URL": database_url,
            "DEBUG": "off",
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            "HTTPS": "off",
            "REDIS_TIMEOUT": "60",  # the document's way is slow
            "REDIS_URL": REDIS_URL,
            "REQUESTS_PER_MINUTE": "1000000000",
            "SECRET_KEY": "of-a-run-that-keeps-no-secret",
        }
        django.setup()
        call_command("migrate", verbosity=0)
        try:
            yield redis
        finally:
            django.db.connections.close_all()


@contextmanager
def _redis() -> Iterator[Redis]:
    """The Redis database of the run. Raises PlaceError unless it is there, and empty."""
    redis = Redis.from_url(REDIS_URL, socket_timeout=60)
    try:
        keys = redis.dbsize()
    except RedisError as error:
        raise PlaceError(f"no Redis at BENCH_REDIS_URL {REDIS_URL}: {error}") from error
    if keys:
        raise PlaceError(f"{REDIS_URL} holds {keys} keys: set BENCH_REDIS_URL to an empty database")
    try:
        yield redis
    finally:
        redis.flushdb(asynchronous=True)


@contextmanager
def _database() -> Iterator[str]:
    """The URL of a new, empty database: beside that of BENCH_DATABASE_URL, or an SQLite file."""
    if not DATABASE_URL:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.sqlite3"
        return
    name = f"luffy_bench_{os.getpid()}"
    try:
        server = psycopg.connect(DATABASE_URL, autocommit=True)
    except psycopg.Error as error:
        raise PlaceError(f"no PostgreSQL at BENCH_DATABASE_URL: {error}") from error
    with server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(DATABASE_URL)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
