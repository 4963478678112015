"""The harness notices what it is there to notice."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis

from tests.chaos.front import Broken
from tests.chaos.invariants import settlement_is_whole
from tests.chaos.model import CANCELLED, PAID, TIMED_OUT, UNPAID, Promised, Settled
from tests.conftest import Customer
from tests.support.factories import put_in_car

ONE = Settled((("1", "7"),), ("0", "0"))
TWO = Settled((("2", "7"), ("1", "7")), ("0", "0", "0"))


def shown(settled: Settled) -> dict[str, Any]:
    assert settled.choices
    lines = [
        {"course_id": course, "policy_id": policy, "default_coupon": record}
        for (course, policy), record in zip(settled.courses, settled.choices, strict=False)
    ]
    site_wide = {"default_coupon": settled.choices[-1]}
    return {"course_list": lines, "global_coupon_dict": site_wide}


def order(status: int, *courses: str, minutes: int = 1) -> dict[str, Any]:
    return {
        "order_number": "1",
        "actual_amount": "9.00",
        "expires_at": (timezone.now() + timedelta(minutes=minutes)).isoformat(),
        "status": status,
        "details": [{"course_id": course} for course in courses],
    }


@pytest.fixture
def settled(alice: Customer, redis: Redis) -> tuple[Redis, int]:
    """Alice's settlement of two courses, in the place of one of three."""
    for course in (1, 2, 3):
        put_in_car(redis, alice.account, course)
    alice.settle([1, 2, 3])
    alice.settle([2, 1])
    settlement_is_whole(redis, alice.account.pk)
    return redis, alice.account.pk


def test_a_stray_hash_is_found(settled: tuple[Redis, int]) -> None:
    redis, pk = settled
    redis.hset(f"luffy_payment_{pk}_3", "default_coupon", "0")
    with pytest.raises(Broken, match="_3"):
        settlement_is_whole(redis, pk)


def test_so_is_one_without_a_settlement(settled: tuple[Redis, int]) -> None:
    redis, pk = settled
    redis.delete(f"luffy_payment_coupon_{pk}")
    with pytest.raises(Broken, match="settled set"):
        settlement_is_whole(redis, pk)


def test_a_hash_that_is_missing_is_found(settled: tuple[Redis, int]) -> None:
    redis, pk = settled
    redis.delete(f"luffy_payment_{pk}_2")
    with pytest.raises(Broken, match="_2"):
        settlement_is_whole(redis, pk)


@pytest.mark.parametrize("field", ["price", "coupon", "default_coupon"])
def test_a_half_written_hash_is_found(settled: tuple[Redis, int], field: str) -> None:
    redis, pk = settled
    redis.hdel(f"luffy_payment_{pk}_2", field)
    with pytest.raises(Broken, match="half-written"):
        settlement_is_whole(redis, pk)


@pytest.mark.parametrize("key", ["luffy_payment_{}_2", "luffy_payment_coupon_{}"])
def test_a_hash_that_lives_for_ever_is_found(settled: tuple[Redis, int], key: str) -> None:
    redis, pk = settled
    redis.persist(key.format(pk))
    with pytest.raises(Broken, match="lives for ever"):
        settlement_is_whole(redis, pk)


def test_a_settlement_that_is_lost_or_another_is_noticed() -> None:
    promised = Promised(settled={ONE})
    promised.settlement_seen(shown(ONE))
    for other in (None, shown(TWO), shown(ONE.chosen(0, "6"))):
        with pytest.raises(Broken, match="settled is"):
            promised.settlement_seen(other)


def test_while_nobody_knows_either_may_be_and_then_it_stays() -> None:
    promised = Promised(settled={ONE, TWO}, unsure=True)
    promised.settlement_seen(shown(TWO))
    promised.settlement_seen(shown(ONE))
    promised.unsure = False
    promised.settlement_seen(shown(TWO))
    with pytest.raises(Broken, match="settled is"):
        promised.settlement_seen(shown(ONE))


def test_a_course_that_is_gone_from_the_car_or_came_into_it_is_noticed() -> None:
    promised = Promised(car={"1": {"7"}, "2": {None}})
    promised.car_seen([{"course_id": "1", "default_policy": "7"}])
    for other in ([], [{"course_id": "1", "default_policy": "8"}]):
        with pytest.raises(Broken, match="course 1"):
            promised.car_seen(other)
    with pytest.raises(Broken, match="course 2"):
        promised.car_seen([{"course_id": c, "default_policy": "7"} for c in ("1", "2")])


def test_an_order_takes_the_settlement_and_its_courses() -> None:
    promised = Promised(car={"1": {"7"}, "2": {"8"}}, settled={ONE})
    promised.ordered(ONE, order(UNPAID, "1"))
    assert promised.settled == {None}
    assert promised.car == {"1": {None}, "2": {"8"}}


def test_two_settlements_that_become_one_order_are_noticed() -> None:
    promised = Promised(settled={ONE})
    promised.ordered(ONE, order(UNPAID, "1"))
    with pytest.raises(Broken, match="another settlement"):
        promised.ordered(TWO, order(UNPAID, "2", "1"))


def test_an_order_of_other_courses_is_noticed() -> None:
    with pytest.raises(Broken, match="became"):
        Promised(settled={ONE}).ordered(ONE, order(UNPAID, "2"))


def test_an_order_only_changes_as_it_may() -> None:
    promised = Promised(settled={ONE})
    promised.ordered(ONE, order(UNPAID, "1"))
    bought = promised.orders["1"]
    for status in (PAID, CANCELLED, TIMED_OUT):  # nobody has paid or cancelled it; it has time left
        with pytest.raises(Broken, match="can only be"):
            bought.seen(order(status, "1"))
    bought.expires_at -= timedelta(minutes=2)
    bought.seen(order(TIMED_OUT, "1", minutes=-1))
    with pytest.raises(Broken, match="can only be"):
        bought.seen(order(UNPAID, "1"))
