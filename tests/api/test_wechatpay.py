"""WeChat Pay: Native, H5 and JSAPI, closing and asking, and POST /api/wechatpay/ (contract §10)."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.test import Client
from django.utils import timezone

from api.gateways import rsa
from api.gateways.channels import gateway_of
from api.gateways.local import keys
from api.gateways.local.book import LocalTrade
from api.gateways.local.sending import Sending
from api.models import (
    EnrolledCourse,
    Order,
    Payment,
    PaymentNotification,
    PaymentType,
    ShopEvent,
)
from api.rules.payments import TradeState, Way
from api.services.orders import paying
from api.services.payments import asking
from tests.conftest import Customer
from tests.support.factories import CourseFactory, PricePolicyFactory
from tests.support.gateways import LocalGateway, begin
from tests.support.orders import order as new_order
from tests.support.orders import place

pytestmark = pytest.mark.django_db

URL = "/api/wechatpay/"


# --- Starting, closing, asking --------------------------------------------------------------------


@pytest.fixture
def order(alice: Customer, gateway: LocalGateway) -> Order:
    """One course at 599.00, not paid."""
    return place(alice.account, [PricePolicyFactory(content_object=CourseFactory(), price=599.0)])


def pay(customer: Customer, order: Order, **asked: Any) -> Any:
    url = f"/api/order/{order.order_number}/pay/"
    return customer.post(url, {"payment_type": 0, **asked}).json()


def test_native_answers_what_is_shown_as_a_code(alice, order, gateway):
    data = pay(alice, order)["data"]

    trade = gateway.trade(Payment.objects.get())
    assert (data["way"], data["payment_type"], data["parameters"]) == ("native", 0, {})
    assert data["pay_url"].endswith(f"/gateway/cashier/{trade.secret}/")
    assert (trade.fen, trade.way) == (59900, "native")
    assert datetime_of(trade.expires_at) == order.expires_at.replace(microsecond=0)


def datetime_of(text: str) -> Any:
    return timezone.datetime.fromisoformat(text)


def test_h5_answers_an_address_that_leads_back_to_the_order(alice, order):
    data = pay(alice, order, way="h5")["data"]

    assert "redirect_url=" in data["pay_url"]
    assert data["out_trade_no"] in data["pay_url"]


def test_jsapi_answers_parameters_that_the_merchant_signed(alice, order, settings):
    data = pay(alice, order, way="jsapi", openid="oBuyer")["data"]

    said = data["parameters"]
    names = ("appId", "timeStamp", "nonceStr", "package")
    text = "".join(f"{said[name]}\n" for name in names)
    public = keys.pairs(settings.LOCAL_GATEWAY_DIR).merchant_public
    assert (data["pay_url"], said["signType"]) == ("", "RSA")
    assert rsa.verifies(public, text.encode(), said["paySign"])


def test_jsapi_needs_to_know_who_pays(alice, order):
    answer = pay(alice, order, way="jsapi")

    assert answer["code"] == 1400
    assert answer["error"].startswith("openid")
    assert Payment.objects.count() == 0


def test_asking_twice_goes_on_with_the_same_payment(alice, order):
    assert pay(alice, order) == pay(alice, order)
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("answer", ["error", pytest.param("silent", marks=pytest.mark.slow)])
def test_a_gateway_that_does_not_answer_is_not_available(alice, order, gateway, answer):
    gateway.book.behave("answer", answer)

    assert pay(alice, order)["code"] == 4013

    gateway.book.behave("answer", "")
    assert pay(alice, order)["code"] == 1000
    assert Payment.objects.count() == 1


def cancel(customer: Customer, order: Order) -> Any:
    return customer.post(f"/api/order/{order.order_number}/cancel/", {}).json()


def test_cancelling_closes_the_trade_at_the_gateway_first(alice, order, gateway):
    payment = begin(order, PaymentType.WECHAT)

    assert cancel(alice, order)["data"]["status"] == 4

    payment.refresh_from_db()
    assert payment.status == Payment.Status.CLOSED
    assert gateway.trade(payment).state == "closed"


def test_cancelling_an_order_that_was_paid_meanwhile_makes_it_paid(alice, order, gateway):
    gateway.pay(begin(order, PaymentType.WECHAT))

    assert cancel(alice, order)["code"] == 4011

    order.refresh_from_db()
    assert (order.status, order.payment_type) == (0, 0)


@pytest.mark.slow
def test_cancelling_while_the_gateway_is_silent_leaves_the_order_open(alice, order, gateway):
    begin(order, PaymentType.WECHAT)
    gateway.book.behave("answer", "late")
    assert cancel(alice, order)["code"] == 1503
    order.refresh_from_db()
    assert order.status == 1

    gateway.book.behave("answer", "")
    assert cancel(alice, order)["code"] == 1000


def test_a_payment_of_which_no_notification_came_is_asked_for(order, gateway):
    gateway.pay(begin(order, PaymentType.WECHAT))

    told = asking.ask_waiting(now=timezone.now() + asking.PATIENCE)

    order.refresh_from_db()
    assert (told.paid, order.status) == (1, 0)


def test_a_trade_that_names_another_payment_s_number_stops_no_other(order, gateway):
    trade = gateway.pay(begin(order, PaymentType.WECHAT))
    Payment.objects.create(
        order=new_order(),
        channel="wechat",
        out_trade_no="another",
        trade_no=trade.trade_no,
        amount=order.actual_amount,
        status=Payment.Status.EXCESS,
        created=timezone.now(),
    )
    later = begin(new_order(), PaymentType.WECHAT)
    gateway.pay(later)

    told = asking.ask_waiting(now=timezone.now() + asking.PATIENCE)

    order.refresh_from_db()
    later.order.refresh_from_db()
    assert (told.asked, told.paid, told.silent) == (2, 1, 1)
    assert (order.status, later.order.status) == (1, 0)


def test_a_trade_that_the_gateway_does_not_know_is_absent(order):
    gateway = gateway_of("wechat")
    assert gateway is not None

    assert gateway.query("20261126000000", now=timezone.now()).state is TradeState.ABSENT
    assert gateway.close("20261126000000", now=timezone.now()).state is TradeState.ABSENT


def test_an_answer_that_another_key_signed_is_none(alice, order, settings, tmp_path):
    """The gateway's key is exchanged behind the shop's back."""
    begin(order, PaymentType.WECHAT)
    mine = keys.pairs(settings.LOCAL_GATEWAY_DIR)
    settings.LOCAL_WECHATPAY = False
    settings.WECHATPAY = True
    settings.WECHATPAY_MCHID, settings.WECHATPAY_APPID = keys.MCHID, keys.APPID
    settings.WECHATPAY_SERIAL, settings.WECHATPAY_APIV3_KEY = keys.SERIAL, mine.apiv3_key
    settings.WECHATPAY_PRIVATE_KEY = mine.merchant_private
    settings.WECHATPAY_PUBLIC_KEY_ID = keys.PUBLIC_KEY_ID
    settings.WECHATPAY_PUBLIC_KEY = keys.pairs(tmp_path).gateway_public
    settings.WECHATPAY_GATEWAY = f"{settings.PUBLIC_URL}/gateway/wechat"

    assert cancel(alice, order)["code"] == 1503


# --- Notifications --------------------------------------------------------------------------------


@pytest.fixture
def payment(gateway: LocalGateway) -> Payment:
    """Of an order of 99.00, begun at WeChat."""
    return begin(new_order(), PaymentType.WECHAT, Way.NATIVE)


@pytest.fixture
def trade(gateway: LocalGateway, payment: Payment) -> LocalTrade:
    """The same, paid at the gateway."""
    return gateway.pay(payment)


@pytest.fixture
def notice(gateway: LocalGateway, trade: LocalTrade) -> Callable[..., Sending]:
    """A notification of the payment, sealed and signed; what is given differs, None is left out."""

    def sign(**other: Any) -> Sending:
        return gateway.wechat.notice(trade, **{"now": timezone.now(), **other})

    return sign


def send(sending: Sending, **headers: str | None) -> Any:
    """The answer: its status, and its JSON."""
    sent: dict[str, Any] = {**sending.headers, **headers}
    own = {name: value for name, value in sent.items() if value is not None}
    own.pop("Content-Type", None)
    answer = Client().post(URL, sending.body, content_type="application/json", headers=own)
    return answer.status_code, json.loads(answer.content) if answer.content else None


def everything() -> list[Any]:
    tables = (Order, Payment, EnrolledCourse, ShopEvent)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def verdict() -> str:
    return PaymentNotification.objects.get().verdict


def test_a_notification_makes_the_order_paid(payment, trade, notice):
    assert send(notice()) == (204, None)

    payment.refresh_from_db()
    assert (payment.status, payment.trade_no) == (Payment.Status.PAID, trade.trade_no)
    assert (payment.order.status, payment.order.payment_type) == (0, 0)
    assert EnrolledCourse.objects.count() == 1


def test_it_is_kept_raw_with_what_signed_it(payment, notice):
    sent = notice()
    send(sent)

    kept = PaymentNotification.objects.get()
    assert (kept.body.encode(), kept.verdict, kept.payment) == (sent.body, "paid", payment)
    assert kept.headers["Wechatpay-Signature"] == sent.headers["Wechatpay-Signature"]


def test_fifty_times_is_one_payment_and_one_enrolment(notice):
    sent = notice()

    assert {send(sent)[0] for _ in range(50)} == {204}

    assert Payment.objects.count() == EnrolledCourse.objects.count() == 1
    assert PaymentNotification.objects.get().times_seen == 50


def test_out_of_order_it_is_paid_once(gateway, payment, trade):
    assert [send(one)[0] for one in gateway.sendings(trade, "disorder")] == [204] * 3

    payment.refresh_from_db()
    assert payment.order.status == 0


@pytest.mark.parametrize("state", ["CLOSED", "REVOKED"])
def test_a_closed_trade_closes_the_payment_and_not_the_order(payment, notice, state):
    assert send(notice(trade_state=state))[0] == 204

    payment.refresh_from_db()
    assert (payment.status, payment.order.status) == (Payment.Status.CLOSED, 1)


def test_a_closed_trade_after_success_changes_nothing(notice):
    send(notice())
    before = everything()

    assert send(notice(trade_state="CLOSED"))[0] == 204

    assert everything() == before


@pytest.mark.parametrize(
    "refund",
    [
        {"event": "REFUND.SUCCESS", "refund_status": "SUCCESS", "appid": None, "trade_state": None},
        {"trade_state": "REFUND"},
    ],
    ids=str,
)
def test_a_refund_s_notification_is_no_payment(notice, refund):
    before = everything()

    assert send(notice(**refund))[0] == 204

    assert everything() == before
    assert verdict() == "refund"


WRONG: dict[str, tuple[dict[str, Any], str, int]] = {
    "no application": ({"appid": None}, "app", 400),
    "another application": ({"appid": "wx1"}, "app", 400),
    "no merchant": ({"mchid": None}, "seller", 400),
    "another merchant": ({"mchid": "1900000002"}, "seller", 400),
    "no number": ({"out_trade_no": None}, "missing", 400),
    "a number that is none": ({"out_trade_no": 2026}, "missing", 400),
    "an unknown number": ({"out_trade_no": "20261126"}, "unknown_trade", 204),
    "no number of WeChat's": ({"transaction_id": None}, "missing", 400),
    "no amount": ({"amount": None}, "missing", 400),
    "a fen less": ({"amount": {"total": 9899, "currency": "CNY"}}, "amount", 204),
    "a fen more": ({"amount": {"total": 9901, "currency": "CNY"}}, "amount", 204),
    "another currency": ({"amount": {"total": 9900, "currency": "USD"}}, "missing", 400),
    "an amount in yuan": ({"amount": {"total": 99.0, "currency": "CNY"}}, "missing", 400),
    "an amount that is a text": ({"amount": {"total": "9900", "currency": "CNY"}}, "missing", 400),
    "a true amount": ({"amount": {"total": True, "currency": "CNY"}}, "missing", 400),
    "no state": ({"trade_state": None}, "missing", 400),
    "an unknown state": ({"trade_state": "MAYBE"}, "missing", 400),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_notification_that_is_wrong_changes_nothing(notice, name):
    other, expected, status = WRONG[name]
    before = everything()

    answered, said = send(notice(**other))

    assert answered == status
    assert status == 204 or said["code"] == "FAIL"
    assert everything() == before
    assert verdict() == expected


HEADERS: list[dict[str, str | None]] = [
    {"Wechatpay-Signature": None},
    {"Wechatpay-Signature": "WECHATPAY/SIGNTEST/AAAA"},
    {"Wechatpay-Signature": "ä"},
    {"Wechatpay-Timestamp": None},
    {"Wechatpay-Timestamp": "soon"},
    {"Wechatpay-Timestamp": "9" * 30},
    {"Wechatpay-Nonce": None},
    {"Wechatpay-Nonce": "another"},
    {"Wechatpay-Serial": None},
    {"Wechatpay-Serial": "PUB_KEY_ID_9"},
    {"Wechatpay-Serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_what_nobody_signed_is_refused_without_a_call_to_the_outside(notice, headers, monkeypatch):
    sent = notice()
    before = everything()
    monkeypatch.setattr(requests.Session, "request", lambda *_, **__: pytest.fail("a call"))

    assert send(sent, **headers) == (401, {"code": "FAIL", "message": "签名有误"})

    assert everything() == before
    assert verdict() == "signature"


def test_a_genuine_one_stays_genuine_when_a_stranger_sends_it_again(payment, notice):
    sent = notice()
    send(sent)

    assert send(sent, **{"Wechatpay-Signature": "AAAA"})[0] == 401

    kept = PaymentNotification.objects.get()
    assert (kept.verdict, kept.payment, kept.times_seen) == ("paid", payment, 2)


def test_a_timestamp_older_than_five_minutes_is_refused(notice):
    old = notice(now=timezone.now() - timedelta(seconds=302))
    assert send(old)[0] == 401

    just = notice(now=timezone.now() - timedelta(seconds=298))
    assert send(just)[0] == 204


def test_a_timestamp_of_the_future_is_refused(notice):
    assert send(notice(now=timezone.now() + timedelta(seconds=302)))[0] == 401


def signed_anew(gateway: LocalGateway, sent: Sending, body: str) -> Sending:
    headers = gateway.wechat.signed(body, timezone.now())
    return Sending(sent.what, body.encode(), headers)


def test_a_seal_that_is_broken_is_refused(gateway, notice):
    sent = notice()
    content = json.loads(sent.body)
    sealed = bytearray(base64.b64decode(content["resource"]["ciphertext"]))
    sealed[0] ^= 1
    content["resource"]["ciphertext"] = base64.b64encode(bytes(sealed)).decode()
    before = everything()

    assert send(signed_anew(gateway, sent, json.dumps(content)))[0] == 401

    assert everything() == before
    assert verdict() == "signature"


@pytest.mark.parametrize("name", ["algorithm", "ciphertext", "nonce", "associated_data"])
def test_a_resource_that_lacks_something_is_refused(gateway, notice, name):
    sent = notice()
    content = json.loads(sent.body)
    del content["resource"][name]

    assert send(signed_anew(gateway, sent, json.dumps(content)))[0] == 401
    assert verdict() == "signature"


def test_a_name_that_comes_twice_is_a_broken_signature(gateway, notice):
    sent = notice()
    body = sent.body.decode()
    twice = body.replace('"event_type":', '"event_type": "TRANSACTION.SUCCESS", "event_type":', 1)
    before = everything()

    assert send(signed_anew(gateway, sent, twice))[0] == 401

    assert everything() == before


@pytest.mark.parametrize("body", ["", "[]", "{}", "null", '{"resource": 1}', "[" * 50_000], ids=len)
def test_a_body_that_is_no_notification_is_refused(gateway, db, body):
    headers = gateway.wechat.signed(body, timezone.now())

    assert send(Sending("", body.encode(), headers))[0] == 401


def test_whatever_goes_wrong_here_is_answered_as_wechat_reads_it(payment, notice, monkeypatch):
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault of ours")

    before = everything()
    with monkeypatch.context() as fault:
        fault.setattr(paying, "receive", broken)
        status, said = send(notice())
    assert (status, said["code"]) == (503, "FAIL")
    assert everything() == before

    assert send(notice()) == (204, None)


@pytest.mark.parametrize("how", ["amount", "seller", "signature"])
def test_what_the_gateway_sends_wrong_on_purpose_changes_nothing(gateway, trade, how):
    before = everything()

    for one in gateway.sendings(trade, how):
        send(one)

    assert everything() == before
    assert verdict() == how


def test_of_two_channels_one_counts_and_the_other_is_to_go_back(gateway, payment, notice):
    other = begin(payment.order, PaymentType.ALIPAY)
    (body,) = gateway.notices(gateway.pay(other))
    form = "application/x-www-form-urlencoded"

    assert Client().post("/api/alipay/", body, content_type=form).content == b"success"
    assert send(notice())[0] == 204

    statuses = dict(Payment.objects.values_list("channel", "status"))
    assert statuses == {"alipay": Payment.Status.PAID, "wechat": Payment.Status.EXCESS}
    assert EnrolledCourse.objects.count() == 1


def test_the_return_leads_to_the_order_s_page_and_proves_nothing(payment, trade):
    before = everything()

    answer = Client().get(URL, {"out_trade_no": payment.out_trade_no})

    assert answer["Location"] == f"/order/{payment.order.order_number}"
    assert everything() == before
