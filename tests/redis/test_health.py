"""/healthz: alive. /readyz: may have traffic."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django_redis import get_redis_connection
from django_redis.pool import ConnectionFactory
from redis import Redis

from luffy.settings import redis_cache
from tests.support.redis_server import RedisServer

pytestmark = [pytest.mark.django_db, pytest.mark.outages]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.end()


@pytest.fixture
def redis(server: RedisServer, settings) -> Iterator[Redis]:
    """The service's Redis is this test's own."""
    settings.CACHES = {**settings.CACHES, "default": redis_cache(server.url)}
    yield get_redis_connection("default")
    ConnectionFactory._pools.pop(server.url).disconnect()


def expect(client, **states: str) -> None:
    answer = client.get("/readyz")
    assert answer.json() == {"database": "ok", "redis": "ok"} | states
    assert answer.status_code == (503 if states else 200)


def test_alive_is_whoever_answers(client, server, redis, django_assert_num_queries):
    server.stop()

    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_is_who_can_serve_and_leaves_nothing_behind(client, redis):
    expect(client)

    (key,) = redis.scan_iter()
    assert key == b"luffy_payment_coupon_0"
    assert 0 < redis.ttl(key) <= 10


def test_a_redis_that_is_full_is_not_ready(client, redis):
    redis.config_set("maxmemory", "1")

    expect(client, redis="refuses writes")


def test_a_redis_that_became_a_replica_is_not_ready(client, redis):
    redis.replicaof("127.0.0.1", "1")

    expect(client, redis="refuses writes")


@pytest.mark.parametrize("command", ["eval", "hset", "expire"])
def test_a_redis_that_does_not_grant_what_the_service_needs_is_not_ready(
    client, redis, command: str
):
    redis.acl_setuser("default", enabled=True, commands=[f"-{command}"])

    expect(client, redis="refuses writes")


def test_a_database_that_lacks_a_migration_is_not_ready(client, redis):
    recorder = MigrationRecorder(connection)
    last = max(name for app, name in recorder.applied_migrations() if app == "api")
    recorder.record_unapplied("api", last)

    expect(client, database="not migrated")


def test_a_database_with_a_later_version_s_migrations_is_ready(client, redis):
    MigrationRecorder(connection).record_applied("api", "9999_of_a_later_version")

    expect(client)


@pytest.mark.postgres
def test_a_database_that_is_read_only_is_not_ready(client, redis):
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")

    expect(client, database="read-only")
