"""PATCH /api/payment/: choosing coupons (contract §3)."""

from typing import Any

import pytest
from redis import Redis

from tests.conftest import Customer
from tests.support.factories import CouponRecordFactory, CourseFactory, put_in_car

DONE = {"code": 1000, "data": "修改成功", "error": None}
NO_COURSE_COUPON = {"code": 1010, "data": None, "error": "课程优惠券不存在"}
NO_SITE_WIDE_COUPON = {"code": 1001, "data": None, "error": "全站优惠券不存在"}
NOT_CHANGED = {"code": 1111, "data": None, "error": "修改失败"}

COURSE_COUPON, SITE_WIDE_COUPON, COUPON_OF_THE_OTHER_COURSE = 51, 52, 53


@pytest.fixture
def settled(alice: Customer, redis: Redis) -> Customer:
    """Alice, with courses 1 and 2 settled and a coupon for each and site-wide."""
    for course_id, record_id in ((1, COURSE_COUPON), (2, COUPON_OF_THE_OTHER_COURSE)):
        put_in_car(redis, alice.account, course_id)
        CouponRecordFactory(
            pk=record_id, account=alice.account, coupon__course=CourseFactory(pk=course_id)
        )
    CouponRecordFactory(pk=SITE_WIDE_COUPON, account=alice.account)
    alice.settle([1, 2])
    return alice


def chosen(customer: Customer) -> tuple[list[str], str]:
    """What is chosen on each course, and site-wide."""
    data = customer.settlement()["data"]
    on_courses = [course["default_coupon"] for course in data["course_list"]]
    return on_courses, data["global_coupon_dict"]["default_coupon"]


def test_it_chooses_a_coupon_for_a_course(settled):
    answer = settled.choose(COURSE_COUPON, courseid=1)

    assert answer.status_code == 200
    assert answer.json() == DONE
    assert chosen(settled) == (["51", "0"], "0")


def test_it_chooses_a_site_wide_coupon(settled):
    assert settled.choose(SITE_WIDE_COUPON).json() == DONE
    assert chosen(settled) == (["0", "0"], "52")


@pytest.mark.parametrize("nothing", [None, 0, ""])
def test_a_courseid_that_says_nothing_means_site_wide(settled, nothing: Any):
    assert settled.choose(SITE_WIDE_COUPON, courseid=nothing).json() == DONE
    assert chosen(settled) == (["0", "0"], "52")


def test_it_takes_ids_as_strings(settled):
    assert settled.choose("51", courseid="1").json() == DONE
    assert chosen(settled) == (["51", "0"], "0")


@pytest.mark.parametrize("zero", [0, "0"])
def test_couponid_0_drops_the_coupon_of_a_course(settled, zero: Any):
    settled.choose(COURSE_COUPON, courseid=1)

    assert settled.choose(zero, courseid=1).json() == DONE
    assert chosen(settled) == (["0", "0"], "0")


@pytest.mark.parametrize("zero", [0, "0"])
def test_couponid_0_drops_the_site_wide_coupon(settled, zero: Any):
    settled.choose(SITE_WIDE_COUPON)

    assert settled.choose(zero).json() == DONE
    assert chosen(settled) == (["0", "0"], "0")


@pytest.mark.parametrize(
    "record_id", [SITE_WIDE_COUPON, COUPON_OF_THE_OTHER_COURSE, 999, 2**63 - 1]
)
def test_it_refuses_what_is_not_offered_on_the_course(settled, everything_in, record_id: int):
    before = everything_in()

    answer = settled.choose(record_id, courseid=1)

    assert answer.status_code == 200
    assert answer.json() == NO_COURSE_COUPON
    assert everything_in() == before


@pytest.mark.parametrize("record_id", [COURSE_COUPON, 999])
def test_it_refuses_what_is_not_offered_site_wide(settled, everything_in, record_id: int):
    before = everything_in()

    answer = settled.choose(record_id)

    assert answer.status_code == 200
    assert answer.json() == NO_SITE_WIDE_COUPON
    assert everything_in() == before


def test_it_refuses_anothers_coupons(settled, bob, everything_in):
    CouponRecordFactory(pk=61, account=bob.account)
    before = everything_in()

    assert settled.choose(61).json() == NO_SITE_WIDE_COUPON
    assert settled.choose(61, courseid=1).json() == NO_COURSE_COUPON
    assert everything_in() == before


def test_it_leaves_anothers_settlement_alone(settled, bob, redis: Redis):
    put_in_car(redis, bob.account, 1)
    bob.settle([1])
    before = redis.hgetall(f"luffy_payment_{bob.account.pk}_1")

    settled.choose(COURSE_COUPON, courseid=1)

    assert redis.hgetall(f"luffy_payment_{bob.account.pk}_1") == before


@pytest.mark.parametrize("broken", ["{", "[]", "null", "1", "", '{"51": 1}x'])
@pytest.mark.parametrize(
    ("key", "courseid"), [("luffy_payment_{}_1", 1), ("luffy_payment_coupon_{}", None)]
)
def test_it_chooses_nothing_among_coupons_that_another_program_broke(
    settled, redis: Redis, everything_in, key: str, courseid: int | None, broken: str
):
    redis.hset(key.format(settled.account.pk), "coupon", broken)
    before = everything_in()
    record_id = COURSE_COUPON if courseid else SITE_WIDE_COUPON
    choice = {"courseid": courseid} if courseid else {}

    assert settled.choose(record_id, **choice).json() == NOT_CHANGED
    assert everything_in() == before


@pytest.mark.parametrize("record_id", [0, SITE_WIDE_COUPON])
def test_it_creates_nothing_without_a_settlement(alice, everything_in, record_id: int):
    assert alice.choose(record_id).json() == NOT_CHANGED
    assert alice.choose(record_id, courseid=1).json() == NOT_CHANGED
    assert everything_in() == {}


@pytest.mark.parametrize("record_id", [0, COURSE_COUPON])
def test_it_creates_nothing_for_a_course_that_is_not_settled(
    settled, redis: Redis, everything_in, record_id: int
):
    put_in_car(redis, settled.account, 3)
    before = everything_in()

    answer = settled.choose(record_id, courseid=3)

    assert answer.status_code == 200
    assert answer.json() == NOT_CHANGED
    assert everything_in() == before


def test_it_creates_nothing_for_a_settled_course_whose_hash_is_gone(
    settled, redis: Redis, everything_in
):
    redis.delete(f"luffy_payment_{settled.account.pk}_1")
    before = everything_in()

    assert settled.choose(0, courseid=1).json() == NOT_CHANGED
    assert everything_in() == before


@pytest.mark.parametrize(
    "coupon_id",
    [None, "", "x", [2], {}, True, False, 0.0, 1.5, -1, "-0", 10**30, "５", " 0", "0\n", "*"],
    ids=ascii,
)
def test_it_refuses_what_is_no_coupon_id(settled, everything_in, coupon_id: Any):
    before = everything_in()

    answer = settled.choose(coupon_id, courseid=1)

    assert answer.status_code == 400
    assert answer.json()["code"] == 1400
    assert answer.json()["error"].startswith("couponid: ")
    assert "None" not in answer.json()["error"]
    assert everything_in() == before


def test_it_requires_couponid(settled, everything_in):
    before = everything_in()

    answer = settled.patch("/api/payment/", {"courseid": 1})

    assert answer.status_code == 400
    assert answer.json()["code"] == 1400
    assert answer.json()["error"].startswith("couponid: ")
    assert everything_in() == before


@pytest.mark.parametrize(
    "course_id",
    [[], [1], {}, True, False, 0.0, 1.0, -1, "0", "x", 10**30, "１", " 1", "1_1", "1\n", "*"],
    ids=ascii,
)
def test_it_refuses_what_is_no_course_id(settled, everything_in, course_id: Any):
    before = everything_in()

    answer = settled.choose(0, courseid=course_id)

    assert answer.status_code == 400
    assert answer.json()["code"] == 1400
    assert answer.json()["error"].startswith("courseid: ")
    assert everything_in() == before


def test_a_choice_renews_the_life_of_every_key(settled, redis: Redis):
    keys = ["luffy_payment_%s_1", "luffy_payment_%s_2", "luffy_payment_coupon_%s"]
    keys = [key % settled.account.pk for key in keys]
    for key in keys:
        redis.expire(key, 10)

    settled.choose(COURSE_COUPON, courseid=1)

    assert {redis.ttl(key) for key in keys} <= {604_799, 604_800}


def test_a_refused_choice_renews_nothing(settled, redis: Redis):
    key = f"luffy_payment_coupon_{settled.account.pk}"
    redis.expire(key, 10)

    settled.choose(999)

    assert redis.ttl(key) <= 10
