"""Notifications, cancelling, timing out and starting to pay, at the same moment (contract §10). On
PostgreSQL, with threads, against the gateway that runs here."""

import threading
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import close_old_connections, connection
from django.utils import timezone

from api.errors import OrderStateRefused, ShopError
from api.models import (
    CouponRecord,
    EnrolledCourse,
    Order,
    Payment,
    PaymentNotification,
    PaymentType,
    Refund,
)
from api.rules.payments import Verdict
from api.services import audit, refunds
from api.services.orders import closing, trades
from api.services.payments import asking, notices
from api.services.refunds import deciding, sending
from tests.conftest import Customer
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.gateways import LocalGateway, begin
from tests.support.orders import place

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


@pytest.fixture
def payment(alice: Customer, gateway: LocalGateway) -> Payment:
    """Of an order of 599.00 less a coupon's 200.00, begun at Alipay."""
    policy = PricePolicyFactory(content_object=CourseFactory(pk=1), price=599.0)
    coupon = CouponFactory(coupon_type=1, money_equivalent_value=200, minimum_consume=500)
    record = CouponRecordFactory(pk=2, account=alice.account, coupon=coupon)
    return begin(place(alice.account, [policy], (record,)), PaymentType.ALIPAY)


def at_once(operations: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Runs them all from one barrier, each in a thread of its own; gives what each gave, or which
    refusal it raised."""
    barrier = threading.Barrier(len(operations))
    outcomes: dict[str, Any] = {}

    def run(name: str) -> None:
        close_old_connections()
        barrier.wait(timeout=30)
        try:
            outcomes[name] = operations[name]()
        except ShopError as refused:
            outcomes[name] = type(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[name]) for name in operations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert outcomes.keys() == operations.keys()  # nothing else was raised
    return outcomes


def cancel(order: Order) -> Order:
    """As the view does it."""
    who: dict[str, Any] = {"account_id": order.account_id, "order_number": order.order_number}
    trades.close_before_cancelling(**who, now=timezone.now())
    return closing.cancel(**who, now=timezone.now())


def take_in(body: bytes, channel: str = "alipay", headers: Any = None) -> Verdict:
    return notices.take_in(channel, body, headers or {}, now=timezone.now())


@pytest.mark.parametrize(
    "names", list(permutations(["notified", "cancelled", "out of time"])), ids=" ".join
)
def test_a_notification_cancelling_and_time_out_at_once_leave_the_order_paid(
    gateway: LocalGateway, payment: Payment, names: tuple[str, ...]
) -> None:
    """The money is at the gateway, so it counts, whoever is first: closing finds it there."""
    order = payment.order
    (body,) = gateway.notices(gateway.pay(payment))
    operations: dict[str, Callable[[], Any]] = {
        "notified": lambda: take_in(body),
        "cancelled": lambda: cancel(order),
        "out of time": lambda: closing.close_timed_out(order, now=timezone.now()),
    }

    outcomes = at_once({name: operations[name] for name in names})

    order.refresh_from_db()
    assert outcomes["notified"] is Verdict.PAID
    assert order.status == 0
    assert CouponRecord.objects.get(pk=2).status == 1
    assert Payment.objects.get().status == Payment.Status.PAID
    assert EnrolledCourse.objects.count() == 1


@pytest.mark.parametrize("names", list(permutations(["begun", "cancelled", "asked"])), ids=" ".join)
def test_an_order_is_never_closed_while_a_trade_of_it_is_open(
    payment: Payment, names: tuple[str, ...]
) -> None:
    order = payment.order
    operations: dict[str, Callable[[], Any]] = {
        "begun": lambda: begin(order, PaymentType.ALIPAY),
        "cancelled": lambda: cancel(order),
        "asked": lambda: asking.ask_waiting(now=timezone.now() + asking.PATIENCE),
    }

    at_once({name: operations[name] for name in names})

    order.refresh_from_db()
    open_ = Payment.objects.filter(status=Payment.Status.WAITING).exists()
    assert (order.status, open_) in [(4, False), (1, True), (1, False)]


def test_fifty_notifications_at_once_are_one_payment_and_one_row(
    gateway: LocalGateway, payment: Payment
) -> None:
    (body,) = gateway.notices(gateway.pay(payment))

    outcomes = at_once({str(number): lambda: take_in(body) for number in range(50)})

    assert set(outcomes.values()) == {Verdict.PAID}
    assert Payment.objects.get().status == Payment.Status.PAID
    assert EnrolledCourse.objects.count() == 1
    assert PaymentNotification.objects.get().times_seen == 50


def test_two_channels_paid_at_once_are_one_payment_and_one_that_goes_back(
    gateway: LocalGateway, payment: Payment
) -> None:
    other = begin(payment.order, PaymentType.WECHAT)
    sent = {one.channel: gateway.sendings(gateway.pay(one))[0] for one in (payment, other)}

    outcomes = at_once(
        {
            channel: lambda c=channel, s=one: take_in(s.body, c, s.headers)
            for channel, one in sent.items()
        }
    )

    assert sorted(outcomes.values()) == [Verdict.EXCESS, Verdict.PAID]
    statuses = set(Payment.objects.values_list("status", flat=True))
    assert statuses == {Payment.Status.PAID, Payment.Status.EXCESS}
    assert EnrolledCourse.objects.count() == 1


# --- Refunds --------------------------------------------------------------------------------------


@pytest.fixture
def asked(gateway: LocalGateway, payment: Payment) -> Refund:
    """A refund of all of the order, which was paid."""
    gateway.pay(payment)
    trades.close(payment, now=timezone.now())
    order = payment.order
    who: dict[str, Any] = {"account_id": order.account_id, "order_number": order.order_number}
    refunds.asking.ask(**who, course_ids=[], reason="", now=timezone.now())
    return Refund.objects.get()


def approve_and_send(refund: Refund, staff_id: int) -> bool | type:
    try:
        approved = deciding.approve(refund.pk, staff_id=staff_id, note="", now=timezone.now())
    except deciding.NotOpen:
        return deciding.NotOpen
    return sending.send(approved, now=timezone.now())


def test_two_approvals_at_once_are_one_refund(gateway: LocalGateway, asked: Refund) -> None:
    staff = [User.objects.create_user(name, is_staff=True).pk for name in ("one", "two")]

    outcomes = at_once({str(pk): lambda pk=pk: approve_and_send(asked, pk) for pk in staff})

    assert sorted(map(str, outcomes.values())) == sorted(map(str, [True, deciding.NotOpen]))
    assert_gone_once(gateway, asked)


def test_whoever_sends_and_the_job_at_once_are_one_refund(
    gateway: LocalGateway, asked: Refund
) -> None:
    chief = User.objects.create_user("chief", is_staff=True)
    refund = deciding.approve(asked.pk, staff_id=chief.pk, note="", now=timezone.now())
    later = timezone.now() + sending.PATIENCE

    outcomes = at_once(
        {
            "sent": lambda: sending.send(refund, now=timezone.now()),
            "job": lambda: sending.send_waiting(now=later).done,
            "another job": lambda: sending.send_waiting(now=later).done,
        }
    )

    assert sum(map(int, outcomes.values())) == 1
    assert_gone_once(gateway, asked)


def test_asking_twice_at_once_is_one_request(gateway: LocalGateway, payment: Payment) -> None:
    gateway.pay(payment)
    trades.close(payment, now=timezone.now())
    order = payment.order
    who: dict[str, Any] = {"account_id": order.account_id, "order_number": order.order_number}

    def ask() -> int:
        return refunds.asking.ask(**who, course_ids=[], reason="", now=timezone.now()).status

    outcomes = at_once({str(number): ask for number in range(8)})

    assert sorted(map(str, outcomes.values())) == sorted(["2"] + [str(OrderStateRefused)] * 7)
    assert Refund.objects.count() == 1


def assert_gone_once(gateway: LocalGateway, refund: Refund) -> None:
    refund.refresh_from_db()
    order = Order.objects.get()
    assert refund.status == Refund.Status.DONE
    assert (order.status, order.refunded) == (3, order.actual_amount)
    trade = gateway.trade(Payment.objects.get())
    assert gateway.book.refunds(trade) == {refund.out_request_no: trade.fen}
    assert CouponRecord.objects.get(pk=2).status == 0
    assert list(audit.findings()) == []
