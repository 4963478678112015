"""A coupon that is switched off (停用, contract §11): nobody can use it, nor get it, until it is
switched on again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from api.models import Coupon, CouponRecord, Order
from api.services.coupons import editing, issuing
from api.services.coupons.audiences import Audience
from api.services.coupons.refusals import CouponPaused
from tests.conftest import Customer
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)

pytestmark = pytest.mark.django_db
QUOTE, BEST = "/api/payment/quote/", "/api/payment/best/"
GONE, OFF = "优惠券已不可用", "优惠券已停用"
DAY = timedelta(days=1)


@pytest.fixture
def record(alice: Customer) -> CouponRecord:
    """立减40, site-wide, in Alice's hands."""
    return CouponRecordFactory(account=alice.account)


@pytest.fixture
def settled(alice: Customer, record: CouponRecord) -> Customer:
    """Alice with one course (100 元) settled and the coupon chosen."""
    PricePolicyFactory(pk=10, content_object=CourseFactory(pk=1), price=100.0)
    alice.post("/api/shoppingcar/", {"courseid": 1, "policyid": 10})
    alice.settle([1])
    alice.choose(record.pk)
    assert quote(alice)["total"] == "60.00"
    return alice


def quote(customer: Customer) -> Any:
    return customer.get(QUOTE).json()["data"]


def order(customer: Customer, version: str) -> Any:
    return customer.post("/api/order/", {"version": version, "payment_type": 1}).json()


def test_a_chosen_one_takes_nothing_off_and_says_why(settled: Customer, record: CouponRecord):
    assert editing.disable(record.coupon_id)

    found = quote(settled)

    assert (found["total"], found["global_coupon_usable"]) == ("100.00", False)
    assert found["changes"] == [
        {
            "course_id": None,
            "coupon": record.pk,
            "code": "coupon_gone",
            "reason": OFF,
            "was": "立减40",
            "now": None,
        }
    ]
    (entry,) = found["global_coupons"]
    assert (entry["usable"], entry["at_work"], entry["reason"]) == (False, False, OFF)
    assert found["payable"] is True


def test_one_that_is_not_chosen_says_it_in_its_own_entry(settled: Customer, record: CouponRecord):
    settled.choose(0)
    editing.disable(record.coupon_id)

    found = quote(settled)

    assert found["changes"] == []
    assert found["global_coupons"][0]["reason"] == OFF


def test_a_course_s_own_coupon_is_switched_off_likewise(alice: Customer):
    course = CourseFactory(pk=1)
    PricePolicyFactory(pk=10, content_object=course, price=100.0)
    bound = CouponRecordFactory(account=alice.account, coupon=CouponFactory(course=course))
    alice.post("/api/shoppingcar/", {"courseid": 1, "policyid": 10})
    alice.settle([1])
    alice.choose(bound.pk, courseid=1)
    editing.disable(bound.coupon_id)

    (change,) = quote(alice)["changes"]

    assert (change["course_id"], change["coupon"], change["reason"]) == ("1", bound.pk, OFF)


def test_it_is_as_before_once_it_is_switched_on_again(settled: Customer, record: CouponRecord):
    before = quote(settled)
    editing.disable(record.coupon_id)
    assert quote(settled)["version"] != before["version"]

    assert editing.enable(record.coupon_id)

    assert quote(settled) == before


OTHERWISE: dict[str, Callable[[CouponRecord], Any]] = {
    "used": lambda record: CouponRecord.objects.filter(pk=record.pk).update(status=1),
    "void": lambda record: CouponRecord.objects.filter(pk=record.pk).update(status=3),
    "over": lambda record: Coupon.objects.update(
        valid_begin_date=timezone.localdate() - 3 * DAY,
        valid_end_date=timezone.localdate() - DAY,
    ),
    "another's": lambda record: CouponRecord.objects.update(account=AccountFactory()),
}


@pytest.mark.parametrize("go", OTHERWISE.values(), ids=OTHERWISE)
def test_what_could_not_be_used_anyway_is_just_gone(
    settled: Customer, record: CouponRecord, go: Callable[[CouponRecord], Any]
):
    editing.disable(record.coupon_id)
    go(record)

    assert [change["reason"] for change in quote(settled)["changes"]] == [GONE]


def test_it_is_not_offered_in_a_new_settlement(alice: Customer, record: CouponRecord, settled: Any):
    other = CouponRecordFactory(account=alice.account, coupon__money_equivalent_value=5)
    editing.disable(record.coupon_id)

    alice.settle([1])

    offered = alice.settlement()["data"]["global_coupon_dict"]["coupon"]
    assert list(offered) == [str(other.pk)]
    assert alice.choose(record.pk).json()["code"] == 1001


def test_accepting_today_drops_it(settled: Customer, record: CouponRecord):
    editing.disable(record.coupon_id)

    accepted = settled.post(QUOTE).json()["data"]

    assert (accepted["changes"], accepted["global_coupons"]) == ([], [])


def test_the_best_choice_does_without_it(settled: Customer, record: CouponRecord):
    editing.disable(record.coupon_id)

    best = settled.get(BEST).json()["data"]

    assert (best["quote"]["total"], best["alternatives"]) == ("100.00", [])
    assert settled.post(BEST).json()["data"]["total"] == "100.00"


def test_what_was_quoted_with_it_is_not_ordered_any_more(settled: Customer, record: CouponRecord):
    version = quote(settled)["version"]
    editing.disable(record.coupon_id)

    assert order(settled, version)["code"] == 4005
    refused = settled.post("/api/order/", {"money": "60.00", "payment_type": 1}).json()
    assert refused["code"] == 4001
    assert not Order.objects.exists()
    record.refresh_from_db()
    assert record.status == 0

    assert order(settled, quote(settled)["version"])["data"]["actual_amount"] == "100.00"


def test_an_order_that_has_it_is_paid_as_it_was_consented_to(
    settled: Customer, record: CouponRecord
):
    order(settled, quote(settled)["version"])
    editing.disable(record.coupon_id)

    placed = Order.objects.get()
    orders.pay(placed)

    placed.refresh_from_db()
    record.refresh_from_db()
    assert (placed.status, str(placed.actual_amount), record.status) == (0, "60.00", 1)


def test_a_closed_order_does_not_come_back_to_life_with_it(settled: Customer, record: CouponRecord):
    number = order(settled, quote(settled)["version"])["data"]["order_number"]
    settled.post(f"/api/order/{number}/cancel/")
    editing.disable(record.coupon_id)

    placed = Order.objects.get()
    orders.pay(placed)

    placed.refresh_from_db()
    record.refresh_from_db()
    assert (placed.status, record.status) == (4, 0)


def test_it_stays_among_one_s_own_and_says_that_it_cannot_be_used(
    alice: Customer, record: CouponRecord
):
    (before,) = alice.get("/api/couponrecord/").json()["data"]["results"]
    editing.disable(record.coupon_id)

    (after,) = alice.get("/api/couponrecord/?status=0").json()["data"]["results"]

    assert before["days_left"] == 8
    assert after == before | {"days_left": None, "soon": False}


def test_nobody_claims_it_nor_sees_it_offered(alice: Customer, anonymous: Any):
    coupon = CouponFactory(claimable=True, code="SPRING")
    assert anonymous.get("/api/coupon/").json()["data"]["count"] == 1
    editing.disable(coupon.pk)

    assert anonymous.get("/api/coupon/").json()["data"]["results"] == []
    for body in ({"couponid": coupon.pk}, {"code": "spring"}):
        answer = alice.post("/api/coupon/", body).json()
        assert (answer["code"], answer["error"]) == (3005, "优惠券已停止发放")
    coupon.refresh_from_db()
    assert (coupon.issued, CouponRecord.objects.count()) == (0, 0)


def test_it_is_not_issued(alice: Customer):
    coupon = CouponFactory()
    editing.disable(coupon.pk)
    audience = Audience((alice.account.pk,))

    with pytest.raises(CouponPaused, match="优惠券已停止发放"):
        list(issuing.issue(coupon.pk, audience, now=timezone.now()))

    assert not CouponRecord.objects.exists()


def test_one_that_is_issued_at_the_moment_it_is_switched_off_after_a_preview_is_refused(
    alice: Customer,
):
    """The preview's terms are those of a coupon in use."""
    coupon = CouponFactory()
    seen = coupon.terms
    editing.disable(coupon.pk)
    audience = Audience((alice.account.pk,))

    with pytest.raises(CouponPaused):
        list(issuing.issue(coupon.pk, audience, now=timezone.now(), terms=seen))


def test_to_disable_and_to_enable_say_whether_they_did_anything():
    coupon, other = CouponFactory(), CouponFactory()
    assert [editing.disable(coupon.pk), editing.disable(coupon.pk)] == [True, False]
    assert list(Coupon.objects.filter(disabled=True)) == [coupon]
    assert [editing.enable(coupon.pk), editing.enable(coupon.pk)] == [True, False]
    assert not Coupon.objects.filter(disabled=True).exists()
    other.refresh_from_db()
    assert not other.paused
