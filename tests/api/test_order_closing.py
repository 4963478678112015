"""Closing orders that nobody pays, with gateways that say whatever a test wants (contract §9)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from api.errors import GatewayOutOfReach, GatewayUnclear, OrderStateRefused
from api.models import CouponRecord, EnrolledCourse, Order, Payment, ShopEvent
from api.rules.payments import TradeState
from api.services.orders import closing, trades
from api.services.orders.paying import Outcome
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.fake_gateways import FakeGateways, fake_gateways

pytestmark = pytest.mark.django_db
INSTANT, DAY = timedelta(microseconds=1), timedelta(days=1)
WAITING, PAID, CLOSED = Payment.Status.WAITING, Payment.Status.PAID, Payment.Status.CLOSED


@pytest.fixture
def gateways(monkeypatch: pytest.MonkeyPatch) -> FakeGateways:
    return fake_gateways(monkeypatch)


def begun(order: Order, channel: str = "alipay") -> Payment:
    return Payment.objects.create(
        order=order,
        channel=channel,
        out_trade_no=f"{order.order_number}{channel}",
        amount=order.actual_amount,
        created=timezone.now(),
    )


def everything() -> list[Any]:
    tables = (Order, Payment, CouponRecord, EnrolledCourse, ShopEvent)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def statuses() -> list[int]:
    return list(Order.objects.order_by("pk").values_list("status", flat=True))


# --- Whether it is time ---------------------------------------------------------------------------


def test_an_order_is_due_from_the_moment_on_when_it_expires():
    order = orders.order()

    assert closing.is_due(order, order.expires_at)
    assert not closing.is_due(order, order.expires_at - INSTANT)


@pytest.mark.parametrize("status", range(6))
def test_only_an_order_that_is_not_paid_is_ever_due(status):
    order = orders.order()
    order.status = status

    assert closing.is_due(order, order.expires_at + DAY) == (status == 1)


def test_an_order_that_is_not_there_is_closed_by_nobody():
    assert not closing.close_if_due(1, now=timezone.now())


def test_an_order_that_is_not_due_yet_is_not_closed(gateways):
    order = orders.order()
    begun(order)
    before = everything()

    assert not closing.close_if_due(order.pk, now=order.expires_at - INSTANT)

    assert everything() == before
    assert gateways.alipay.heard == []


# --- Closing once ---------------------------------------------------------------------------------


def test_an_order_that_was_paid_is_not_closed():
    order = orders.order()
    orders.pay(order)
    before = everything()

    assert closing.close_timed_out(order, now=order.expires_at) is False

    assert everything() == before


def test_an_order_closes_once(gateways):
    order = orders.order()

    assert closing.close_if_due(order.pk, now=order.expires_at)
    assert not closing.close_timed_out(order, now=order.expires_at)

    assert ShopEvent.objects.filter(kind="order.closed").count() == 1


def test_a_closed_order_says_when_and_why(gateways):
    now = timezone.now()
    cancelled, late = orders.order(), orders.order()
    who = {"account_id": cancelled.account_id, "order_number": cancelled.order_number}

    assert closing.cancel(**who, now=now).status == 4
    assert closing.close_timed_out(late, now=late.expires_at)

    assert (late.status, late.cancel_time) == (5, late.expires_at)
    rows = Order.objects.order_by("pk").values_list("status", "cancel_time")
    assert list(rows) == [(4, now), (5, late.expires_at)]


@pytest.mark.parametrize("status", [0, 2, 3, 5])
def test_what_cannot_be_cancelled_stays_as_it_is(status):
    order, now = orders.order(), timezone.now()
    Order.objects.update(status=status, pay_time=now, cancel_time=now)
    before = everything()

    with pytest.raises(OrderStateRefused):
        closing.cancel(account_id=order.account_id, order_number=order.order_number, now=now)

    assert everything() == before


@pytest.mark.parametrize("status", [0, 2, 3, 4, 5])
def test_whoever_cancels_what_is_not_to_be_paid_any_more_closes_no_trade(gateways, status):
    order, now = orders.order(), timezone.now()
    Order.objects.update(status=status, pay_time=now, cancel_time=now)
    begun(order)
    who = {"account_id": order.account_id, "order_number": order.order_number}

    trades.close_before_cancelling(**who, now=now)

    assert gateways.alipay.heard == []


# --- The job --------------------------------------------------------------------------------------


def test_the_job_closes_them_all_however_many_there_are(monkeypatch):
    monkeypatch.setattr(closing, "BATCH", 2)
    late = [orders.order() for _ in range(5)]

    assert closing.close_due(now=late[-1].expires_at) == 5

    assert statuses() == [5] * 5


def test_the_job_asks_once_for_each_of_many_that_cannot_be_closed(monkeypatch, gateways):
    monkeypatch.setattr(closing, "BATCH", 2)
    late = [orders.order() for _ in range(3)]
    numbers = [begun(order).out_trade_no for order in late]
    gateways.alipay.unclear = set(numbers)

    assert closing.close_due(now=late[-1].expires_at) == 0

    assert statuses() == [1] * 3
    assert gateways.alipay.heard == [("close", number) for number in numbers]


def test_a_gateway_that_is_silent_is_asked_once_in_a_run(gateways):
    late = [orders.order() for _ in range(3)]
    for order in late:
        begun(order)
    gateways.alipay.silent = True

    assert closing.close_due(now=late[-1].expires_at) == 0

    assert statuses() == [1] * 3
    assert len(gateways.alipay.heard) == 1


def test_behind_a_gateway_that_is_silent_those_are_closed_that_no_gateway_knows(gateways):
    late = [orders.order() for _ in range(3)]
    for order in late[:2]:
        begun(order)
    gateways.alipay.silent = True

    assert closing.close_due(now=late[-1].expires_at) == 1

    assert statuses() == [1, 1, 5]


def test_an_answer_that_does_not_help_keeps_one_order_open_and_no_other(gateways):
    late = [orders.order() for _ in range(3)]
    gateways.alipay.unclear.add(begun(late[0]).out_trade_no)
    begun(late[1])

    assert closing.close_due(now=late[-1].expires_at) == 2

    assert statuses() == [1, 5, 5]


def test_the_orders_of_one_account_alone_can_be_closed():
    first, second = orders.order(), orders.order()

    assert closing.close_due(now=second.expires_at, account_id=first.account_id) == 1

    assert statuses() == [5, 1]


# --- Coupons that come back -----------------------------------------------------------------------


def with_two_coupons() -> tuple[Order, CouponRecord, CouponRecord]:
    """Each of its own course; taken on a day on which both had five days left, long ago."""
    account = AccountFactory()
    courses = CourseFactory.create_batch(2)
    policies = [PricePolicyFactory(content_object=course, price=50.0) for course in courses]
    first, second = (
        CouponRecordFactory(account=account, coupon=CouponFactory(course=course))
        for course in courses
    )
    order = orders.place(account, policies, (first, second))
    order.quote["taken"] = "2020-01-01"
    for line in order.quote["course_list"]:
        line["coupons"][0]["last_day"] = "2020-01-06"
    order.save()
    return order, first, second


def test_a_coupon_that_comes_back_alone_gets_its_days_alone():
    order, first, second = with_two_coupons()
    now = timezone.now()

    closing.extend(order, [second.pk], now=now)

    first.refresh_from_db()
    second.refresh_from_db()
    until = timezone.localdate(now) + 5 * DAY
    assert (first.valid_until, second.valid_until) == (None, until)


def test_a_coupon_without_a_last_day_gets_none():
    order, first, second = with_two_coupons()
    order.quote["course_list"][0]["coupons"][0]["last_day"] = None

    closing.extend(order, [first.pk, second.pk], now=timezone.now())

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.valid_until, second.valid_until is None) == (None, False)


def test_a_coupon_whose_last_day_is_today_keeps_its_days():
    order, first, second = with_two_coupons()
    now = timezone.make_aware(timezone.datetime(2020, 1, 6, 23, 59))

    closing.extend(order, [first.pk], now=now)
    closing.extend(order, [second.pk], now=now + DAY)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.valid_until, second.valid_until) == (None, date(2020, 1, 12))


# --- A trade --------------------------------------------------------------------------------------


def test_a_trade_that_nobody_paid_is_closed(gateways):
    payment = begun(orders.order())

    trades.close(payment, now=timezone.now())

    payment.refresh_from_db()
    assert payment.status == CLOSED
    assert gateways.alipay.heard == [("close", payment.out_trade_no)]


@pytest.mark.parametrize("amount", [None, Decimal("99.00")])
def test_a_trade_that_was_paid_makes_its_order_paid(gateways, amount):
    payment = begun(orders.order())
    gateways.alipay.state, gateways.alipay.trade_no = TradeState.PAID, "T1"
    gateways.alipay.amount = amount

    trades.close_of(payment.order, now=timezone.now())

    payment.refresh_from_db()
    assert (payment.status, payment.trade_no, payment.amount) == (PAID, "T1", 99)
    assert statuses() == [0]


@pytest.mark.parametrize("amount", [Decimal("98.99"), Decimal("99.01")])
def test_a_trade_of_another_amount_changes_nothing(gateways, amount):
    payment = begun(orders.order())
    gateways.alipay.state, gateways.alipay.amount = TradeState.PAID, amount
    before = everything()

    with pytest.raises(GatewayUnclear):
        trades.close(payment, now=timezone.now())

    assert everything() == before


def test_a_trade_under_another_payment_s_number_changes_nothing(gateways):
    other = begun(orders.order())
    Payment.objects.filter(pk=other.pk).update(trade_no="T1", status=PAID)
    payment = begun(orders.order())
    gateways.alipay.state, gateways.alipay.trade_no = TradeState.PAID, "T1"
    before = everything()

    with pytest.raises(GatewayUnclear):
        trades.close(payment, now=timezone.now())

    assert everything() == before


def test_where_the_channel_has_no_merchant_any_more_the_trade_stays_open(gateways):
    payment = begun(orders.order())
    gateways.alipay = None
    before = everything()

    with pytest.raises(GatewayUnclear):
        trades.close(payment, now=timezone.now())

    assert everything() == before


def test_a_trade_begun_since_keeps_the_order_open():
    order = orders.order()
    begun(order)
    before = everything()

    with pytest.raises(GatewayOutOfReach):
        closing.cancel(
            account_id=order.account_id, order_number=order.order_number, now=timezone.now()
        )

    assert everything() == before


def test_a_payment_is_noted_as_closed_once():
    payment = begun(orders.order())

    assert trades.note_closed(payment)
    assert not trades.note_closed(payment)


def test_money_that_came_says_what_became_of_it(gateways):
    payment, now = begun(orders.order()), timezone.now()
    gateways.alipay.state = TradeState.PAID
    trade = gateways.alipay.query(payment.out_trade_no, now=now)

    assert trades.take_in(payment, trade, now=now) is Outcome.PAID
