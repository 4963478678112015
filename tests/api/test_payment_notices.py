"""Notifications of a gateway that says whatever a test wants: what is done, and what is kept
(contract §10)."""

import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.core.cache import caches
from django.utils import timezone

from api.gateways.base import Notice
from api.models import (
    EnrolledCourse,
    LedgerEntry,
    Order,
    Payment,
    PaymentNotification,
    ShopEvent,
)
from api.rules.payments import Verdict
from api.services.payments import notices
from tests.support import orders
from tests.support.fake_gateways import FakeGateways, fake_gateways

pytestmark = pytest.mark.django_db
NOW = timezone.now()
LONG = b"x" * 10_000


@pytest.fixture(autouse=True)
def gateways(monkeypatch: pytest.MonkeyPatch) -> FakeGateways:
    return fake_gateways(monkeypatch)


@pytest.fixture(autouse=True)
def counts() -> Iterator[Any]:
    caches["process"].clear()
    yield caches["process"]
    caches["process"].clear()


@pytest.fixture
def payment() -> Payment:
    """Of an order of 99.00, begun at Alipay."""
    order = orders.order()
    return Payment.objects.create(
        order=order, channel="alipay", out_trade_no="n1", amount=99, created=order.date
    )


def notice(verdict: Verdict = Verdict.PAID, amount: str = "99.00", number: str = "n1") -> Notice:
    return Notice(number, f"T{number}", Decimal(amount), verdict)


def send(body: bytes = b"b", headers: dict[str, str] | None = None) -> Verdict:
    return notices.take_in("alipay", body, headers or {}, now=NOW)


def everything() -> list[Any]:
    tables = (Order, Payment, EnrolledCourse, ShopEvent, LedgerEntry)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def kept() -> list[tuple[str, int]]:
    rows = PaymentNotification.objects.order_by("pk")
    return list(rows.values_list("verdict", "times_seen"))


# --- What is done ---------------------------------------------------------------------------------


def test_paid_is_paid(gateways, payment):
    gateways.alipay.signed[b"b"] = notice()

    assert send() is Verdict.PAID

    payment.refresh_from_db()
    assert (payment.status, payment.trade_no, payment.order.status) == (1, "Tn1", 0)
    assert (PaymentNotification.objects.get().payment, kept()) == (payment, [("paid", 1)])


@pytest.mark.parametrize("amount", ["98.99", "99.01"])
@pytest.mark.parametrize("said", [Verdict.PAID, Verdict.CLOSED, Verdict.REFUND])
def test_another_amount_is_refused_whatever_else_it_says(gateways, payment, said, amount):
    gateways.alipay.signed[b"b"] = notice(said, amount)
    before = everything()

    assert send() is Verdict.AMOUNT

    assert everything() == before


def test_another_amount_than_the_order_s_is_refused(gateways, payment):
    Payment.objects.update(amount=98)
    gateways.alipay.signed[b"b"] = notice(amount="98.00")
    before = everything()

    assert send() is Verdict.AMOUNT

    assert everything() == before


@pytest.mark.parametrize("said", [Verdict.REFUND, Verdict.STATUS])
def test_what_asks_for_nothing_changes_nothing(gateways, payment, said):
    gateways.alipay.signed[b"b"] = notice(said)
    before = everything()

    assert send() is said

    assert everything() == before


def test_money_that_the_order_cannot_take_is_told_as_such(gateways, payment):
    orders.pay(payment.order)
    gateways.alipay.signed[b"b"] = notice()

    assert send() is Verdict.EXCESS

    payment.refresh_from_db()
    assert payment.status == Payment.Status.EXCESS


def test_closed_is_closed_and_the_second_time_nothing(gateways, payment):
    gateways.alipay.signed[b"b"] = notice(Verdict.CLOSED)
    assert send() is Verdict.CLOSED
    before = everything()

    assert send() is Verdict.STATUS

    assert everything() == before
    assert kept() == [("status", 2)]  # the last one's


def test_a_number_that_is_not_known_yet_may_be_known_later(gateways):
    gateways.alipay.signed[b"b"] = notice()
    assert send() is Verdict.UNKNOWN_TRADE
    order = orders.order()
    Payment.objects.create(
        order=order, channel="alipay", out_trade_no="n1", amount=99, created=order.date
    )

    assert send() is Verdict.PAID

    assert kept() == [("paid", 2)]
    assert PaymentNotification.objects.get().payment == Payment.objects.get()


def test_the_number_of_another_payment_s_trade_is_refused(gateways, payment):
    other = orders.order()
    Payment.objects.create(
        order=other,
        channel="alipay",
        out_trade_no="n2",
        trade_no="Tn1",
        amount=99,
        status=Payment.Status.PAID,
        created=other.date,
    )
    gateways.alipay.signed[b"b"] = notice()
    before = everything()

    assert send() is Verdict.UNKNOWN_TRADE

    assert everything() == before


def test_without_a_merchant_nothing_is_believed(gateways, payment):
    gateways.alipay = None
    before = everything()

    assert send() is Verdict.SIGNATURE

    assert everything() == before


# --- What is kept ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", [Verdict.PAID, Verdict.CLOSED, Verdict.REFUND, Verdict.STATUS, Verdict.UNKNOWN_TRADE]
)
def test_what_is_believed_is_kept_whole(gateways, payment, said):
    number = "n2" if said is Verdict.UNKNOWN_TRADE else "n1"
    gateways.alipay.signed[LONG] = notice(said, number=number)

    assert send(LONG, {"Wechatpay-Nonce": "y" * 2_000}) is said

    told = PaymentNotification.objects.get()
    assert (told.body, told.headers) == (LONG.decode(), {"Wechatpay-Nonce": "y" * 2_000})
    assert (told.out_trade_no, told.first_seen, told.last_seen) == (number, NOW, NOW)


def test_of_what_nobody_signed_the_beginning_is_kept():
    send(LONG, {"Wechatpay-Nonce": "y" * 2_000})

    told = PaymentNotification.objects.get()
    assert (len(told.body), told.headers) == (8_192, {"Wechatpay-Nonce": "y" * 1_024})


@pytest.mark.parametrize("said", [Verdict.PAID, Verdict.STATUS, Verdict.UNKNOWN_TRADE])
def test_a_stranger_who_sends_it_again_leaves_it_believed(gateways, payment, said):
    gateways.alipay.signed[b"b"] = notice(said, number="n2" if said.value > "t" else "n1")
    send()
    del gateways.alipay.signed[b"b"]

    assert send() is Verdict.SIGNATURE

    assert kept() == [(said.value, 2)]


def test_what_a_stranger_sent_before_is_believed_once_it_is_signed(gateways, payment):
    send()
    gateways.alipay.signed[b"b"] = notice()

    assert send() is Verdict.PAID

    assert kept() == [("paid", 2)]


@pytest.mark.parametrize(
    "said", [Verdict.PAID, Verdict.CLOSED, Verdict.REFUND, Verdict.STATUS, Verdict.UNKNOWN_TRADE]
)
def test_strangers_leave_room_for_what_is_believed(gateways, payment, monkeypatch, said):
    monkeypatch.setattr(notices, "MOST_FORGERIES", 0)
    send(b"forged")
    number = "n2" if said is Verdict.UNKNOWN_TRADE else "n1"
    gateways.alipay.signed[b"b"] = notice(said, number=number)

    assert send() is said

    assert kept() == [(said.value, 1)]


def test_of_a_day_s_forgeries_two_hundred_are_kept_of_each_channel(counts):
    counts.set("forgeries:alipay", 198)
    for number in range(4):
        send(str(number).encode())
    assert len(kept()) == 2

    notices.take_in("wechat", b"b", {}, now=NOW)

    assert len(kept()) == 3


@pytest.mark.parametrize(("hours", "more"), [(23, 0), (25, 1)])
def test_a_day_later_there_is_room_for_forgeries_again(monkeypatch, hours, more):
    monkeypatch.setattr(notices, "MOST_FORGERIES", 1)
    send(b"first")
    later = time.time() + hours * 3_600

    with mock.patch("django.core.cache.backends.locmem.time.time", return_value=later):
        send(b"second")

    assert len(kept()) == 1 + more


def test_a_day_that_ends_at_that_moment_leaves_room_too(counts, monkeypatch):
    def ended(*_: Any) -> int:
        raise ValueError

    monkeypatch.setattr(counts, "incr", ended)

    send()

    assert kept() == [("signature", 1)]


def test_what_nobody_signed_is_forgotten_thirty_days_after_it_came_last(gateways, payment):
    gateways.alipay.signed[b"b"] = notice()
    for body in (b"b", b"forged", b"forged later"):
        send(body)
    last = NOW - timedelta(days=30)
    PaymentNotification.objects.update(last_seen=last - timedelta(seconds=1))
    PaymentNotification.objects.filter(body="forged later").update(last_seen=last)

    assert notices.forget_forgeries(now=NOW) == 1

    left = PaymentNotification.objects.order_by("pk").values_list("body", flat=True)
    assert list(left) == ["b", "forged later"]


def test_the_same_that_comes_twice_at_the_same_moment_is_one(monkeypatch):
    has_room = notices._has_room_for_a_forgery

    def another_is_first(channel: str) -> bool:
        monkeypatch.setattr(notices, "_has_room_for_a_forgery", has_room)
        send()
        return True

    monkeypatch.setattr(notices, "_has_room_for_a_forgery", another_is_first)

    assert send() is Verdict.SIGNATURE

    assert kept() == [("signature", 2)]
