"""GET /api/payment/topup/: the courses that bring the total down when they are bought too (§11)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from api.models import Course, DegreeCourse, PricePolicy
from api.services.checkout import topping_up
from tests.conftest import Customer
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.round_trips import round_trips

pytestmark = pytest.mark.django_db
URL, QUOTE = "/api/payment/topup/", "/api/payment/quote/"
NOTHING_SETTLED = {"code": 1001, "data": None, "error": "获取失败"}


def sold(pk: int, *prices: float, **course: Any) -> Course:
    made: Course = CourseFactory(pk=pk, **course)
    for at, price in enumerate(prices):
        period = [30, 60, 90][at]
        PricePolicyFactory(pk=10 * pk + at, content_object=made, price=price, valid_period=period)
    return made


def give(customer: Customer, **coupon: Any) -> Any:
    return CouponRecordFactory(account=customer.account, coupon=CouponFactory(**coupon))


@pytest.fixture
def settled(alice: Customer) -> Customer:
    """One course settled, at 450 元, and 满500减200 in hand."""
    sold(1, 450.0)
    give(alice, coupon_type=1, money_equivalent_value=200, minimum_consume=500)
    alice.post("/api/shoppingcar/", {"courseid": 1, "policyid": 10})
    alice.settle([1])
    return alice


def top_ups(customer: Customer) -> Any:
    answer = customer.get(URL).json()
    assert answer["code"] == 1000, answer
    return answer["data"]


def ids(customer: Customer) -> list[str]:
    return [one["course_id"] for one in top_ups(customer)]


def test_it_names_the_course_that_fills_the_gap(settled: Customer):
    sold(2, 120.0, 50.0, name="Linux基础", course_img="linux.jpg")

    assert top_ups(settled) == [
        {
            "course_id": "2",
            "policy_id": "21",
            "title": "Linux基础",
            "img": "http://testserver/media/linux.jpg",
            "price": "50.00",
            "total": "300.00",
            "saves": "150.00",
        }
    ]


def test_what_it_says_is_what_comes_of_it(settled: Customer):
    sold(2, 50.0)
    (one,) = top_ups(settled)

    body = {"courseid": one["course_id"], "policyid": one["policy_id"]}
    assert settled.post("/api/shoppingcar/", body).json()["code"] == 1000
    settled.settle([1, one["course_id"]])

    assert settled.post("/api/payment/best/").json()["data"]["total"] == one["total"]
    assert top_ups(settled) == []


@pytest.mark.parametrize(("price", "there"), [(49.99, False), (50.0, True), (199.99, True)])
def test_one_fen_below_the_gap_is_not_enough(settled: Customer, price: float, there: bool):
    sold(2, price)

    assert bool(ids(settled)) is there


@pytest.mark.parametrize(("price", "total"), [(50.01, "300.01"), (149.99, "399.99")])
def test_a_price_counts_to_the_fen(settled: Customer, price: float, total: str):
    sold(2, price)

    assert [one["total"] for one in top_ups(settled)] == [total]


def test_of_a_course_s_policies_that_cost_the_same_the_first_is_named(settled: Customer):
    sold(2, 60.0, 50.0, 50.0)

    assert [one["policy_id"] for one in top_ups(settled)] == ["21"]


def test_what_costs_as_much_as_it_saves_is_not_named(settled: Customer):
    sold(2, 200.0)

    assert top_ups(settled) == []


def test_what_saves_most_comes_first_then_by_id_and_no_more_than_ten(settled: Customer):
    for pk in range(30, 18, -1):
        sold(pk, 60.0)
    sold(50, 55.0)

    assert ids(settled) == ["50", *map(str, range(19, 28))]


@pytest.mark.parametrize("status", [1, 2])
def test_a_course_that_is_not_online_is_not_named(settled: Customer, status: int):
    sold(2, 50.0, status=status)

    assert top_ups(settled) == []


def test_neither_is_one_without_a_price_or_a_degree(settled: Customer):
    sold(2)
    degree = DegreeCourse.objects.create(
        pk=3, name="学位", course_img="", brief="", prerequisite=""
    )
    PricePolicyFactory(content_object=degree, price=50.0)
    CourseFactory(pk=3)
    assert ContentType.objects.get_for_model(DegreeCourse) != ContentType.objects.get_for_model(
        Course
    )

    assert top_ups(settled) == []


MEANWHILE: dict[str, Callable[[], Any]] = {
    "offline": lambda: Course.objects.filter(pk=2).update(status=1),
    "without a price": lambda: PricePolicy.objects.filter(object_id=2).delete(),
    "deleted": lambda: Course.objects.filter(pk=2).delete(),
}


@pytest.mark.parametrize("go", MEANWHILE.values(), ids=MEANWHILE)
def test_neither_is_what_is_taken_off_sale_while_it_is_looked_for(
    settled: Customer, monkeypatch: pytest.MonkeyPatch, go: Callable[[], Any]
):
    sold(2, 50.0)
    find = topping_up.cheapest

    def found(*asked: Any) -> Any:
        found = find(*asked)
        go()
        return found

    monkeypatch.setattr(topping_up, "cheapest", found)

    assert top_ups(settled) == []


def test_neither_is_what_is_settled(settled: Customer):
    """Twice the same course is no way to reach a minimum."""
    settled.post("/api/shoppingcar/", {"courseid": 1, "policyid": 10})

    assert top_ups(settled) == []


def test_one_s_own_coupons_for_the_course_are_counted(settled: Customer):
    course = sold(2, 150.0)
    give(settled, course=course, money_equivalent_value=90)

    assert [(one["total"], one["price"]) for one in top_ups(settled)] == [("310.00", "150.00")]


def test_those_of_others_and_those_that_cannot_be_used_are_not(settled: Customer, bob: Customer):
    course = sold(2, 150.0)
    give(bob, course=course, money_equivalent_value=90)
    give(settled, course=course, money_equivalent_value=90, disabled=True)
    tomorrow = timezone.localdate() + timedelta(days=1)
    give(settled, course=course, money_equivalent_value=90, valid_begin_date=tomorrow)

    assert [one["total"] for one in top_ups(settled)] == ["400.00"]


@pytest.mark.parametrize("change", [{"disabled": True}, {"minimum_consume": 450}])
def test_todays_terms_of_the_site_wide_coupon_count(settled: Customer, change: dict[str, Any]):
    sold(2, 50.0)
    assert len(top_ups(settled)) == 1
    record = settled.account.couponrecord_set.get()
    type(record.coupon).objects.filter(pk=record.coupon_id).update(**change)

    assert top_ups(settled) == []


def test_the_settlement_and_the_choice_stay_as_they_are(settled: Customer, everything_in: Any):
    sold(2, 50.0)
    before = everything_in()

    top_ups(settled)

    assert everything_in() == before


@pytest.mark.parametrize("settles", [False, True], ids=["no settlement", "an empty one"])
def test_nothing_settled_is_said(alice: Customer, settles: bool):
    if settles:
        alice.settle([])

    assert alice.get(URL).json() == NOTHING_SETTLED


def test_another_account_s_settlement_is_not_seen(settled: Customer, bob: Customer):
    sold(2, 50.0)

    assert bob.get(URL).json() == NOTHING_SETTLED


def test_it_needs_a_token(anonymous: Any):
    assert anonymous.get(URL).status_code == 401


@pytest.mark.parametrize("courses", [1, 60])
def test_it_makes_one_round_trip_and_six_queries(
    settled: Customer, django_assert_num_queries: Any, courses: int
):
    for pk in range(2, 2 + courses):
        give(settled, course=sold(pk, 50.0), money_equivalent_value=1)
    top_ups(settled)

    with (
        # The token; the coupons, the courses settled, those owned; the prices; the courses found.
        django_assert_num_queries(6),
        round_trips() as trips,
    ):
        assert len(top_ups(settled)) == min(courses, 10)

    assert trips == [["EVAL"]]


def test_it_does_not_read_the_catalogue_where_no_minimum_is_in_sight(
    settled: Customer, django_assert_num_queries: Any
):
    settled.account.couponrecord_set.all().delete()
    sold(2, 50.0)
    top_ups(settled)

    with django_assert_num_queries(4):
        assert top_ups(settled) == []
