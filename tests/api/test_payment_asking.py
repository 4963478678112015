"""Payments of which no notification came: what gateways are asked, and what is counted
(contract §10)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from api.models import Order, Payment
from api.rules.payments import TradeState
from api.services.payments import asking
from api.services.payments.asking import Asked
from tests.support import orders
from tests.support.fake_gateways import FakeGateways, fake_gateways

pytestmark = pytest.mark.django_db
NOW = timezone.now()
SECOND = timedelta(seconds=1)


@pytest.fixture
def gateways(monkeypatch: pytest.MonkeyPatch) -> FakeGateways:
    return fake_gateways(monkeypatch)


def waits(channel: str = "alipay", status: int = 1, *, paid: bool = False) -> str:
    """A payment begun an hour ago, of a new order; gives its number."""
    order = orders.order()
    if paid:
        orders.pay(order)
    else:
        now = timezone.now()
        Order.objects.filter(pk=order.pk).update(status=status, pay_time=now, cancel_time=now)
    payment = Payment.objects.create(
        order=order,
        channel=channel,
        out_trade_no=f"{order.order_number}{channel}",
        amount=order.actual_amount,
        created=NOW - timedelta(hours=1),
    )
    return payment.out_trade_no


def became(number: str) -> int:
    return Payment.objects.get(out_trade_no=number).status


def test_a_notification_has_a_minute_to_come_by_itself(gateways):
    waits()
    Payment.objects.update(created=NOW - timedelta(minutes=1) + SECOND)
    assert asking.ask_waiting(now=NOW) == Asked()
    assert gateways.alipay.heard == []

    assert asking.ask_waiting(now=NOW + SECOND) == Asked(asked=1)


def test_nothing_asked_is_nothing_told():
    assert asking.ask_waiting(now=NOW) == Asked(asked=0, paid=0, closed=0, silent=0)


def test_a_run_counts_what_became_of_each_payment(gateways):
    states = {
        waits(): TradeState.PAID,
        waits(): TradeState.PAID,
        waits(): TradeState.CLOSED,
        waits(): TradeState.CLOSED,
        waits(): TradeState.CLOSED,
        waits(): TradeState.WAITING,
        waits(): TradeState.ABSENT,
    }
    gateways.alipay.states = states
    gateways.alipay.unclear = {waits(), waits()}
    gateways.wechat.silent = True
    for _ in range(3):
        waits("wechat")

    assert asking.ask_waiting(now=NOW) == Asked(asked=10, paid=2, closed=3, silent=5)

    statuses = [became(number) for number in states]
    assert statuses == [1, 1, 2, 2, 2, 0, 0]


def test_a_silent_gateway_is_asked_once_and_another_one_all_the_same(gateways):
    for _ in range(2):
        waits()
    paid = waits("wechat")
    gateways.alipay.silent, gateways.wechat.state = True, TradeState.PAID

    assert asking.ask_waiting(now=NOW) == Asked(asked=2, paid=1, silent=2)

    assert len(gateways.alipay.heard) == 1
    assert became(paid) == Payment.Status.PAID


def test_an_answer_that_does_not_help_is_of_one_payment_alone(gateways):
    unclear, paid = waits(), waits()
    gateways.alipay.unclear, gateways.alipay.state = {unclear}, TradeState.PAID

    assert asking.ask_waiting(now=NOW) == Asked(asked=2, paid=1, silent=1)

    assert (became(unclear), became(paid)) == (Payment.Status.WAITING, Payment.Status.PAID)


def test_a_channel_without_a_merchant_cannot_be_asked(gateways):
    number = waits()
    gateways.alipay = None

    assert asking.ask_waiting(now=NOW) == Asked(asked=1, silent=1)

    assert became(number) == Payment.Status.WAITING


@pytest.mark.parametrize("status", range(6))
def test_a_trade_is_closed_where_its_order_is_not_to_be_paid_any_more(gateways, status):
    number = waits(status=status)

    told = asking.ask_waiting(now=NOW)

    still = status == 1
    assert gateways.alipay.heard == [("query" if still else "close", number)]
    assert told == Asked(asked=1, closed=not still)


def test_money_that_is_to_go_back_came_in_too(gateways):
    number = waits(paid=True)
    gateways.alipay.state = TradeState.PAID

    assert asking.ask_waiting(now=NOW) == Asked(asked=1, paid=1)

    assert became(number) == Payment.Status.EXCESS
