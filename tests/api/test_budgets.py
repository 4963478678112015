"""What a request costs, whatever the sizes: round trips to Redis, SQL queries (contract §4)."""

import pytest
from redis import Redis

from api.models import CouponRecord
from api.services.coupons import holdings as records
from tests.conftest import Customer
from tests.support.factories import CouponFactory, CouponRecordFactory, put_in_car
from tests.support.round_trips import round_trips

MANY = pytest.mark.slow  # records to make


@pytest.fixture(
    params=[
        (1, 0),
        pytest.param((1, 1_000), marks=MANY),
        (100, 0),
        pytest.param((100, 1_000), marks=MANY),
    ],
    ids=str,
)
def full(request, alice: Customer, redis: Redis) -> Customer:
    """Alice with courses in her car (settled once already) and coupon records in her hands."""
    courses, coupons = request.param
    alice.course_ids = list(range(1, courses + 1))
    for course_id in alice.course_ids:
        put_in_car(redis, alice.account, course_id)
    coupon = CouponFactory()
    CouponRecord.objects.bulk_create(
        CouponRecordFactory.build_batch(coupons, coupon=coupon, account=alice.account)
    )
    assert alice.settle(alice.course_ids).json()["code"] == 1000
    return alice


def test_post_makes_two_round_trips_and_two_queries(full, django_assert_num_queries):
    with (
        django_assert_num_queries(2),  # the token with its account, the coupon records
        round_trips() as trips,
    ):
        answer = full.settle(full.course_ids)

    assert answer.json()["code"] == 1000
    assert trips == [["HGETALL"] * len(full.course_ids) + ["HMGET"], ["EVAL"]]


def test_a_first_post_costs_no_more(full, redis, django_assert_num_queries):
    redis.delete(*redis.scan_iter("luffy_payment_*"))

    with django_assert_num_queries(2), round_trips() as trips:
        answer = full.settle(full.course_ids)

    assert answer.json()["code"] == 1000
    assert trips == [["HGETALL"] * len(full.course_ids) + ["HMGET"], ["EVAL"]]


def test_a_refused_post_makes_one_round_trip_and_one_query(full, django_assert_num_queries):
    with django_assert_num_queries(1), round_trips() as trips:
        answer = full.settle([*full.course_ids[1:], 999])

    assert answer.json()["code"] == 1001
    assert trips == [["HGETALL"] * len(full.course_ids) + ["HMGET"]]


@pytest.mark.parametrize("course", [{}, {"courseid": 1}], ids=["site-wide", "course"])
def test_patch_makes_two_round_trips_and_one_query(full, django_assert_num_queries, course):
    with (
        django_assert_num_queries(1),  # the token with its account
        round_trips() as trips,
    ):
        answer = full.choose(0, **course)

    assert answer.json()["code"] == 1000
    assert trips == [["HMGET", "HMGET"], ["EVAL"]]


def test_patch_of_a_state_makes_two_round_trips_too(full):
    etag = full.get("/api/payment/")["ETag"]

    with round_trips() as trips:
        answer = full.patch("/api/payment/", {"couponid": 0}, HTTP_IF_MATCH=etag)

    assert answer.json()["code"] == 1000
    assert trips == [["EVAL"], ["EVAL"]]


def test_get_makes_one_round_trip_and_one_query(full, django_assert_num_queries):
    with (
        django_assert_num_queries(1),  # the token with its account
        round_trips() as trips,
    ):
        answer = full.get("/api/payment/")

    assert answer.json()["code"] == 1000
    assert trips == [["EVAL"]]


def test_get_without_a_settlement_makes_one_round_trip(alice):
    with round_trips() as trips:
        alice.get("/api/payment/")

    assert trips == [["EVAL"]]


def test_patch_without_a_settlement_makes_one_round_trip(alice):
    with round_trips() as trips:
        alice.choose(0)

    assert trips == [["HMGET", "HMGET"]]


def test_an_unknown_token_makes_no_round_trip(anonymous):
    with round_trips() as trips:
        anonymous.get("/api/payment/?token=unknown")

    assert trips == []


def test_a_malformed_request_makes_no_round_trip(alice):
    with round_trips() as trips:
        alice.settle(["*"])
        alice.choose("*")

    assert trips == []


def test_round_trips_counts_commands_that_travel_together_once(redis: Redis):
    with round_trips() as trips:
        redis.get("a")
        redis.pipeline().get("a").get("b").execute()
        list(redis.scan_iter("a"))

    assert trips == [["GET"], ["MULTI", "GET", "GET", "EXEC"], ["SCAN"]]


def test_the_coupon_records_of_others_are_not_read(alice, bob, django_assert_num_queries):
    CouponRecordFactory.create_batch(3, account=bob.account)
    mine = CouponRecordFactory(account=alice.account)

    with django_assert_num_queries(1):
        held = records.held_by(alice.account.pk)

    assert [coupon.record_id for coupon in held] == [mine.pk]
