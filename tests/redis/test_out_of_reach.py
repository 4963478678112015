"""Redis or the database gone, slow, or back again (contract §1: 503, and nothing was changed)."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
)
from django_redis import get_redis_connection
from django_redis.pool import ConnectionFactory
from redis import Redis

from luffy.settings import redis_cache
from tests.conftest import Customer
from tests.support.factories import put_in_car
from tests.support.redis_server import RedisServer
from tests.support.relay import Relay
from utils.optimistic import GuardedWrite

pytestmark = pytest.mark.outages

GONE = {"code": 1503, "data": None, "error": "服务暂时不可用，请稍后再试"}
DONE = {"code": 1000, "data": None, "error": None}

REQUESTS: dict[str, Any] = {
    "GET": lambda customer: customer.get("/api/payment/"),
    "POST": lambda customer: customer.settle([2]),
    "PATCH": lambda customer: customer.choose(0, courseid=1),
}


@pytest.fixture(params=REQUESTS.values(), ids=REQUESTS.keys())
def request_of(request) -> Any:
    return request.param


def assert_gone(answer: Any) -> None:
    assert answer.status_code == 503
    assert answer.json() == GONE


# --- Redis ----------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.end()


@pytest.fixture
def pool(monkeypatch) -> None:
    """The settings' own pool, small and impatient."""
    monkeypatch.setenv("REDIS_TIMEOUT", "1")
    monkeypatch.setenv("REDIS_MAX_CONNECTIONS", "2")


@pytest.fixture
def redis(server: RedisServer, pool: None, settings) -> Iterator[Redis]:
    """The service's Redis is this test's own."""
    settings.CACHES = {**settings.CACHES, "default": redis_cache(server.url)}
    connection = get_redis_connection("default")
    yield connection
    ConnectionFactory._pools.pop(server.url).disconnect()


@pytest.fixture
def settled(alice: Customer, redis: Redis) -> Customer:
    """Alice, with courses 1 and 2 in her car, the first of them settled."""
    for course_id in (1, 2):
        put_in_car(redis, alice.account, course_id)
    assert alice.settle([1]).json() == DONE
    return alice


def test_a_redis_that_is_gone_is_503(settled, server, request_of):
    server.stop()

    assert_gone(request_of(settled))


def test_the_request_after_redis_is_back_works(settled, server, request_of, redis):
    server.stop()
    assert_gone(request_of(settled))
    server.start()

    put_in_car(redis, settled.account, 1)
    assert settled.settle([1]).json() == DONE
    assert settled.settlement()["data"]["course_list"][0]["course_id"] == "1"


def test_a_redis_that_was_started_anew_between_two_requests_is_noticed_by_none(
    settled, server, redis
):
    server.stop()
    server.start()

    assert settled.get("/api/payment/").status_code == 200


def test_a_redis_that_does_not_answer_is_503_within_the_timeout(
    settled, server, request_of, everything_in
):
    before = everything_in()
    server.freeze()
    started = time.monotonic()

    assert_gone(request_of(settled))

    assert time.monotonic() - started < 4
    server.thaw()
    assert everything_in() == before
    assert request_of(settled).json()["code"] == 1000


@pytest.mark.parametrize("write", ["POST", "PATCH"])
def test_a_redis_that_became_a_replica_is_503_and_keeps_what_it_has(
    settled, redis, everything_in, write: str
):
    before = everything_in()
    redis.replicaof("127.0.0.1", "1")

    assert_gone(REQUESTS[write](settled))

    redis.replicaof("NO", "ONE")
    assert everything_in() == before
    assert REQUESTS[write](settled).json()["code"] == 1000


def test_a_redis_that_freezes_before_the_write_leaves_one_settlement_whole(
    settled, server, redis, monkeypatch
):
    """It may still carry out later what it had been sent: all of it, or nothing."""
    commit = GuardedWrite.commit

    def frozen(write: GuardedWrite, connection: Redis) -> None:
        server.freeze()
        commit(write, connection)

    with monkeypatch.context() as patch:
        patch.setattr(GuardedWrite, "commit", frozen)
        assert_gone(settled.settle([2]))

    server.thaw()
    (course,) = settled.settlement()["data"]["course_list"]
    assert course["course_id"] in ("1", "2")
    assert {key.decode() for key in redis.scan_iter("luffy_payment_*")} == {
        f"luffy_payment_{settled.account.pk}_{course['course_id']}",
        f"luffy_payment_coupon_{settled.account.pk}",
    }


def test_a_pool_without_a_free_connection_is_503(settled, redis):
    pool = redis.connection_pool
    taken = [pool.get_connection() for _ in range(2)]
    started = time.monotonic()

    assert_gone(settled.get("/api/payment/"))

    assert time.monotonic() - started < 4
    for one in taken:
        pool.release(one)
    assert settled.get("/api/payment/").json()["code"] == 1000


def test_requests_that_fail_give_their_connections_back(settled, server):
    """Two connections, three failures."""
    server.stop()
    for _ in range(3):
        assert_gone(settled.get("/api/payment/"))
    server.start()

    assert settled.get("/api/payment/").status_code == 200


def test_the_health_check_sees_redis_go_and_come_back(settled, server, client):
    assert client.get("/readyz").json() == {"database": "ok", "redis": "ok"}

    server.stop()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "redis": "unreachable"}

    server.start()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"database": "ok", "redis": "ok"}


# --- The database ---------------------------------------------------------------------------------


@pytest.fixture(params=[OperationalError, InterfaceError])
def database_gone(request, monkeypatch) -> Any:
    """A context in which no query is answered."""

    def fail(*args: Any) -> Any:
        raise request.param("server closed the connection unexpectedly")

    @contextlib.contextmanager
    def gone() -> Iterator[None]:
        with connection.execute_wrapper(fail):
            yield

    return gone


def test_a_database_that_is_gone_is_503_and_the_next_request_works(
    settled, database_gone, request_of, everything_in
):
    before = everything_in()

    with database_gone():
        assert_gone(request_of(settled))

    assert everything_in() == before
    assert request_of(settled).json()["code"] == 1000


def test_a_database_that_goes_after_the_token_was_read_leaves_the_earlier_settlement(
    settled, monkeypatch, everything_in
):
    def fail(execute: Any, sql: str, *args: Any) -> Any:
        if "couponrecord" in sql:
            raise OperationalError("canceling statement due to statement timeout")
        return execute(sql, *args)

    before = everything_in()

    with connection.execute_wrapper(fail):
        assert_gone(settled.settle([2]))

    assert everything_in() == before


def test_the_health_check_sees_the_database_go_and_come_back(settled, database_gone, client):
    with database_gone():
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "unreachable", "redis": "ok"}

    assert client.get("/readyz").status_code == 200


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_database_connection_that_was_cut_is_503_and_the_next_request_works(settled):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    killer = connections.create_connection("default")
    with killer.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
    killer.close()

    assert_gone(settled.get("/api/payment/"))
    close_old_connections()  # as the server does after each request; the test client leaves it out

    assert settled.get("/api/payment/").json()["code"] == 1000


@pytest.fixture
def relay(monkeypatch) -> Iterator[Relay]:
    """Between the service and PostgreSQL, which the service waits for only a second."""
    config = connection.settings_dict
    address = config["HOST"] or "127.0.0.1", int(config["PORT"] or 5432)
    with Relay(address) as relay:
        monkeypatch.setitem(config, "HOST", "127.0.0.1")
        monkeypatch.setitem(config, "PORT", relay.port)
        monkeypatch.setitem(config["OPTIONS"], "patience", 1)
        connection.close()
        yield relay
        connection.close()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_database_that_falls_silent_is_503_and_the_next_request_works(settled, relay, redis):
    assert settled.get("/api/payment/").json()["code"] == 1000

    relay.fall_silent()
    started = time.monotonic()
    assert_gone(settled.settle([2]))
    assert time.monotonic() - started < 4
    close_old_connections()
    relay.speak()

    assert settled.settlement()["data"]["course_list"][0]["course_id"] == "1"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_health_check_does_not_wait_for_a_database_that_falls_silent(relay, client):
    assert client.get("/readyz").status_code == 200

    relay.fall_silent()
    started = time.monotonic()

    assert client.get("/readyz").json()["database"] == "unreachable"
    assert time.monotonic() - started < 4
