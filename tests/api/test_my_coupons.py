"""GET /api/couponrecord/: the coupons in one's own hands, as they are today (contract §11)."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from api.models import Coupon, CouponRecord, DegreeCourse
from tests.conftest import Customer
from tests.support import orders
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)

URL = "/api/couponrecord/"
UNUSED, USED, EXPIRED, VOID, LOCKED = range(5)
DAY = dt.timedelta(days=1)


def today() -> dt.date:
    return timezone.localdate()


def until(customer: Customer, last: dt.date, **record: Any) -> CouponRecord:
    """A record of the customer whose coupon can be used since long ago and until this day."""
    coupon = CouponFactory(valid_begin_date=last - 30 * DAY, valid_end_date=last)
    return CouponRecordFactory(account=customer.account, coupon=coupon, **record)


def listed(customer: Customer, **query: Any) -> list[dict[str, Any]]:
    answer = customer.get(URL, query).json()
    assert answer["code"] == 1000, answer
    assert answer["data"]["count"] == len(answer["data"]["results"])
    return answer["data"]["results"]


def ids(customer: Customer, **query: Any) -> list[int]:
    return [coupon["id"] for coupon in listed(customer, **query)]


def test_a_coupon_is_shown_with_its_worth_its_days_and_its_course(alice: Customer):
    coupon = CouponFactory(
        name="大促",
        course=CourseFactory(pk=7),
        coupon_type=1,
        money_equivalent_value=60,
        minimum_consume=100,
        valid_begin_date=today() - DAY,
        valid_end_date=today() + 9 * DAY,
    )
    record = CouponRecordFactory(account=alice.account, coupon=coupon)
    assert listed(alice) == [
        {
            "id": record.pk,
            "number": record.number,
            "name": "大促",
            "words": "满100减60",
            "first_day": (today() - DAY).isoformat(),
            "last_day": (today() + 9 * DAY).isoformat(),
            "days_left": 10,
            "soon": False,
            "course_id": "7",
            "order_number": None,
            "status": UNUSED,
        }
    ]


def test_a_threshold_of_nothing_that_another_program_wrote_has_words_too(alice: Customer):
    coupon = CouponFactory(coupon_type=1, money_equivalent_value=5, minimum_consume=0)
    CouponRecordFactory(account=alice.account, coupon=coupon)
    assert listed(alice)[0]["words"] == "满0减5"


def test_only_ones_own_are_listed(alice: Customer, bob: Customer):
    mine, _ = CouponRecordFactory(account=alice.account), CouponRecordFactory(account=bob.account)
    assert ids(alice) == [mine.pk]


def test_nobody_is_told_without_a_token(anonymous: APIClient):
    assert anonymous.get(URL).status_code == 401


@pytest.mark.parametrize(
    ("left", "status", "days_left", "soon"),
    [(-1, EXPIRED, None, False), (0, UNUSED, 1, True), (2, UNUSED, 3, True), (3, UNUSED, 4, False)],
)
def test_on_its_last_day_one_day_is_left_and_the_day_after_it_has_expired(
    alice: Customer, left: int, status: int, days_left: int | None, soon: bool
):
    record = until(alice, today() + left * DAY)
    (shown,) = listed(alice)
    assert (shown["status"], shown["days_left"], shown["soon"]) == (status, days_left, soon)
    assert ids(alice, status=status) == [record.pk]
    assert ids(alice, status=EXPIRED if status == UNUSED else UNUSED) == []


def test_one_that_cannot_be_used_before_a_later_day_is_not_used_yet(alice: Customer):
    coupon = CouponFactory(valid_begin_date=today() + DAY, valid_end_date=today() + 2 * DAY)
    CouponRecordFactory(account=alice.account, coupon=coupon)
    (shown,) = listed(alice, status=UNUSED)
    assert (shown["first_day"], shown["days_left"]) == ((today() + DAY).isoformat(), 3)


def test_days_from_receipt_and_days_given_back_count(alice: Customer):
    counted = CouponFactory(valid_begin_date=None, valid_end_date=None, coupon_valid_days=7)
    received = CouponRecordFactory(account=alice.account, coupon=counted)
    given_back = until(alice, today() - DAY, valid_until=today() + 4 * DAY)
    days = {coupon["id"]: coupon["days_left"] for coupon in listed(alice, status=UNUSED)}
    assert days == {received.pk: 7, given_back.pk: 5}


@pytest.mark.parametrize("half", ["valid_begin_date", "valid_end_date"])
def test_one_with_but_one_of_the_two_dates_counts_from_its_receipt(alice: Customer, half: str):
    """As other programs may write it."""
    days = {"valid_begin_date": None, "valid_end_date": None, "coupon_valid_days": 7}
    coupon = CouponFactory(**days | {half: today() + 99 * DAY})
    CouponRecordFactory(account=alice.account, coupon=coupon)
    (shown,) = listed(alice)
    assert (shown["first_day"], shown["days_left"]) == (today().isoformat(), 7)


def test_one_without_days_has_expired(alice: Customer):
    coupon = CouponFactory(valid_begin_date=None, valid_end_date=None, coupon_valid_days=None)
    CouponRecordFactory(account=alice.account, coupon=coupon)
    (shown,) = listed(alice, status=EXPIRED)
    assert (shown["first_day"], shown["last_day"]) == (None, None)


def test_one_that_the_nightly_run_marked_or_a_manager_took_back_says_so(alice: Customer):
    marked = until(alice, today() - DAY, status=EXPIRED)
    void = until(alice, today() + DAY, status=VOID)
    assert ids(alice, status=EXPIRED) == [marked.pk]
    assert ids(alice, status=VOID) == [void.pk]
    assert ids(alice, status=UNUSED) == []


def test_an_unpaid_order_locks_it_and_a_paid_one_has_used_it(alice: Customer):
    record = CouponRecordFactory(account=alice.account)
    order = orders.place(alice.account, [PricePolicyFactory()], (record,))
    for status in (LOCKED, USED):
        (shown,) = listed(alice, status=status)
        assert (shown["id"], shown["order_number"]) == (record.pk, order.order_number)
        assert shown["days_left"] is None
        orders.pay(order)


def test_usable_ones_come_by_their_last_day_and_all_by_the_newest(alice: Customer):
    late, soon, also_soon = (until(alice, today() + days * DAY).pk for days in (9, 2, 2))
    assert ids(alice, status=UNUSED) == [soon, also_soon, late]
    assert ids(alice) == [also_soon, soon, late]


def test_one_bound_to_a_degree_is_never_offered_and_not_listed(alice: Customer):
    degree = ContentType.objects.get_for_model(DegreeCourse)
    coupon = CouponFactory()
    Coupon.objects.filter(pk=coupon.pk).update(content_type=degree, object_id=1)
    CouponRecordFactory(account=alice.account, coupon=coupon)
    assert ids(alice) == []


def test_pages_follow_one_another_and_cost_one_query_beside_the_token(alice: Customer):
    CouponRecordFactory.create_batch(5, account=alice.account)
    seen, page, budgets = [], 1, set()
    while page:
        with CaptureQueriesContext(connection) as queries:
            data = alice.get(URL, {"page": page, "page_size": 2}).json()["data"]
        assert data["count"] == 5
        seen += [coupon["id"] for coupon in data["results"]]
        page = data["next"]
        budgets.add(len(queries))
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5
    assert budgets == {2}


@pytest.mark.parametrize("query", [{"status": "5"}, {"status": "x"}, {"page": "0"}])
def test_a_query_that_means_nothing_names_its_field(alice: Customer, query: dict[str, str]):
    answer = alice.get(URL, query)
    assert (answer.status_code, answer.json()["code"]) == (400, 1400)
    assert next(iter(query)) in answer.json()["error"]
