"""/api/shoppingcar/: an account's shopping car (contract §4)."""

import json
from typing import Any

import pytest
from django.conf import settings as service
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis import Redis

from api.models import PricePolicy
from api.stores.car import CarStore
from tests.conftest import Customer
from tests.support.cars import (
    ADDED,
    CHANGED,
    FULL,
    NO_COURSE,
    NOT_IN_CAR,
    NOT_ITS_POLICY,
    NOT_ITS_POLICY_IN_CAR,
    REMOVED,
    UNREADABLE,
    URL,
    add,
    car,
    change,
    in_car,
    remove,
    sell,
)
from tests.support.factories import AccountFactory, put_in_car
from tests.support.round_trips import round_trips

HOSTILE_IDS = [
    "*",
    "1_1",
    "1\n",
    "\n1",
    " 1",
    "+1",
    "-1",
    -1,
    0,
    "0",
    10**30,
    "1" + "0" * 30,
    2**63,
    "１",
    "١",
    "²",
    1.0,
    "1.0",
    True,
    [1],
    {"1": 1},
    "1\0",
    "9" * 5000,
]


# --- Putting courses in ---------------------------------------------------------------------------


def test_a_course_put_in_is_shown_with_its_policies(alice):
    sell(1, course_img="a.jpg")

    assert add(alice, 1, 12) == ADDED
    assert car(alice) == [
        {
            "course_id": "1",
            "title": "课程1",
            "img": "a.jpg",
            "policy": {
                "11": {"period": 30, "period_display": "1个月", "price": 99.0},
                "12": {"period": 60, "period_display": "2个月", "price": 150.5},
            },
            "default_policy": "12",
            "changed": None,
        }
    ]


def test_the_hash_is_the_one_that_other_programs_know(alice, redis: Redis):
    sell(1)
    add(alice, 1)

    found = redis.hgetall(f"luffy_shopping_car_{alice.account.pk}_1")

    assert found.keys() == {b"title", b"img", b"policy", b"default_policy"}
    assert json.loads(found[b"policy"])["11"]["price"] == 99.0
    assert found[b"default_policy"] == b"11"
    assert redis.ttl(f"luffy_shopping_car_{alice.account.pk}_1") == -1


def test_the_index_of_a_car_never_expires_whoever_gave_it_an_end(alice, redis):
    sell(1)
    sell(2)
    key = f"luffy_car_index_{alice.account.pk}"

    add(alice, 1)
    assert redis.ttl(key) == -1
    redis.expire(key, 60)
    add(alice, 2)

    assert redis.ttl(key) == -1
    assert json.loads(redis.hget(key, "courses")) == [1, 2]


def test_ids_may_be_strings_of_digits(alice):
    sell(1)

    assert add(alice, "1", "11") == ADDED
    assert in_car(alice) == [("1", "11")]


def test_courses_stay_in_the_order_they_were_put_in(alice):
    for pk in (3, 1, 2):
        sell(pk)
        add(alice, pk)

    assert in_car(alice) == [("3", "31"), ("1", "11"), ("2", "21")]


def test_a_course_put_in_again_keeps_its_place_and_gets_today_s_prices(alice):
    for pk in (3, 1):
        sell(pk)
        add(alice, pk)
    PricePolicy.objects.filter(pk=31).update(price=1.0)

    assert add(alice, 3, 32) == ADDED
    assert in_car(alice) == [("3", "32"), ("1", "11")]
    assert car(alice)[0]["policy"]["31"]["price"] == 1.0


@pytest.mark.parametrize("status", [1, 2])
def test_a_course_that_is_not_online_does_not_exist(alice, everything_in, status):
    sell(1, status=status)

    assert add(alice, 1) == NO_COURSE
    assert everything_in() == {}


def test_a_course_that_is_not_there_does_not_exist(alice, everything_in):
    assert add(alice, 2**63 - 1, 1) == NO_COURSE
    assert everything_in() == {}


@pytest.mark.parametrize("policy_id", [21, 99, 2**63 - 1])
def test_a_policy_of_another_course_or_of_none_is_refused(alice, everything_in, policy_id):
    sell(1)
    sell(2)
    add(alice, 1)
    before = everything_in()

    assert add(alice, 1, policy_id) == NOT_ITS_POLICY
    assert everything_in() == before


def test_a_car_holds_so_many_courses(alice, settings, everything_in):
    settings.SHOPPING_CAR_MOST = 2
    for pk in (1, 2, 3):
        sell(pk)
    add(alice, 1)
    add(alice, 2)
    before = everything_in()

    assert add(alice, 3) == FULL
    assert everything_in() == before


def test_a_car_that_holds_more_than_it_may_now_takes_no_other(alice, settings, everything_in):
    for pk in (1, 2, 3):
        sell(pk)
    add(alice, 1)
    add(alice, 2)
    settings.SHOPPING_CAR_MOST = 1
    before = everything_in()

    assert add(alice, 3) == FULL
    assert everything_in() == before


def test_a_hundred_courses_unless_the_settings_say_otherwise(alice):
    assert service.SHOPPING_CAR_MOST == 100


def test_a_course_in_a_full_car_can_be_put_in_again(alice, settings):
    settings.SHOPPING_CAR_MOST = 1
    sell(1)
    add(alice, 1)

    assert add(alice, 1, 12) == ADDED
    assert in_car(alice) == [("1", "12")]


def test_courses_that_another_program_took_out_do_not_fill_a_car(alice, settings, redis):
    settings.SHOPPING_CAR_MOST = 2
    for pk in (1, 2, 3):
        sell(pk)
    add(alice, 1)
    add(alice, 2)
    redis.delete(CarStore.key(alice.account.pk, 1))

    assert add(alice, 3) == ADDED
    assert in_car(alice) == [("2", "21"), ("3", "31")]


def test_the_full_car_of_another_account_is_not_mine(alice, bob, settings):
    settings.SHOPPING_CAR_MOST = 1
    sell(1)
    add(bob, 1)

    assert add(alice, 1) == ADDED


# --- Changing the policy --------------------------------------------------------------------------


def test_another_policy_can_be_chosen(alice):
    for pk in (1, 2):
        sell(pk)
        add(alice, pk)

    assert change(alice, 1, 12) == CHANGED
    assert in_car(alice) == [("1", "12"), ("2", "21")]


def test_a_course_that_is_not_in_the_car_cannot_be_changed(alice, everything_in):
    sell(1)

    assert change(alice, 1, 12) == NOT_IN_CAR
    assert everything_in() == {}


def test_a_course_in_the_car_of_another_account_cannot_be_changed(alice, bob, everything_in):
    sell(1)
    add(bob, 1)
    before = everything_in()

    assert change(alice, 1, 12) == NOT_IN_CAR
    assert everything_in() == before


def test_a_policy_that_the_car_does_not_hold_is_refused(alice, everything_in):
    for pk in (1, 2):
        sell(pk)
        add(alice, pk)
    before = everything_in()

    assert change(alice, 1, 21) == NOT_ITS_POLICY_IN_CAR
    assert everything_in() == before


def test_the_policies_are_those_of_the_car_and_not_of_the_database(alice):
    """What is in the car was offered at these prices."""
    sell(1)
    add(alice, 1)
    PricePolicy.objects.all().delete()

    assert change(alice, 1, 12) == CHANGED


# --- Taking courses out ---------------------------------------------------------------------------


def test_courses_are_taken_out_and_the_others_stay(alice, redis):
    for pk in (1, 2, 3):
        sell(pk)
        add(alice, pk)

    assert remove(alice, 1, "3") == REMOVED
    assert in_car(alice) == [("2", "21")]
    assert not redis.exists(CarStore.key(alice.account.pk, 1))


def test_ids_that_are_not_there_are_no_error(alice):
    sell(1)
    add(alice, 1)

    assert remove(alice, 7, 2**63 - 1) == REMOVED
    assert remove(alice) == REMOVED
    assert in_car(alice) == [("1", "11")]


def test_the_car_of_another_account_stays_as_it_is(alice, bob):
    sell(1)
    add(alice, 1)
    add(bob, 1, 12)

    assert remove(alice, 1) == REMOVED
    assert car(alice) == []
    assert in_car(bob) == [("1", "12")]


def test_a_course_taken_out_and_put_in_again_is_the_last(alice):
    for pk in (1, 2):
        sell(pk)
        add(alice, pk)

    remove(alice, 1)
    add(alice, 1)

    assert in_car(alice) == [("2", "21"), ("1", "11")]


# --- Malformed requests ---------------------------------------------------------------------------


@pytest.fixture
def filled(alice: Customer) -> Customer:
    """Alice, with the courses 1 and 2 in her car: course 1 is what a hostile id may hit."""
    for pk in (1, 2):
        sell(pk)
        add(alice, pk)
    return alice


def assert_malformed(answer: Any, error: str) -> None:
    assert answer.status_code == 400
    assert answer.json() == {"code": 1400, "data": None, "error": error}


@pytest.mark.parametrize("hostile", HOSTILE_IDS, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_hostile_id_is_refused_and_changes_nothing(filled, everything_in, method, hostile):
    before = everything_in()

    course = getattr(filled, method)(URL, {"courseid": hostile, "policyid": 11})
    policy = getattr(filled, method)(URL, {"courseid": 1, "policyid": hostile})

    assert_malformed(course, "courseid: 必须是正整数")
    assert_malformed(policy, "policyid: 必须是正整数")
    assert everything_in() == before


@pytest.mark.parametrize("hostile", HOSTILE_IDS, ids=lambda value: repr(value)[:20])
def test_a_hostile_id_takes_nothing_out(filled, everything_in, hostile):
    before = everything_in()

    answer = filled.delete(URL, {"courseids": [2, hostile]})

    assert_malformed(answer, "courseids.1: 必须是正整数")
    assert everything_in() == before


@pytest.mark.parametrize(
    ("method", "body", "error"),
    [
        ("post", {}, "courseid: 该字段是必填项。"),
        ("post", {"courseid": 1}, "policyid: 该字段是必填项。"),
        ("post", {"courseid": None, "policyid": 11}, "courseid: 该字段不能为 null。"),
        ("patch", {"courseid": 1}, "policyid: 该字段是必填项。"),
        ("patch", {"policyid": 11}, "courseid: 该字段是必填项。"),
        ("delete", {}, "courseids: 该字段是必填项。"),
        ("delete", {"courseids": None}, "courseids: 该字段不能为 null。"),
        ("delete", {"courseids": "1"}, "courseids: 必须是列表"),
        ("delete", {"courseids": 1}, "courseids: 必须是列表"),
        ("delete", {"courseids": {"1": 1}}, "courseids: 必须是列表"),
        ("delete", {"courseids": [1, None]}, "courseids.1: 该字段不能为 null。"),
        ("delete", {"courseids": list(range(1, 102))}, "courseids: 该字段不能超过 100 个元素。"),
    ],
)
def test_a_malformed_request_names_the_field(filled, everything_in, method, body, error):
    before = everything_in()

    assert_malformed(getattr(filled, method)(URL, body), error)
    assert everything_in() == before


@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
def test_no_car_without_a_token(anonymous, everything_in, method):
    answer = getattr(anonymous, method)(URL)

    assert answer.status_code == 401
    assert everything_in() == {}


# --- What other programs have put there -----------------------------------------------------------


def test_a_hash_without_the_index_is_found_when_it_is_settled(alice, redis):
    put_in_car(redis, alice.account, 5)

    assert car(alice) == []
    assert alice.settle([5]).json()["code"] == 1000


def test_a_hash_without_the_index_is_shown_once_it_is_indexed(alice, bob, redis, capsys):
    sell(9)
    add(alice, 9)
    for pk in (6, 5, 10):
        put_in_car(redis, alice.account, pk)
    put_in_car(redis, bob.account, 5)

    call_command("index_cars")

    assert [course_id for course_id, _ in in_car(alice)] == ["9", "5", "6", "10"]
    assert [course_id for course_id, _ in in_car(bob)] == ["5"]
    assert "4 courses in the cars of 2 accounts" in capsys.readouterr().out
    call_command("index_cars")
    assert "0 courses in the cars of 0 accounts" in capsys.readouterr().out


def test_a_hash_without_the_index_can_be_changed_put_in_again_and_taken_out(alice, redis):
    for pk in (1, 2):
        sell(pk)
        put_in_car(redis, alice.account, pk)

    assert change(alice, 2, 7) == CHANGED
    assert add(alice, 1) == ADDED
    assert in_car(alice) == [("1", "11")]
    assert remove(alice, 2) == REMOVED
    assert not redis.exists(CarStore.key(alice.account.pk, 2))


def test_an_index_key_that_is_no_hash_is_made_anew(alice, redis):
    sell(1)
    redis.set(CarStore.index_key(alice.account.pk), "of somebody else")

    assert car(alice) == []
    assert add(alice, 1) == ADDED
    assert in_car(alice) == [("1", "11")]


@pytest.mark.parametrize(
    "index",
    [b"", b"x", b"5", b'["a"]', b"\xff", b"[1e400]", b"[-1]", b"[1.5]", b'{"1": 1}', b'["1", 1]'],
)
def test_an_index_that_another_program_broke_is_made_anew(alice, redis, index: bytes):
    sell(1)
    redis.hset(CarStore.index_key(alice.account.pk), CarStore.COURSES, index)

    assert car(alice) == []
    assert add(alice, 1) == ADDED
    assert in_car(alice) == [("1", "11")]


def test_a_course_that_another_program_took_out_is_not_shown(filled, redis):
    redis.delete(CarStore.key(filled.account.pk, 1))

    assert in_car(filled) == [("2", "21")]


BROKEN = {
    "no policy": {"policy": None},
    "no title": {"title": None},
    "no choice": {"default_policy": None},
    "a choice of something else": {"default_policy": "999"},
    "policies that are no JSON": {"policy": "{"},
    "policies that are no object": {"policy": "[1]"},
    "a policy without a price": {"policy": '{"11": {"period": 1, "period_display": "1天"}}'},
    "a price of NaN": {"policy": '{"11": {"period": 1, "period_display": "1天", "price": NaN}}'},
    "another price of NaN": {
        "policy": '{"11": {"period": 1, "period_display": "1天", "price": 1}, "12": {"price": NaN}}'
    },
    "half a character": {
        "policy": '{"11": {"period": 1, "period_display": "\\ud800", "price": 1}}'
    },
    "a text that is not UTF-8": {"title": b"\xff"},
}


def break_entry(redis: Redis, key: str, fields: dict[str, Any]) -> None:
    for field, value in fields.items():
        if value is None:
            redis.hdel(key, field)
        else:
            redis.hset(key, field, value)


@pytest.mark.parametrize("fields", BROKEN.values(), ids=BROKEN)
def test_an_entry_that_another_program_broke_is_shown_so_that_it_can_be_mended(
    filled, redis, fields
):
    break_entry(redis, CarStore.key(filled.account.pk, 1), fields)

    broken, whole = car(filled)

    assert broken == {
        "course_id": "1",
        "title": "",
        "img": "",
        "policy": {},
        "default_policy": "",
        "changed": {"code": "policy_gone", "reason": "价格策略已不存在", "price": None},
    }
    assert whole["course_id"] == "2"
    assert add(filled, 1) == ADDED
    assert in_car(filled) == [("1", "11"), ("2", "21")]


@pytest.mark.parametrize("fields", BROKEN.values(), ids=BROKEN)
def test_an_entry_that_another_program_broke_can_be_taken_out(filled, redis, fields):
    break_entry(redis, CarStore.key(filled.account.pk, 1), fields)

    assert remove(filled, 1) == REMOVED
    assert in_car(filled) == [("2", "21")]


def test_an_entry_without_policies_cannot_be_changed(filled, redis, everything_in):
    redis.hdel(CarStore.key(filled.account.pk, 1), "policy")
    before = everything_in()

    assert change(filled, 1, 12) == UNREADABLE
    assert everything_in() == before


@pytest.mark.parametrize("mend", [lambda c: add(c, 1), lambda c: remove(c, 1)])
def test_a_key_of_another_type_is_shown_and_can_be_mended_or_taken_out(filled, redis, mend):
    key = CarStore.key(filled.account.pk, 1)
    redis.delete(key)
    redis.rpush(key, "not", "a", "hash")

    assert [entry["title"] for entry in car(filled)] == ["", "课程2"]
    assert change(filled, 1, 12) == UNREADABLE
    assert mend(filled)["code"] == 1000
    assert all(entry["title"] for entry in car(filled))


# --- What it costs --------------------------------------------------------------------------------


def test_round_trips_and_queries_are_the_same_for_a_small_and_a_large_car(alice, redis):
    """get: what has changed; add: the course and its policies from the database; the index, and
    the write."""
    for pk in range(1, 31):
        sell(pk)
    for courses in (1, 29):
        for pk in range(1, courses + 1):
            add(alice, pk)
        budgets = {
            "get": (lambda: car(alice), 2, 1),
            "add": (lambda: add(alice, 30), 2, 2),
            "change": (lambda: change(alice, 30, 302), 2, 0),
            "remove": (lambda: remove(alice, 30), 2, 0),
        }
        for name, (request, trips_allowed, queries_allowed) in budgets.items():
            with round_trips() as trips, CaptureQueriesContext(connection) as queries:
                request()
            assert len(trips) == trips_allowed, (name, courses, trips)
            token_query = 1
            assert len(queries) - token_query == queries_allowed, (name, courses)


def test_no_request_looks_through_redis(filled, redis):
    with round_trips() as trips:
        car(filled)
        add(filled, 1)
        change(filled, 1, 12)
        remove(filled, 1)

    commands = {command for trip in trips for command in trip}
    assert commands == {"HMGET", "HGETALL", "EVAL"}


def test_a_full_car_asks_once_more_whether_all_its_courses_are_still_there(alice, settings, redis):
    settings.SHOPPING_CAR_MOST = 1
    for pk in (1, 2):
        sell(pk)
    add(alice, 1)

    with round_trips() as refused:
        assert add(alice, 2) == FULL
    redis.delete(CarStore.key(alice.account.pk, 1))
    with round_trips() as added:
        assert add(alice, 2) == ADDED

    assert (len(refused), len(added)) == (2, 3)


@pytest.mark.slow
def test_ten_thousand_hashes_of_other_programs_are_indexed(db, redis):
    accounts = AccountFactory.create_batch(100)
    pipe = redis.pipeline(transaction=False)
    for account in accounts:
        for course_id in range(1, 101):
            pipe.hset(CarStore.key(account.pk, course_id), "title", "课程")
    for n in range(100):
        pipe.set(f"luffy_shopping_car_{n}_", "none of ours")
        pipe.set(f"luffy_shopping_car_{n}_1_1", "none of ours")
    pipe.execute()

    call_command("index_cars")

    for account in accounts:
        assert CarStore().index(account.pk).course_ids == tuple(range(1, 101))
    assert len(redis.keys("luffy_car_index_*")) == 100
