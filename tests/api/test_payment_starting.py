"""Starting to pay, at gateways that say whatever a test wants (contract §10)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from api.errors import ChannelUnavailable, OrderNotFound, OrderStateRefused
from api.models import Order, Payment, PaymentType
from api.rules.payments import Way
from api.services.payments import starting
from api.services.payments.starting import Begun, Payer
from tests.support import orders
from tests.support.fake_gateways import FakeGateways, fake_gateways

pytestmark = pytest.mark.django_db
ALIPAY, WECHAT = PaymentType.ALIPAY, PaymentType.WECHAT
INSTANT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def gateways(monkeypatch: pytest.MonkeyPatch) -> FakeGateways:
    return fake_gateways(monkeypatch)


def start(order: Order, payer: Payer | None = None, now: Any = None) -> Begun:
    return starting.start(
        account_id=order.account_id,
        order_number=order.order_number,
        payer=payer or Payer(ALIPAY),
        now=now or timezone.now(),
    )


def in_state(status: int) -> Order:
    order, now = orders.order(), timezone.now()
    Order.objects.filter(pk=order.pk).update(status=status, pay_time=now, cancel_time=now)
    order.refresh_from_db()
    return order


def numbers() -> list[str]:
    return list(Payment.objects.order_by("pk").values_list("out_trade_no", flat=True))


def paid_at(order: Order) -> str | None:
    return starting.pay_url(Order.objects.get(pk=order.pk))


# --- Asked for ------------------------------------------------------------------------------------


def test_the_gateway_is_told_what_costs_how_much_and_until_when(gateways):
    order = orders.order()

    begun = start(order, Payer(WECHAT, Way.JSAPI, ip="192.0.2.7", openid="o7"))

    (charge,) = gateways.wechat.charges
    assert (charge.out_trade_no, charge.amount) == (f"{order.order_number}01", 99)
    assert (charge.subject, charge.expires_at) == (
        f"课程订单{order.order_number}",
        order.expires_at,
    )
    assert (charge.way, charge.client_ip, charge.openid) == (Way.JSAPI, "192.0.2.7", "o7")
    payment = Payment.objects.get()
    assert (begun.payment, begun.started.pay_url) == (payment, payment.pay_url)
    assert payment.pay_url == f"https://pay.example/{charge.out_trade_no}"


def test_each_channel_and_way_is_a_payment_with_the_next_number():
    order = orders.order()
    for payer in (Payer(ALIPAY), Payer(ALIPAY, Way.PAGE), Payer(ALIPAY, Way.WAP), Payer(WECHAT)):
        start(order, payer)

    assert numbers() == [f"{order.order_number}{number:02}" for number in (1, 2, 3)]
    ways = Payment.objects.order_by("pk").values_list("channel", "way")
    assert list(ways) == [("alipay", "page"), ("alipay", "wap"), ("wechat", "native")]


def test_an_order_can_be_paid_until_it_expires():
    order = orders.order()

    start(order, now=order.expires_at - INSTANT)

    assert len(numbers()) == 1


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=1)])
def test_an_order_that_cannot_be_closed_in_time_cannot_be_paid_either(gateways, late):
    order = orders.order()
    start(order)
    gateways.alipay.silent = True

    with pytest.raises(OrderStateRefused):
        start(order, Payer(WECHAT), now=order.expires_at + late)

    order.refresh_from_db()
    assert (order.status, len(numbers())) == (1, 1)
    assert gateways.wechat.charges == []


@pytest.mark.parametrize("status", [0, 2, 3, 4, 5])
def test_an_order_in_another_state_is_not_to_be_paid(gateways, status):
    order = in_state(status)

    with pytest.raises(OrderStateRefused):
        start(order)

    assert (numbers(), gateways.alipay.heard) == ([], [])


@pytest.mark.parametrize("status", [0, 2, 3, 4, 5])
def test_that_an_order_is_not_to_be_paid_is_said_before_that_its_channel_is_not_there(
    gateways, status
):
    gateways.alipay = None

    with pytest.raises(OrderStateRefused):
        start(in_state(status))


@pytest.mark.parametrize("status", [0, 2, 3, 4, 5])
def test_an_order_that_is_paid_or_closed_at_that_moment_gets_no_payment(monkeypatch, status):
    order, now = orders.order(), timezone.now()
    lock_account = starting.lock_account

    def meanwhile(account_id: int) -> None:
        lock_account(account_id)
        Order.objects.update(status=status, pay_time=now, cancel_time=now)

    monkeypatch.setattr(starting, "lock_account", meanwhile)

    with pytest.raises(OrderStateRefused):
        start(order)

    assert numbers() == []


def test_an_order_that_is_not_there_cannot_be_paid():
    order = orders.order()
    order.order_number = "20260101"

    with pytest.raises(OrderNotFound):
        start(order)


def test_a_gateway_that_does_not_answer_is_not_available(gateways):
    gateways.alipay.silent = True

    with pytest.raises(ChannelUnavailable):
        start(orders.order())

    assert Payment.objects.get().pay_url == ""


@pytest.mark.parametrize("payer", [Payer(ALIPAY, Way.NATIVE), Payer(PaymentType.COUPON)])
def test_a_way_that_there_is_not_is_not_available(payer):
    with pytest.raises(ChannelUnavailable):
        start(orders.order(), payer)

    assert numbers() == []


def test_a_channel_without_a_merchant_is_not_available(gateways):
    gateways.alipay = None

    with pytest.raises(ChannelUnavailable):
        start(orders.order())

    assert numbers() == []


# --- At once, as an order is placed ---------------------------------------------------------------


def test_a_new_order_gets_an_address_where_its_channel_asks_nobody(gateways):
    order, now = orders.order(), timezone.now()

    starting.start_at_once(order, now=now)

    payment = Payment.objects.get()
    assert (payment.channel, payment.way, payment.created) == ("alipay", "page", now)
    assert paid_at(order) == payment.pay_url != ""


def test_a_new_order_gets_none_where_its_channel_would_have_to_be_asked(gateways):
    order = orders.order()
    order.payment_type = WECHAT

    starting.start_at_once(order, now=timezone.now())

    assert (numbers(), gateways.wechat.heard) == ([], [])


def test_a_new_order_gets_none_where_its_channel_has_no_merchant(gateways):
    gateways.alipay = None

    starting.start_at_once(orders.order(), now=timezone.now())

    assert numbers() == []


@pytest.mark.parametrize("payment_type", [ALIPAY, PaymentType.COUPON])
@pytest.mark.parametrize("status", [0, 4])
def test_an_order_that_is_not_to_be_paid_gets_none(gateways, status, payment_type):
    order = in_state(status)
    order.payment_type = payment_type

    starting.start_at_once(order, now=timezone.now())

    assert (numbers(), gateways.alipay.heard) == ([], [])


def test_an_order_that_was_closed_since_it_was_placed_gets_none(gateways):
    order = orders.order()
    Order.objects.update(status=4, cancel_time=timezone.now())

    starting.start_at_once(order, now=timezone.now())

    assert (numbers(), gateways.alipay.heard) == ([], [])


# --- Where an order can be paid -------------------------------------------------------------------


def test_the_last_address_is_where_an_order_can_be_paid():
    order = orders.order()
    assert paid_at(order) is None
    start(order)
    last = start(order, Payer(WECHAT)).started.pay_url

    assert paid_at(order) == last


def test_a_payment_without_an_address_takes_none_away(gateways):
    order = orders.order()
    first = start(order).started.pay_url
    gateways.wechat.silent = True
    with pytest.raises(ChannelUnavailable):
        start(order, Payer(WECHAT))

    assert paid_at(order) == first


@pytest.mark.parametrize("status", [1, 2, 3])
def test_a_payment_that_does_not_wait_is_no_address(status):
    order = orders.order()
    start(order)
    Payment.objects.update(status=status)

    assert paid_at(order) is None


@pytest.mark.parametrize("status", [0, 2, 3, 4, 5])
def test_an_order_that_is_not_to_be_paid_has_no_address(status):
    order = orders.order()
    start(order)
    Order.objects.update(status=status, pay_time=order.date, cancel_time=order.date)

    assert paid_at(order) is None
