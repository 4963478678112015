"""A Redis that is there and says no: it is full, or its rights are not enough. 503, and whatever
was there is there as before."""

from collections.abc import Iterator
from typing import Any

import pytest
from django_redis import get_redis_connection
from django_redis.pool import ConnectionFactory
from redis import Redis, ResponseError

from luffy.settings import redis_cache
from tests.conftest import Customer
from tests.support.factories import put_in_car
from tests.support.redis_server import RedisServer
from utils.optimistic import GuardedWrite

WRITES: dict[str, Any] = {
    "settle": lambda customer: customer.settle([2]),
    "settle nothing": lambda customer: customer.settle([]),
    "choose": lambda customer: customer.choose(0, courseid=1),
    "take out of the car": lambda customer: customer.delete(
        "/api/shoppingcar/", {"courseids": [1]}
    ),
}


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


@pytest.fixture
def settled(alice: Customer, redis: Redis) -> Customer:
    """Alice, with courses 1 and 2 in her car, the first of them settled."""
    for course_id in (1, 2):
        put_in_car(redis, alice.account, course_id)
    assert alice.settle([1]).json()["code"] == 1000
    return alice


def assert_refused(answer: Any) -> None:
    assert answer.status_code == 503
    assert answer.json()["code"] == 1503


@pytest.fixture(params=WRITES.values(), ids=WRITES.keys())
def write(request) -> Any:
    return request.param


def test_a_full_redis_refuses_and_keeps_what_it_has(settled, redis, everything_in, write):
    before = everything_in()
    redis.config_set("maxmemory-policy", "noeviction")
    redis.config_set("maxmemory", "1")

    assert_refused(write(settled))

    assert everything_in() == before
    redis.config_set("maxmemory", "0")
    assert write(settled).json()["code"] == 1000


@pytest.mark.parametrize("command", ["del", "hdel", "hset", "hkeys", "expire", "persist", "type"])
def test_a_right_that_is_missing_is_missed_before_the_first_write(
    settled, redis, everything_in, write, command: str
):
    before = everything_in()
    redis.acl_setuser("default", enabled=True, commands=[f"-{command}"])

    answer = write(settled)

    redis.acl_setuser("default", enabled=True, categories=["+@all"])
    if answer.json()["code"] != 1000:  # not every write needs every command
        assert_refused(answer)
        assert everything_in() == before


@pytest.mark.parametrize("command", ["hgetall", "hget", "hmget", "eval"])
def test_a_right_to_read_that_is_missing_is_not_taken_for_no_settlement(
    settled, redis, command: str
):
    redis.acl_setuser("default", enabled=True, commands=[f"-{command}"])

    answers = [settled.get("/api/payment/"), settled.choose(0), settled.settle([1])]

    assert {answer.json()["code"] for answer in answers} <= {1000, 1503}
    assert 1503 in {answer.json()["code"] for answer in answers}


def test_a_key_of_another_type_stops_a_change_before_its_first_write(redis, everything_in):
    redis.hset("a", "f", "1")
    redis.set("b", "of somebody else")
    before = everything_in()
    write = GuardedWrite("a", {"f": "1"})
    write.hset("a", {"f": "2"})
    write.hset("b", {"f": "2"})

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        write.commit(redis)

    assert everything_in() == before


def test_a_replaced_hash_keeps_no_field_and_no_life_of_the_earlier_one(redis):
    redis.hset("a", mapping={"f": "1", "g": "1"})
    redis.expire("a", 100)
    redis.set("b", "of somebody else")
    write = GuardedWrite("a", {"f": "1"})
    for key in ("a", "b", "c"):
        write.replace(key, {"f": "2"})
        write.expire(key, 0)

    write.commit(redis)

    for key in ("a", "b", "c"):
        assert redis.hgetall(key) == {b"f": b"2"}
        assert redis.ttl(key) == -1
