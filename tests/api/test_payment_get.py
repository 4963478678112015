"""GET /api/payment/: the settlement as the SPA shows it (contract §3)."""

from typing import Any

import pytest
from redis import Redis

from tests.support.factories import (
    CouponRecordFactory,
    CourseFactory,
    put_in_car,
    settle_elsewhere,
)

NOT_THERE = {"code": 1001, "data": None, "error": "获取失败"}


def test_it_shows_the_settlement_with_the_values_of_a_hash_as_strings(alice, redis: Redis):
    put_in_car(redis, alice.account, 1, price=599.0)
    CouponRecordFactory(pk=4, account=alice.account, coupon__course=CourseFactory(pk=1))
    CouponRecordFactory(
        pk=2,
        account=alice.account,
        coupon__coupon_type=1,
        coupon__money_equivalent_value=200,
        coupon__minimum_consume=500,
    )
    alice.settle([1])
    alice.choose(4, courseid=1)

    answer = alice.get("/api/payment/")

    assert answer.status_code == 200
    assert answer.json() == {
        "code": 1000,
        "data": {
            "course_list": [
                {
                    "course_id": "1",
                    "title": "课程1",
                    "img": "1.jpg",
                    "policy_id": "7",
                    "coupon": {
                        "4": {
                            "coupon_type": 0,
                            "coupon_display": "立减券",
                            "money_equivalent_value": 40,
                        }
                    },
                    "default_coupon": "4",
                    "period": "30",
                    "period_display": "1个月",
                    "price": "599.0",
                }
            ],
            "global_coupon_dict": {
                "coupon": {
                    "2": {
                        "coupon_type": 1,
                        "coupon_display": "满减券",
                        "money_equivalent_value": 200,
                        "minimum_consume": 500,
                    }
                },
                "default_coupon": "0",
            },
        },
        "error": None,
    }


def test_it_says_so_when_there_is_no_settlement(alice, bob, redis: Redis):
    put_in_car(redis, bob.account, 1)
    bob.settle([1])

    answer = alice.get("/api/payment/")

    assert answer.status_code == 200
    assert answer.json() == NOT_THERE


def test_a_settlement_is_a_snapshot_of_prices_and_coupons(alice, redis: Redis):
    put_in_car(redis, alice.account, 1, price=599.0)
    record = CouponRecordFactory(pk=71, account=alice.account)
    alice.settle([1])
    before = alice.settlement()

    put_in_car(redis, alice.account, 1, price=1.0)
    record.delete()

    assert alice.settlement() == before


def test_it_changes_nothing(alice, redis: Redis, everything_in):
    put_in_car(redis, alice.account, 1)
    alice.settle([1])
    before = everything_in()

    alice.settlement()

    assert everything_in() == before


def test_it_does_not_show_half_a_settlement(alice, redis: Redis):
    put_in_car(redis, alice.account, 1)
    put_in_car(redis, alice.account, 2)
    alice.settle([1, 2])
    redis.delete(f"luffy_payment_{alice.account.pk}_1")

    assert alice.settlement() == NOT_THERE


BROKEN_FIELDS: dict[str, dict[str, Any]] = {
    "coupon is no JSON": {"coupon": "{"},
    "coupon is a list": {"coupon": "[]"},
    "a coupon is a number": {"coupon": '{"4": 40}'},
    "coupon is nested without end": {"coupon": "[" * 100_000},
    "coupon holds NaN": {"coupon": '{"4": {"money_equivalent_value": NaN}}'},
    "coupon holds an infinite number": {"coupon": '{"4": {"money_equivalent_value": 1e999}}'},
    "coupon holds half a character": {"coupon": r'{"4": {"coupon_display": "\ud83d"}}'},
    "coupon is named by half a character": {"coupon": r'{"\uDE00": {}}'},
    "coupon is invalid UTF-8": {"coupon": b"\xff"},
    "default_coupon is invalid UTF-8": {"default_coupon": b"\xff"},
}


@pytest.mark.parametrize("fields", BROKEN_FIELDS.values(), ids=BROKEN_FIELDS.keys())
def test_a_course_that_another_program_broke_cannot_be_had(alice, redis: Redis, fields: Any):
    settle_elsewhere(redis, alice.account, 1)
    redis.hset(f"luffy_payment_{alice.account.pk}_1", mapping=fields)

    answer = alice.get("/api/payment/")

    assert answer.status_code == 200
    assert answer.json() == NOT_THERE


@pytest.mark.parametrize("fields", BROKEN_FIELDS.values(), ids=BROKEN_FIELDS.keys())
def test_site_wide_coupons_that_another_program_broke_cannot_be_had(
    alice, redis: Redis, fields: Any
):
    settle_elsewhere(redis, alice.account, 1)
    redis.hset(f"luffy_payment_coupon_{alice.account.pk}", mapping=fields)

    answer = alice.get("/api/payment/")

    assert answer.status_code == 200
    assert answer.json() == NOT_THERE


def test_characters_beyond_the_basic_plane_are_whole_characters(alice, redis: Redis):
    settle_elsewhere(redis, alice.account, 1, coupon={"4": {"coupon_display": "😀"}})

    assert alice.settlement()["data"]["course_list"][0]["coupon"] == {"4": {"coupon_display": "😀"}}
