"""POST /api/payment/: from the shopping car to a settlement (contract §3)."""

import json
from typing import Any

import pytest
from redis import Redis

from api.stores.car import CarStore
from api.stores.settlement import SettlementStore
from tests.support.factories import CouponRecordFactory, CourseFactory, put_in_car

NOT_IN_CAR = {"code": 1001, "data": None, "error": "课程需要先加入购物车才能结算"}
CAR_BROKEN = {"code": 1001, "data": None, "error": "购物车数据有误，请重新加入课程"}

MALFORMED_LISTS = [None, "", "12", 12, 1.5, True, {}, {"0": 1}, list(range(1, 102))]
MALFORMED_IDS = [
    None,
    "",
    [],
    [1],
    {},
    {"a": 1},
    True,
    False,
    1.0,
    1.5,
    0,
    "0",
    -1,
    "-1",
    "+1",
    10**30,
    str(10**30),
    2**63,
    "１",
    "١",
    " 1",
    "1 ",
    "1\n",
    "1_1",
    "1.0",
    "0x1",
    "*",
    "?",
    "[1]",
    "%s",
    "\0",
    "None",
]


def settled(customer: Any) -> list[str]:
    return [course["course_id"] for course in customer.settlement()["data"]["course_list"]]


def test_it_settles_the_chosen_policy_of_each_course(alice, redis: Redis):
    put_in_car(redis, alice.account, 1, price=599.0)

    answer = alice.settle([1])

    assert answer.status_code == 200
    assert answer.json() == {"code": 1000, "data": None, "error": None}
    assert redis.hgetall(f"luffy_payment_{alice.account.pk}_1") == {
        b"course_id": b"1",
        b"title": "课程1".encode(),
        b"img": b"1.jpg",
        b"policy_id": b"7",
        b"coupon": b"{}",
        b"default_coupon": b"0",
        b"period": b"30",
        b"period_display": "1个月".encode(),
        b"price": b"599.0",
    }


def test_it_offers_each_type_of_coupon_with_the_fields_of_its_type(alice, redis: Redis):
    course = CourseFactory(pk=1)
    put_in_car(redis, alice.account, 1)
    offer = {"account": alice.account, "coupon__course": course}
    CouponRecordFactory(pk=21, coupon__money_equivalent_value=40, **offer)
    CouponRecordFactory(
        pk=22,
        coupon__coupon_type=1,
        coupon__money_equivalent_value=60,
        coupon__minimum_consume=100,
        **offer,
    )
    CouponRecordFactory(pk=23, coupon__coupon_type=2, coupon__off_percent=79, **offer)

    alice.settle([1])

    assert json.loads(redis.hget(f"luffy_payment_{alice.account.pk}_1", "coupon")) == {
        "21": {"coupon_type": 0, "coupon_display": "立减券", "money_equivalent_value": 40},
        "22": {
            "coupon_type": 1,
            "coupon_display": "满减券",
            "money_equivalent_value": 60,
            "minimum_consume": 100,
        },
        "23": {"coupon_type": 2, "coupon_display": "折扣券", "off_percent": 79},
    }


def test_it_orders_the_offers_by_record_id(alice, redis: Redis):
    for pk in (110, 9, 20):
        CouponRecordFactory(pk=pk, account=alice.account)

    alice.settle([])

    offers = json.loads(redis.hget(f"luffy_payment_coupon_{alice.account.pk}", "coupon"))
    assert list(offers) == ["9", "20", "110"]


def test_it_does_not_offer_anothers_coupons(alice, bob, redis: Redis):
    CouponRecordFactory(pk=31, account=alice.account)
    CouponRecordFactory(pk=32, account=bob.account)

    alice.settle([])

    assert list(alice.settlement()["data"]["global_coupon_dict"]["coupon"]) == ["31"]


def test_it_refuses_a_course_of_anothers_car(alice, bob, redis: Redis, everything_in):
    put_in_car(redis, bob.account, 1)
    before = everything_in()

    answer = alice.settle([1])

    assert answer.status_code == 200
    assert answer.json() == NOT_IN_CAR
    assert everything_in() == before


def test_it_leaves_the_settlements_of_others_alone(alice, bob, redis: Redis):
    for customer in (alice, bob):
        put_in_car(redis, customer.account, 1)
    bob.settle([1])
    before = redis.hgetall(f"luffy_payment_{bob.account.pk}_1")

    alice.settle([1])

    assert redis.hgetall(f"luffy_payment_{bob.account.pk}_1") == before
    assert settled(bob) == ["1"]


def test_it_leaves_the_shopping_car_as_it_was(alice, redis: Redis):
    put_in_car(redis, alice.account, 1)
    before = redis.hgetall(CarStore.key(alice.account.pk, 1))

    alice.settle([1])

    assert redis.hgetall(CarStore.key(alice.account.pk, 1)) == before


def test_it_keeps_the_order_asked_for(alice, redis: Redis):
    for course_id in (2, 10, 1, 30):
        put_in_car(redis, alice.account, course_id)

    alice.settle([10, 2, 30, 1])

    assert settled(alice) == ["10", "2", "30", "1"]


def test_it_counts_a_course_once_at_its_first_place(alice, redis: Redis):
    put_in_car(redis, alice.account, 1)
    put_in_car(redis, alice.account, 2)

    alice.settle([2, "1", 1, "002", 2])

    assert settled(alice) == ["2", "1"]


def test_it_settles_nothing_for_an_empty_list(alice, redis: Redis):
    put_in_car(redis, alice.account, 1)
    alice.settle([1])

    answer = alice.settle([])

    assert answer.json() == {"code": 1000, "data": None, "error": None}
    assert settled(alice) == []
    assert not redis.exists(f"luffy_payment_{alice.account.pk}_1")


def test_it_settles_a_hundred_courses(alice, redis: Redis):
    for course_id in range(1, 101):
        put_in_car(redis, alice.account, course_id)

    answer = alice.settle(list(range(1, 101)))

    assert answer.json()["code"] == 1000
    assert len(settled(alice)) == 100


def test_it_counts_the_hundred_before_it_drops_duplicates(alice, redis: Redis, everything_in):
    put_in_car(redis, alice.account, 1)
    before = everything_in()

    answer = alice.settle([1] * 101)

    assert answer.json()["code"] == 1400
    assert everything_in() == before


def test_it_replaces_the_earlier_settlement_and_its_choices(alice, redis: Redis):
    for course_id in (1, 2):
        put_in_car(redis, alice.account, course_id)
    CouponRecordFactory(pk=41, account=alice.account)
    alice.settle([1, 2])
    alice.choose(41)

    alice.settle([2])

    assert settled(alice) == ["2"]
    assert not redis.exists(f"luffy_payment_{alice.account.pk}_1")
    assert alice.settlement()["data"]["global_coupon_dict"]["default_coupon"] == "0"


@pytest.mark.parametrize("course_ids", MALFORMED_LISTS, ids=lambda value: repr(value)[:20])
def test_it_refuses_what_is_no_list_of_ids(alice, redis: Redis, everything_in, course_ids: Any):
    for course_id in (1, 12):
        put_in_car(redis, alice.account, course_id)
    alice.settle([1])
    before = everything_in()

    answer = alice.settle(course_ids)

    assert answer.status_code == 400
    assert answer.json()["code"] == 1400
    assert answer.json()["data"] is None
    assert answer.json()["error"].startswith("courseids: ")
    assert "None" not in answer.json()["error"]
    assert everything_in() == before


@pytest.mark.parametrize("course_id", MALFORMED_IDS, ids=lambda value: ascii(value)[:20])
def test_it_refuses_what_is_no_id(alice, redis: Redis, everything_in, course_id: Any):
    put_in_car(redis, alice.account, 1)
    alice.settle([1])
    before = everything_in()

    answer = alice.settle([1, course_id])

    assert answer.status_code == 400
    assert answer.json()["code"] == 1400
    assert answer.json()["error"].startswith("courseids.1: ")
    assert "None" not in answer.json()["error"]
    assert everything_in() == before


def test_it_refuses_a_body_without_courseids(alice, everything_in):
    answer = alice.post("/api/payment/", {"courseid": [1]})

    assert answer.status_code == 400
    assert answer.json()["code"] == 1400
    assert answer.json()["error"].startswith("courseids: ")
    assert everything_in() == {}


@pytest.mark.parametrize("body", ["null", "[]", "[1]", "1", "0", '"1"', "true", "false"])
def test_it_refuses_a_body_that_is_no_object_and_says_so_in_chinese(alice, everything_in, body):
    answer = alice.generic("POST", "/api/payment/", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json() == {"code": 1400, "data": None, "error": "请求体必须是JSON对象"}
    assert everything_in() == {}


def test_it_takes_the_largest_id_there_is(alice):
    assert alice.settle([2**63 - 1]).json() == NOT_IN_CAR


def test_a_course_that_is_not_in_the_car_leaves_the_earlier_settlement(
    alice, redis: Redis, everything_in
):
    put_in_car(redis, alice.account, 1)
    alice.settle([1])
    before = everything_in()

    answer = alice.settle([1, 2])

    assert answer.status_code == 200
    assert answer.json() == NOT_IN_CAR
    assert everything_in() == before


POLICY = {"7": {"period": 30, "period_display": "1个月", "price": 99.0}}


def policy(**changes: Any) -> dict[str, str]:
    """The field `policy` of a car entry, with changes in the one that is chosen."""
    return {"policy": json.dumps({"7": POLICY["7"] | changes})}


BROKEN_ENTRIES: dict[str, dict[str, Any]] = {
    "policy is no JSON": {"policy": "{"},
    "policy is empty": {"policy": ""},
    "policy is null": {"policy": "null"},
    "policy is a list": {"policy": "[1]"},
    "policy is a text": {"policy": '"7"'},
    "policy is nested without end": {"policy": "[" * 100_000},
    "policy is invalid UTF-8": {"policy": b'{"7": "\xff"}'},
    "the chosen policy is null": {"policy": '{"7": null}'},
    "the chosen policy is a text": {"policy": '{"7": "99.0"}'},
    "the chosen policy has no price": {"policy": '{"7": {"period": 30, "period_display": ""}}'},
    "default_policy is not among them": {"default_policy": "8"},
    "default_policy is empty": {"default_policy": ""},
    "default_policy is invalid UTF-8": {"default_policy": b"\xff"},
    "title is invalid UTF-8": {"title": b"\xff\xfe"},
    "title is a surrogate in bytes": {"title": b"\xed\xa0\x80"},
    "another field is invalid UTF-8": {"note": b"\xff"},
    "period is null": policy(period=None),
    "period is a list": policy(period=[30]),
    "period is a bool": policy(period=True),
    "period_display is half a character": policy(period_display="\ud83d"),
    "price is null": policy(price=None),
    "price is a bool": policy(price=True),
    "price is a list": policy(price=[99]),
    "price is an object": policy(price={"yuan": 99}),
    "price is empty": policy(price=""),
    "price is a word": policy(price="free"),
    "price is negative": policy(price=-0.01),
    "price is NaN": policy(price=float("nan")),
    "price is infinite": policy(price=float("inf")),
    "price is beyond all money": policy(price=1e13),
    "price is 10^999": policy(price="1e999"),
    "price is a number with ten thousand digits": {
        "policy": '{"7": {"period": 1, "period_display": "", "price": %s}}' % ("9" * 10_000)
    },
    "price has an exponent without end": policy(price="1e-99999999999999999999"),
    "price is 10^99999999999999999999": policy(price="1e99999999999999999999"),
    "price is in other digits": policy(price="９９"),
    "price has a space": policy(price=" 99.0"),
    "price has a line break": policy(price="99.0\n"),
}


@pytest.mark.parametrize("fields", BROKEN_ENTRIES.values(), ids=BROKEN_ENTRIES.keys())
def test_it_refuses_a_car_entry_that_cannot_be_read(
    alice, redis: Redis, everything_in, fields: dict[str, Any]
):
    put_in_car(redis, alice.account, 1)
    put_in_car(redis, alice.account, 2, **fields)
    alice.settle([1])
    before = everything_in()

    answer = alice.settle([1, 2])

    assert answer.status_code == 200
    assert answer.json() == CAR_BROKEN
    assert everything_in() == before


@pytest.mark.parametrize("field", ["title", "img", "policy", "default_policy"])
def test_it_refuses_a_car_entry_that_lacks_a_field(alice, redis: Redis, everything_in, field: str):
    put_in_car(redis, alice.account, 1)
    redis.hdel(CarStore.key(alice.account.pk, 1), field)
    before = everything_in()

    assert alice.settle([1]).json() == CAR_BROKEN
    assert everything_in() == before


@pytest.mark.parametrize("kind", ["string", "list"])
def test_it_refuses_a_car_entry_that_is_no_hash(alice, redis: Redis, everything_in, kind: str):
    key = CarStore.key(alice.account.pk, 1)
    if kind == "string":
        redis.set(key, "课程1")
    else:
        redis.rpush(key, "课程1")
    before = everything_in()

    assert alice.settle([1]).json() == CAR_BROKEN
    assert everything_in() == before


@pytest.mark.parametrize(
    ("price", "shown"),
    [(599.0, "599.0"), (0, "0"), (0.5, "0.5"), ("122.00", "122.00"), (1e12, "1000000000000.0")],
)
def test_a_price_is_shown_as_the_car_has_it(alice, redis: Redis, price: Any, shown: str):
    put_in_car(redis, alice.account, 1, price=price)

    alice.settle([1])

    assert alice.settlement()["data"]["course_list"][0]["price"] == shown


def test_every_key_of_a_settlement_expires_after_seven_days(alice, redis: Redis):
    put_in_car(redis, alice.account, 1)

    alice.settle([1])

    assert redis.ttl(f"luffy_payment_{alice.account.pk}_1") in (604_799, 604_800)
    assert redis.ttl(f"luffy_payment_coupon_{alice.account.pk}") in (604_799, 604_800)


def test_payment_ttl_says_how_long_a_settlement_lives(alice, redis: Redis, settings):
    settings.PAYMENT_TTL = 100
    put_in_car(redis, alice.account, 1)

    alice.settle([1])

    assert redis.ttl(f"luffy_payment_{alice.account.pk}_1") in (99, 100)
    assert redis.ttl(f"luffy_payment_coupon_{alice.account.pk}") in (99, 100)


def test_a_settlement_never_expires_when_payment_ttl_is_0(alice, redis: Redis, settings):
    put_in_car(redis, alice.account, 1)
    alice.settle([1])
    settings.PAYMENT_TTL = 0

    alice.settle([1])

    assert redis.ttl(f"luffy_payment_{alice.account.pk}_1") == -1
    assert redis.ttl(f"luffy_payment_coupon_{alice.account.pk}") == -1


def test_a_shopping_car_never_expires(alice, redis: Redis):
    put_in_car(redis, alice.account, 1)

    alice.settle([1])

    assert redis.ttl(CarStore.key(alice.account.pk, 1)) == -1


def test_a_new_settlement_heals_an_earlier_one_that_is_broken(alice, redis: Redis):
    put_in_car(redis, alice.account, 1)
    alice.settle([1])
    redis.delete(f"luffy_payment_{alice.account.pk}_1")
    redis.hset(SettlementStore.coupon_key(alice.account.pk), "coupon", "{")

    assert alice.settle([1]).json()["code"] == 1000
    assert settled(alice) == ["1"]
