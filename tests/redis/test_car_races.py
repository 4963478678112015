"""Requests that meet in one shopping car: each sees the other's change, or undoes it on purpose."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from redis import Redis

from api.models import PricePolicy
from api.services import cars
from api.stores.car import CarStore
from tests.conftest import Customer
from tests.support.cars import (
    ADDED,
    CHANGED,
    FULL,
    NOT_IN_CAR,
    NOT_ITS_POLICY_IN_CAR,
    REMOVED,
    add,
    car,
    change,
    in_car,
    remove,
    sell,
)
from tests.support.factories import put_in_car
from utils.optimistic import ATTEMPTS, GuardedWrite


@contextmanager
def before_the_write(rival: Callable[[], Any], *, times: int = 1) -> Iterator[None]:
    """Lets a rival act when all has been read and decided, and nothing written."""
    commit, left = GuardedWrite.commit, times

    def late(write: GuardedWrite, connection: Redis) -> None:
        nonlocal left
        if left:
            left -= 1
            with patch.object(GuardedWrite, "commit", commit):
                rival()
        commit(write, connection)

    with patch.object(GuardedWrite, "commit", late):
        yield
    assert left == 0


@pytest.fixture
def filled(alice: Customer) -> Customer:
    """Alice, with the courses 1 and 2 in her car; 3 and 4 are for sale."""
    for pk in (1, 2, 3, 4):
        sell(pk)
    for pk in (1, 2):
        add(alice, pk)
    return alice


def test_two_courses_put_in_at_once_are_both_there(filled):
    with before_the_write(lambda: add(filled, 4)):
        assert add(filled, 3) == ADDED

    assert [course_id for course_id, _ in in_car(filled)] == ["1", "2", "4", "3"]


def test_of_two_courses_put_in_at_once_the_car_takes_as_many_as_it_holds(filled, settings):
    settings.SHOPPING_CAR_MOST = 3

    with before_the_write(lambda: add(filled, 4)):
        assert add(filled, 3) == FULL

    assert [course_id for course_id, _ in in_car(filled)] == ["1", "2", "4"]


def test_a_course_put_in_does_not_bring_back_one_that_is_taken_out(filled):
    with before_the_write(lambda: remove(filled, 1)):
        assert add(filled, 3) == ADDED

    assert CarStore().index(filled.account.pk).course_ids == (2, 3)


def test_a_course_taken_out_does_not_take_out_one_that_is_put_in(filled):
    with before_the_write(lambda: add(filled, 3)):
        assert remove(filled, 1) == REMOVED

    assert [course_id for course_id, _ in in_car(filled)] == ["2", "3"]


def test_a_change_of_a_course_that_is_taken_out_leaves_nothing_behind(filled, redis):
    with before_the_write(lambda: remove(filled, 1)):
        assert change(filled, 1, 12) == NOT_IN_CAR

    assert not redis.exists(CarStore.key(filled.account.pk, 1))
    assert in_car(filled) == [("2", "21")]


@pytest.mark.parametrize("by", ["this service", "another program"])
def test_a_change_of_a_hash_without_the_index_that_goes_leaves_nothing_behind(filled, redis, by):
    put_in_car(redis, filled.account, 3)
    key = CarStore.key(filled.account.pk, 3)
    go = {"this service": lambda: remove(filled, 3), "another program": lambda: redis.delete(key)}

    with before_the_write(go[by]):
        assert change(filled, 3, 7) == NOT_IN_CAR

    assert not redis.exists(key)


def test_a_change_to_a_policy_that_goes_meanwhile_is_refused(filled):
    """The course is taken out and put in again: the index is as it was, the policies are not."""

    def put_in_without_the_policy() -> None:
        remove(filled, 2)
        PricePolicy.objects.filter(pk=22).delete()
        add(filled, 2)

    with before_the_write(put_in_without_the_policy):
        assert change(filled, 2, 22) == NOT_ITS_POLICY_IN_CAR

    assert in_car(filled) == [("1", "11"), ("2", "21")]


def test_of_two_changes_at_once_the_later_stays(filled):
    with before_the_write(lambda: change(filled, 1, 11)):
        assert change(filled, 1, 12) == CHANGED

    assert in_car(filled)[0] == ("1", "12")


def test_indexing_does_not_drop_a_course_that_is_put_in(filled, redis):
    put_in_car(redis, filled.account, 9)

    with before_the_write(lambda: add(filled, 3)):
        assert cars.index_all() == (1, 1)

    assert [course_id for course_id, _ in in_car(filled)] == ["1", "2", "3", "9"]


def test_indexing_does_not_show_a_course_that_is_taken_out(filled, redis):
    put_in_car(redis, filled.account, 9)

    with before_the_write(lambda: remove(filled, 9)):
        cars.index_all()

    assert [course_id for course_id, _ in in_car(filled)] == ["1", "2"]


def test_the_car_of_another_account_is_no_rival(filled, bob):
    with before_the_write(lambda: add(bob, 4)):
        assert add(filled, 3) == ADDED

    assert [course_id for course_id, _ in in_car(filled)] == ["1", "2", "3"]
    assert [course_id for course_id, _ in in_car(bob)] == ["4"]


def test_a_request_that_loses_every_time_says_so_and_changes_nothing(filled, redis):
    """Ten others in the time of one: a front end that runs wild."""
    toggle = iter([add, remove] * ATTEMPTS)

    with before_the_write(lambda: next(toggle)(filled, 4), times=ATTEMPTS):
        answer = filled.post("/api/shoppingcar/", {"courseid": 3, "policyid": 31})

    assert answer.status_code == 503
    assert answer.json()["code"] == 1503
    assert not redis.exists(CarStore.key(filled.account.pk, 3))
    assert [entry["course_id"] for entry in car(filled)] == ["1", "2"]
