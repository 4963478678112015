"""Settlements in Redis as the service's own steps find and leave them (contract §4)."""

from typing import Any

import pytest
from redis import Redis

from api.stores.settlement import SettlementIndex, SettlementStore
from tests.conftest import Customer
from tests.support.factories import put_in_car
from tests.support.round_trips import round_trips


@pytest.fixture
def index(alice: Customer, redis: Redis) -> SettlementIndex:
    """Of alice's settlement of courses 1 and 2."""
    for course_id in (1, 2):
        put_in_car(redis, alice.account, course_id)
    alice.settle([1, 2])
    found = SettlementStore().index(alice.account.pk)
    assert found
    return found


def test_a_settlement_is_taken_out_whole(alice: Customer, index: SettlementIndex, redis: Redis):
    SettlementStore().remove(alice.account.pk, index.settlement)

    assert redis.keys("luffy_payment*") == []


@pytest.mark.parametrize("other", ["!", "~~~~", "another"])
def test_another_settlement_is_not_taken_out(
    alice: Customer, index: SettlementIndex, everything_in: Any, other: str
):
    before = everything_in()

    SettlementStore().remove(alice.account.pk, other)

    assert everything_in() == before


def test_where_nothing_is_settled_nothing_is_taken_out(alice: Customer, everything_in: Any):
    SettlementStore().remove(alice.account.pk, "another")

    assert everything_in() == {}


def test_a_choice_that_was_made_meanwhile_keeps_nothing_from_being_taken_out(
    alice: Customer, index: SettlementIndex, redis: Redis
):
    alice.choose(0)

    SettlementStore().remove_settled(alice.account.pk, index)

    assert redis.keys("luffy_payment*") == []


@pytest.mark.parametrize("hidden", [1, 2])
def test_a_hash_that_a_node_does_not_have_yet_is_asked_for_by_its_name(
    alice: Customer, index: SettlementIndex, monkeypatch: pytest.MonkeyPatch, hidden: int
):
    """A node that takes over a slot shows no key that has not come yet, unless it is named."""
    read = SettlementStore._read

    def taking_over(store: SettlementStore, keys: Any, *around: str) -> Any:
        hashes = read(store, keys, *around)
        if len(keys) == 1:
            hashes[hidden] = {}
        return hashes

    monkeypatch.setattr(SettlementStore, "_read", taking_over)

    courses = alice.settlement()["data"]["course_list"]
    assert [course["course_id"] for course in courses] == ["1", "2"]


def test_that_nothing_is_settled_takes_one_round_trip_to_say(alice: Customer):
    with round_trips() as trips:
        assert alice.settlement()["code"] == 1001

    assert trips == [["EVAL"]]


def test_a_key_that_is_no_hash_has_no_index(alice: Customer, redis: Redis):
    redis.set(SettlementStore.coupon_key(alice.account.pk), "no hash")

    assert SettlementStore().index(alice.account.pk) is None


def test_a_course_without_its_settlement_offers_nothing(
    alice: Customer, index: SettlementIndex, redis: Redis
):
    redis.delete(SettlementStore.coupon_key(alice.account.pk))

    assert SettlementStore().offers(alice.account.pk, "1") is None
