"""Orders that meet: the same settlement at once, payment against cancelling against time
(contract §9). On PostgreSQL, with threads."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from api.errors import CouponUseFailed, OrderStateRefused, QuoteOutdated
from api.models import (
    Coupon,
    CouponRecord,
    CouponRecordEvent,
    Course,
    EnrolledCourse,
    Order,
    Payment,
    PaymentType,
    PricePolicy,
    ShopEvent,
)
from api.services.orders import closing, paying, placing
from api.services.orders.paying import Outcome, Received
from api.services.orders.placing import Consent
from tests.conftest import Customer
from tests.support.at_once import at_once
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


@pytest.fixture
def settled(alice: Customer) -> Customer:
    """One course at 599 元 settled, 满500减200 chosen."""
    PricePolicyFactory(pk=10, content_object=CourseFactory(pk=1), price=599.0, valid_period=60)
    alice.post("/api/shoppingcar/", {"courseid": 1, "policyid": 10})
    coupon = CouponFactory(coupon_type=1, money_equivalent_value=200, minimum_consume=500)
    CouponRecordFactory(pk=2, account=alice.account, coupon=coupon)
    alice.settle([1])
    alice.choose(2)
    return alice


def place(customer: Customer, meant: placing.Meant, version: str | None) -> Order:
    return placing.place(
        meant,
        account_id=customer.account.pk,
        consent=Consent(version=version),
        payment_type=PaymentType.ALIPAY,
        now=timezone.now(),
    )


def version_of(customer: Customer) -> str:
    version: str = customer.get("/api/payment/quote/").json()["data"]["version"]
    return version


def test_the_same_settlement_twenty_times_at_once_is_one_order(settled: Customer) -> None:
    version, meant = version_of(settled), placing.meant(account_id=settled.account.pk)

    placed = at_once(*[lambda: place(settled, meant, version).pk] * 20)

    assert len(set(placed)) == Order.objects.count() == 1
    assert CouponRecordEvent.objects.filter(to_status=4).count() == 1


def test_of_two_settlements_with_one_coupon_one_is_ordered(settled: Customer) -> None:
    first = version_of(settled), placing.meant(account_id=settled.account.pk)
    settled.settle([1])
    settled.choose(2)
    second = version_of(settled), placing.meant(account_id=settled.account.pk)

    placed = at_once(*[lambda v=v, m=m: place(settled, m, v) for v, m in (first, second)])

    assert QuoteOutdated in placed
    (order,) = Order.objects.all()
    assert CouponRecord.objects.get(pk=2).order == order
    assert order.details.count() == 1


def paid(order: Order) -> Outcome:
    money = Received("offline", f"{order.order_number}x", order.actual_amount)
    return paying.receive(order.pk, money, now=timezone.now())


MEETING: dict[str, Callable[[Order], Any]] = {
    "paid": paid,
    "cancelled": lambda order: closing.cancel(
        account_id=order.account_id, order_number=order.order_number, now=timezone.now()
    ),
    "out of time": lambda order: closing.close_timed_out(order, now=timezone.now()),
}


@pytest.mark.parametrize("names", list(permutations(MEETING)), ids=" ".join)
def test_payment_cancelling_and_time_out_at_once_leave_one_winner(
    settled: Customer, names: tuple[str, ...]
) -> None:
    meant = placing.meant(account_id=settled.account.pk)
    order = place(settled, meant, version_of(settled))

    outcomes = dict(
        zip(names, at_once(*[lambda n=name: MEETING[n](order) for name in names]), strict=True)
    )

    order.refresh_from_db()
    record = CouponRecord.objects.get(pk=2)
    # Money always wins: it comes first, or brings the closed order back to life.
    assert outcomes["paid"] in (Outcome.PAID, Outcome.REVIVED)
    assert (order.status, record.status, record.order_id) == (0, 1, order.pk)
    assert EnrolledCourse.objects.count() == 1
    assert Payment.objects.get().status == Payment.Status.PAID
    if outcomes["paid"] is Outcome.PAID:
        assert outcomes["cancelled"] is OrderStateRefused
        assert outcomes["out of time"] is False


def test_money_that_comes_eight_times_at_once_is_taken_once(settled: Customer) -> None:
    order = place(settled, placing.meant(account_id=settled.account.pk), version_of(settled))

    outcomes = at_once(*[lambda: paid(order)] * 8)

    assert outcomes == [Outcome.PAID] * 8
    assert Payment.objects.count() == EnrolledCourse.objects.count() == 1


def test_money_for_an_order_whose_course_is_gone_is_to_go_back(settled: Customer) -> None:
    order = place(settled, placing.meant(account_id=settled.account.pk), version_of(settled))
    closing.close_timed_out(order, now=timezone.now())
    Course.objects.update(status=1)

    assert paid(order) is Outcome.EXCESS

    order.refresh_from_db()
    assert order.status == 5
    assert CouponRecord.objects.get(pk=2).status == 0
    assert Payment.objects.get().status == Payment.Status.EXCESS
    assert EnrolledCourse.objects.count() == 0


# --- Orders that cost nothing ---------------------------------------------------------------------


@pytest.fixture
def settled_for_nothing(settled: Customer) -> Customer:
    PricePolicy.objects.update(price=500.0)
    Coupon.objects.update(money_equivalent_value=500)
    settled.post("/api/payment/quote/")
    return settled


def test_an_order_that_costs_nothing_placed_eight_times_at_once_is_paid_once(
    settled_for_nothing: Customer,
) -> None:
    customer = settled_for_nothing
    version, meant = version_of(customer), placing.meant(account_id=customer.account.pk)

    placed = at_once(*[lambda: place(customer, meant, version).pk] * 8)

    order = Order.objects.get()
    assert set(placed) == {order.pk}
    assert (order.status, CouponRecord.objects.get(pk=2).status) == (0, 1)
    assert EnrolledCourse.objects.count() == 1
    kinds = ShopEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["order.placed", "order.paid", "coupon.used"]
    assert CouponRecordEvent.objects.filter(to_status=1).count() == 1


def test_nothing_closes_an_order_that_costs_nothing(settled_for_nothing: Customer) -> None:
    customer = settled_for_nothing
    version, meant = version_of(customer), placing.meant(account_id=customer.account.pk)
    order = place(customer, meant, version)

    again, cancelled, closed = at_once(
        lambda: place(customer, meant, version).pk,
        lambda: MEETING["cancelled"](order),
        lambda: MEETING["out of time"](order),
    )

    assert (again, cancelled, closed) == (order.pk, OrderStateRefused, False)
    order.refresh_from_db()
    assert (order.status, CouponRecord.objects.get(pk=2).status) == (0, 1)


# --- Money that comes late ------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(4))
def test_late_money_and_another_order_for_the_coupon_at_once_leave_one_winner(
    settled: Customer, first: int
) -> None:
    """And cancelling and time-out, of which the closed order knows nothing any more."""
    late = place(settled, placing.meant(account_id=settled.account.pk), version_of(settled))
    closing.close_timed_out(late, now=timezone.now())
    settled.post("/api/shoppingcar/", {"courseid": 1, "policyid": 10})
    settled.settle([1])
    settled.choose(2)
    version, meant = version_of(settled), placing.meant(account_id=settled.account.pk)
    meeting: list[Callable[[], Any]] = [
        lambda: paid(late),
        lambda: place(settled, meant, version),
        lambda: MEETING["cancelled"](late),
        lambda: MEETING["out of time"](late),
    ]
    meeting = meeting[first:] + meeting[:first]

    outcomes = at_once(*meeting)
    money, other, cancelled, closed = (outcomes * 2)[4 - first : 8 - first]

    late.refresh_from_db()
    record = CouponRecord.objects.get(pk=2)
    assert (cancelled, closed) == (OrderStateRefused, False)
    if money is Outcome.REVIVED:
        assert other in (QuoteOutdated, CouponUseFailed)
        assert (late.status, record.status, record.order_id) == (0, 1, late.pk)
        assert (Order.objects.count(), EnrolledCourse.objects.count()) == (1, 1)
    else:
        assert money is Outcome.EXCESS
        assert (late.status, record.status, record.order_id) == (5, 4, other.pk)
        assert Payment.objects.get().status == Payment.Status.EXCESS
        assert not EnrolledCourse.objects.exists()
