"""POST and GET /api/alipay/: what Alipay sends, and what is believed of it (contract §10)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from api.gateways import rsa
from api.gateways.local import keys
from api.gateways.local.book import LocalTrade
from api.models import (
    EnrolledCourse,
    Order,
    Payment,
    PaymentNotification,
    PaymentType,
    ShopEvent,
)
from api.services.orders import closing, paying
from api.services.orders.paying import Received
from api.services.payments import notices
from tests.support.gateways import FORM, LocalGateway, begin
from tests.support.orders import order as new_order

pytestmark = pytest.mark.django_db

URL = "/api/alipay/"


@pytest.fixture
def payment(gateway: LocalGateway) -> Payment:
    """Of an order of 99.00, begun at Alipay."""
    return begin(new_order(), PaymentType.ALIPAY)


@pytest.fixture
def trade(gateway: LocalGateway, payment: Payment) -> LocalTrade:
    """The same, paid at the gateway."""
    return gateway.pay(payment)


@pytest.fixture
def notice(gateway: LocalGateway, trade: LocalTrade) -> Callable[..., dict[str, str]]:
    """A notification of the payment, signed; what is given differs, and None is left out."""

    def sign(**other: str | None) -> dict[str, str]:
        params = gateway.alipay.notice(trade, now=timezone.now())
        params = {**params, **other}
        params = {name: value for name, value in params.items() if value is not None}
        return params | {"sign": signature(gateway, params)}

    return sign


@pytest.fixture
def clear_counts() -> Iterator[None]:
    caches["process"].clear()
    yield
    caches["process"].clear()


def signature(gateway: LocalGateway, params: dict[str, str]) -> str:
    pairs = keys.pairs(gateway.settings.LOCAL_GATEWAY_DIR)
    text = "&".join(f"{k}={params[k]}" for k in sorted(params) if k not in ("sign", "sign_type"))
    return rsa.sign(pairs.gateway_private, text.encode())


def send(body: Any) -> str:
    """What is answered, to the letter."""
    if isinstance(body, dict):
        body = urlencode(body)
    answer = Client().post(URL, body, content_type=FORM)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain"
    return answer.content.decode()


def everything() -> list[Any]:
    tables = (Order, Payment, EnrolledCourse, ShopEvent)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def verdict() -> str:
    return PaymentNotification.objects.get().verdict


# --- What is believed -----------------------------------------------------------------------------


def test_a_notification_makes_the_order_paid(payment, trade, notice):
    assert send(notice()) == "success"

    payment.refresh_from_db()
    order = payment.order
    assert (payment.status, payment.trade_no) == (Payment.Status.PAID, trade.trade_no)
    assert (order.status, order.payment_number, order.payment_type) == (0, trade.trade_no, 1)
    assert EnrolledCourse.objects.count() == 1


def test_it_is_kept_raw_with_its_verdict(payment, notice):
    body = urlencode(notice())
    send(body)

    kept = PaymentNotification.objects.get()
    assert (kept.body, kept.verdict, kept.times_seen) == (body, "paid", 1)
    assert (kept.payment, kept.out_trade_no) == (payment, payment.out_trade_no)


def test_fifty_times_is_one_payment_and_one_enrolment(notice):
    body = urlencode(notice())

    assert {send(body) for _ in range(50)} == {"success"}

    assert Payment.objects.count() == EnrolledCourse.objects.count() == 1
    assert PaymentNotification.objects.get().times_seen == 50


def test_finished_without_success_before_it_is_paid(payment, notice):
    assert send(notice(trade_status="TRADE_FINISHED")) == "success"

    payment.refresh_from_db()
    assert payment.order.status == 0


def test_out_of_order_it_is_paid_once(gateway, payment, trade):
    for body in gateway.notices(trade, "disorder"):
        assert send(body) == "success"

    payment.refresh_from_db()
    assert payment.order.status == 0
    assert EnrolledCourse.objects.count() == 1


def test_a_closed_trade_that_was_not_paid_closes_the_payment_and_not_the_order(payment, notice):
    assert send(notice(trade_status="TRADE_CLOSED")) == "success"

    payment.refresh_from_db()
    assert (payment.status, payment.order.status) == (Payment.Status.CLOSED, 1)
    assert verdict() == "closed"


def test_a_closed_trade_after_success_changes_nothing(notice):
    send(notice())
    before = everything()

    assert send(notice(trade_status="TRADE_CLOSED")) == "success"

    assert everything() == before


def test_success_after_a_closed_trade_is_money_all_the_same(payment, notice):
    send(notice(trade_status="TRADE_CLOSED"))

    assert send(notice()) == "success"

    payment.refresh_from_db()
    assert (payment.status, payment.order.status) == (Payment.Status.PAID, 0)


def test_a_trade_that_waits_changes_nothing(notice):
    before = everything()

    assert send(notice(trade_status="WAIT_BUYER_PAY")) == "success"

    assert everything() == before
    assert verdict() == "status"


@pytest.mark.parametrize(
    "refund",
    [
        {"refund_fee": "10.00", "gmt_refund": "2026-11-26 18:00:00.123", "out_biz_no": "R1"},
        {"refund_fee": "10.00"},
        {"gmt_refund": "2026-11-26 18:00:00.123"},
        {"refund_fee": "99.00", "trade_status": "TRADE_CLOSED"},
    ],
    ids=str,
)
def test_a_refund_s_notification_is_no_payment(notice, refund):
    before = everything()

    assert send(notice(**refund)) == "success"

    assert everything() == before
    assert verdict() == "refund"


# --- What is not: nothing changes, and the verdict is kept ----------------------------------------

WRONG = {
    "no signature": ({"sign": None}, "signature", "fail"),
    "no kind of signature": ({"sign_type": None}, "signature", "fail"),
    "an old kind of signature": ({"sign_type": "RSA"}, "signature", "fail"),
    "no application": ({"app_id": None}, "app", "fail"),
    "another application": ({"app_id": "2021000000000002"}, "app", "fail"),
    "no seller": ({"seller_id": None}, "seller", "fail"),
    "another seller": ({"seller_id": "2088000000000002"}, "seller", "fail"),
    "no number": ({"out_trade_no": None}, "missing", "fail"),
    "an unknown number": ({"out_trade_no": "2026"}, "unknown_trade", "success"),
    "no number of Alipay's": ({"trade_no": None}, "missing", "fail"),
    "no amount": ({"total_amount": None}, "missing", "fail"),
    "a fen less": ({"total_amount": "98.99"}, "amount", "success"),
    "a fen more": ({"total_amount": "99.01"}, "amount", "success"),
    "a negative amount": ({"total_amount": "-99.00"}, "missing", "fail"),
    "half a fen": ({"total_amount": "99.005"}, "missing", "fail"),
    "an amount in powers": ({"total_amount": "9.9e1"}, "missing", "fail"),
    "no amount at all": ({"total_amount": "NaN"}, "missing", "fail"),
    "no status": ({"trade_status": None}, "missing", "fail"),
    "an unknown status": ({"trade_status": "TRADE_MAYBE"}, "missing", "fail"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_notification_that_is_wrong_changes_nothing(gateway, payment, notice, name):
    other, expected, answer = WRONG[name]
    params = notice(**{k: v for k, v in other.items() if k != "sign"})
    if "sign" in other:
        del params["sign"]
    before = everything()

    assert send(params) == answer

    assert everything() == before
    assert verdict() == expected


@pytest.mark.parametrize(
    "name",
    ["sign", "sign_type", "app_id", "seller_id", "out_trade_no", "total_amount", "trade_status"],
)
def test_a_parameter_that_comes_twice_is_a_broken_signature(notice, name):
    params = notice()
    before = everything()

    assert send(urlencode([*params.items(), (name, params[name])])) == "fail"

    assert everything() == before
    assert verdict() == "signature"


def test_the_first_check_that_fails_is_the_verdict(notice):
    everything_wrong: dict[str, str | None] = {
        "app_id": "1",
        "seller_id": "2",
        "out_trade_no": "3",
        "total_amount": "4",
        "trade_status": "5",
    }
    for name, expected in [
        ("app_id", "app"),
        ("seller_id", "seller"),
        ("trade_status", "missing"),
        ("out_trade_no", "unknown_trade"),
        ("total_amount", "amount"),
    ]:
        PaymentNotification.objects.all().delete()
        send(notice(**everything_wrong))
        assert verdict() == expected
        del everything_wrong[name]


def test_a_tampered_parameter_is_a_broken_signature(notice):
    before = everything()

    assert send(notice() | {"subject": "something else"}) == "fail"

    assert everything() == before
    assert verdict() == "signature"


def test_the_merchant_s_own_key_signs_no_notification(gateway, notice):
    params = notice()
    pairs = keys.pairs(gateway.settings.LOCAL_GATEWAY_DIR)
    text = "&".join(f"{k}={params[k]}" for k in sorted(params) if k not in ("sign", "sign_type"))

    assert send(params | {"sign": rsa.sign(pairs.merchant_private, text.encode())}) == "fail"


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\xff\xfe", b"a=%ff&sign=x", b"sign=", b"a&b", b"a=1&" * 300], ids=str
)
def test_a_body_that_is_no_form_is_a_broken_signature(db, gateway, body):
    assert send(body) == "fail"

    assert (verdict(), PaymentNotification.objects.get().payment) == ("signature", None)


def test_a_forgery_is_not_kept_at_full_length(db, gateway):
    send(b"a=" + b"1" * 60_000)

    assert len(PaymentNotification.objects.get().body) == 8_192


def test_strangers_fill_no_table_and_genuine_ones_are_kept_all_the_same(
    notice, monkeypatch, clear_counts
):
    monkeypatch.setattr(notices, "MOST_FORGERIES", 3)
    for number in range(5):
        assert send(f"a={number}".encode()) == "fail"
    assert PaymentNotification.objects.count() == 3

    assert send(b"a=0") == "fail"  # the same again needs no room
    assert send(notice()) == "success"

    assert sorted(PaymentNotification.objects.values_list("verdict", "times_seen")) == [
        ("paid", 1),
        *[("signature", 1)] * 2,
        ("signature", 2),
    ]


def test_forgeries_are_forgotten_thirty_days_after_they_came_last(notice, clear_counts):
    now = timezone.now()
    send(notice())
    for days in (29, 30, 31):
        send(f"a={days}".encode())
        newest = PaymentNotification.objects.latest("pk")
        PaymentNotification.objects.filter(pk=newest.pk).update(last_seen=now - timedelta(days))
    PaymentNotification.objects.filter(verdict="paid").update(last_seen=now - timedelta(300))

    assert notices.forget_forgeries(now=now) == 1

    kept = PaymentNotification.objects.order_by("pk").values_list("verdict", "body")
    assert [verdict for verdict, _ in kept] == ["paid", "signature", "signature"]
    assert [body for _, body in kept][1:] == ["a=29", "a=30"]


def test_without_a_merchant_nothing_is_believed(notice, settings):
    params = notice()
    settings.LOCAL_ALIPAY = False

    assert send(params) == "fail"


def test_a_payment_of_another_channel_is_unknown_to_alipay(payment, notice):
    Payment.objects.update(channel="wechat")

    assert send(notice()) == "success"

    assert verdict() == "unknown_trade"


def test_the_number_of_another_payment_s_trade_changes_nothing(payment, trade, notice):
    Payment.objects.create(
        order=new_order(),
        channel="alipay",
        out_trade_no="another",
        trade_no=notice()["trade_no"],
        amount=payment.amount,
        status=Payment.Status.EXCESS,
        created=timezone.now(),
    )
    before = everything()

    assert send(notice()) == "success"

    assert everything() == before
    assert verdict() == "unknown_trade"


def test_whatever_goes_wrong_here_is_answered_as_alipay_reads_it(payment, notice, monkeypatch):
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault of ours")

    before = everything()
    with monkeypatch.context() as fault:
        fault.setattr(paying, "receive", broken)
        assert send(notice()) == "fail"
    assert everything() == before

    assert send(notice()) == "success"
    assert Order.objects.get(pk=payment.order_id).status == 0


@pytest.mark.parametrize("how", ["amount", "seller", "signature"])
def test_what_the_gateway_sends_wrong_on_purpose_changes_nothing(gateway, trade, how):
    before = everything()

    for body in gateway.notices(trade, how):
        send(body)

    assert everything() == before
    assert verdict() == how


# --- Money that the order cannot take -------------------------------------------------------------


def test_money_for_a_cancelled_order_brings_it_back(payment, notice):
    order = payment.order
    Payment.objects.update(status=Payment.Status.CLOSED)
    closing.cancel(account_id=order.account_id, order_number=order.order_number, now=timezone.now())

    assert send(notice()) == "success"

    order.refresh_from_db()
    assert order.status == 0


def test_of_two_payments_by_two_channels_one_counts_and_one_is_to_go_back(payment, notice):
    order = payment.order
    paying.receive(
        order.pk, Received("wechat", "w1", order.actual_amount, "T1"), now=timezone.now()
    )

    assert send(notice()) == "success"
    assert send(notice()) == "success"

    statuses = Payment.objects.order_by("channel").values_list("channel", "status")
    assert list(statuses) == [("alipay", Payment.Status.EXCESS), ("wechat", Payment.Status.PAID)]
    order.refresh_from_db()
    assert (order.status, order.payment_number, order.payment_type) == (0, "T1", 0)
    assert ShopEvent.objects.filter(kind="payment.excess").count() == 1
    assert set(PaymentNotification.objects.values_list("verdict", flat=True)) == {"excess"}


# --- The browser's return -------------------------------------------------------------------------


def way_back(gateway: LocalGateway, trade: LocalTrade) -> str:
    return gateway.alipay.way_back(trade, now=timezone.now()).partition("?")[2]


def test_the_return_leads_to_the_order_s_page_and_proves_nothing(gateway, payment, trade):
    before = everything()

    answer = Client().get(f"{URL}?{way_back(gateway, trade)}")

    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/order/{payment.order.order_number}",  # of the learner's pages
    )
    assert everything() == before
    assert PaymentNotification.objects.count() == 0


def test_the_return_after_the_notification_changes_nothing_more(gateway, payment, trade, notice):
    send(notice())
    before = everything()

    assert Client().get(f"{URL}?{way_back(gateway, trade)}").status_code == 302

    assert everything() == before


@pytest.mark.parametrize(
    ("front_end", "page"),
    [
        ("https://www.example.com/order/%s", "https://www.example.com/order/%s"),
        ("", "/api/order/%s/"),  # as where SHOP is off
    ],
)
def test_the_return_leads_to_the_front_end_where_there_is_one(
    gateway, payment, settings, front_end, page
):
    settings.FRONTEND_ORDER_URL = front_end

    answer = Client().get(URL, {"out_trade_no": payment.out_trade_no})

    assert answer["Location"] == page % payment.order.order_number


@pytest.mark.parametrize("number", ["", "1", "a\0b", "https://evil.example"])
def test_a_return_of_an_unknown_trade_leads_nowhere(db, number):
    assert Client().get(URL, {"out_trade_no": number}).status_code == 404
