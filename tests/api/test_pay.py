"""Paying an order at Alipay: POST /api/order/<number>/pay/, cancelling and timing out while a trade
is open, and asking for what no notification told (contract §9, §10)."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from django.utils import timezone

from api.errors import GatewayOutOfReach
from api.gateways import rsa
from api.gateways.alipay import signing
from api.gateways.channels import gateway_of
from api.gateways.local import keys
from api.models import EnrolledCourse, Order, Payment
from api.services.orders import closing, paying, tidying, trades
from api.services.orders.paying import Received
from api.services.payments import asking
from tests.conftest import Customer
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.gateways import LocalGateway
from tests.support.orders import place

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(alice: Customer, gateway: LocalGateway) -> Order:
    """One course at 599.00, 200.00 off, not paid."""
    policy = PricePolicyFactory(content_object=CourseFactory(pk=1), price=599.0)
    coupon = CouponFactory(coupon_type=1, money_equivalent_value=200, minimum_consume=500)
    record = CouponRecordFactory(pk=2, account=alice.account, coupon=coupon)
    return place(alice.account, [policy], (record,))


def pay(customer: Customer, order: Order, **asked: Any) -> Any:
    return customer.post(f"/api/order/{order.order_number}/pay/", asked).json()


def begun(customer: Customer, order: Order, **asked: Any) -> Payment:
    """A payment that the learner has begun."""
    out_trade_no = pay(customer, order, **asked)["data"]["out_trade_no"]
    return Payment.objects.get(out_trade_no=out_trade_no)


def cancel(customer: Customer, order: Order) -> Any:
    return customer.post(f"/api/order/{order.order_number}/cancel/", {}).json()


# --- Starting -------------------------------------------------------------------------------------


def test_paying_answers_an_address_signed_for_this_order(alice, order, settings):
    data = pay(alice, order, payment_type=1)["data"]

    params = {name: both[0] for name, both in parse_qs(urlsplit(data["pay_url"]).query).items()}
    assert (data["amount"], data["way"], data["payment_type"]) == ("399.00", "page", 1)
    assert params["method"] == "alipay.trade.page.pay"
    assert '"total_amount":"399.00"' in params["biz_content"]
    assert params["notify_url"].endswith("/api/alipay/")
    text = signing.text_of(params, without=("sign",))
    assert rsa.verifies(
        keys.pairs(settings.LOCAL_GATEWAY_DIR).merchant_public, text, params["sign"]
    )


def test_asking_twice_goes_on_with_the_same_payment(alice, order):
    first, second = pay(alice, order)["data"], pay(alice, order)["data"]

    assert first["out_trade_no"] == second["out_trade_no"]
    assert Payment.objects.count() == 1


def test_a_phone_gets_a_payment_and_an_address_of_its_own(alice, order):
    page, wap = begun(alice, order, way="page"), begun(alice, order, way="wap")

    assert page.out_trade_no != wap.out_trade_no
    assert "alipay.trade.wap.pay" in wap.pay_url


def test_the_order_shows_where_it_can_be_paid_until_it_is(alice, order, gateway):
    url = f"/api/order/{order.order_number}/"
    assert alice.get(url).json()["data"]["pay_url"] is None
    payment = begun(alice, order)

    assert alice.get(url).json()["data"]["pay_url"] == payment.pay_url
    assert alice.get("/api/order/").json()["data"]["results"][0]["pay_url"] == payment.pay_url

    trades.take_in(payment, gateway_trade(gateway, payment), now=timezone.now())
    assert alice.get(url).json()["data"]["pay_url"] is None


def test_a_channel_that_refuses_to_begin_takes_no_address_away(alice, order, gateway):
    payment = begun(alice, order)
    gateway.book.behave("answer", "error")
    assert pay(alice, order, payment_type=0)["code"] == 4013

    shown = alice.get(f"/api/order/{order.order_number}/").json()["data"]
    assert shown["pay_url"] == payment.pay_url


def gateway_trade(gateway: LocalGateway, payment: Payment) -> Any:
    gateway.pay(payment)
    asked = gateway_of("alipay")
    assert asked is not None
    return asked.query(payment.out_trade_no, now=timezone.now())


def test_an_order_placed_for_alipay_says_at_once_where_to_pay(alice, gateway):
    PricePolicyFactory(pk=10, content_object=CourseFactory(pk=1), price=599.0)
    alice.post("/api/shoppingcar/", {"courseid": 1, "policyid": 10})
    alice.settle([1])

    data = alice.post("/api/order/", {"money": "599.00", "payment_type": 1}).json()["data"]

    assert data["pay_url"] == Payment.objects.get().pay_url != ""


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_closed_as_soon_as_it_stands_was_placed_all_the_same(
    alice, gateway, monkeypatch
):
    PricePolicyFactory(pk=10, content_object=CourseFactory(pk=1), price=599.0)
    alice.post("/api/shoppingcar/", {"courseid": 1, "policyid": 10})
    alice.settle([1])
    closed = lambda order, *_: Order.objects.filter(pk=order.pk).update(  # noqa: E731
        status=4, cancel_time=timezone.now()
    )
    monkeypatch.setattr(tidying, "tidy_placed", closed)  # the moment after the commit

    answer = alice.post("/api/order/", {"money": "599.00", "payment_type": 1}).json()

    assert (answer["code"], answer["data"]["status"]) == (1000, 4)
    assert answer["data"]["pay_url"] is None
    assert Payment.objects.count() == 0


def test_a_channel_without_a_merchant_is_not_available(alice, order, settings):
    settings.LOCAL_ALIPAY = False

    answer = pay(alice, order, payment_type=1)

    assert (answer["code"], answer["error"]) == (4013, "支付渠道暂不可用")
    assert Payment.objects.count() == 0


def test_a_way_that_the_channel_does_not_have_is_not_available(alice, order):
    assert pay(alice, order, payment_type=1, way="native")["code"] == 4013
    assert Payment.objects.count() == 0


@pytest.mark.parametrize(
    "asked",
    [{"payment_type": 2}, {"payment_type": "x"}, {"way": "bus"}, {"way": 1}, {"way": ["page"]}],
    ids=str,
)
def test_what_cannot_be_read_is_refused(alice, order, asked):
    assert pay(alice, order, **asked)["code"] == 1400
    assert Payment.objects.count() == 0


def test_another_account_s_order_cannot_be_paid(bob, order):
    assert pay(bob, order)["code"] == 4010
    assert Payment.objects.count() == 0


def test_an_order_that_is_paid_or_closed_cannot_be_paid_again(alice, order):
    paying.receive(order.pk, Received("offline", "x1", order.actual_amount), now=timezone.now())
    assert pay(alice, order)["code"] == 4011

    Order.objects.update(status=4, cancel_time=timezone.now())
    assert pay(alice, order)["code"] == 4011
    assert Payment.objects.count() == 1


def test_an_order_out_of_time_cannot_be_paid_and_closes(alice, order):
    Order.objects.update(expires_at=timezone.now())

    assert pay(alice, order)["code"] == 4011

    order.refresh_from_db()
    assert order.status == 5
    assert Payment.objects.count() == 0


def test_a_refusal_is_kept_under_its_key(alice, order, settings):
    url, key = f"/api/order/{order.order_number}/pay/", {"HTTP_IDEMPOTENCY_KEY": "k"}
    settings.LOCAL_ALIPAY = False
    assert alice.post(url, {}, **key).json()["code"] == 4013
    settings.LOCAL_ALIPAY = True

    assert alice.post(url, {}, **key).json()["code"] == 4013
    assert alice.post(url, {}).json()["code"] == 1000


# --- Cancelling and timing out --------------------------------------------------------------------


def test_cancelling_closes_the_trade_at_the_gateway_first(alice, order, gateway):
    payment = begun(alice, order)
    trade = gateway.begin(payment)

    assert cancel(alice, order)["data"]["status"] == 4

    payment.refresh_from_db()
    assert payment.status == Payment.Status.CLOSED
    assert gateway.book.find("alipay", trade.out_trade_no).state == "closed"


def test_a_trade_that_nobody_began_is_closed_here(alice, order):
    payment = begun(alice, order)

    assert cancel(alice, order)["code"] == 1000

    payment.refresh_from_db()
    assert payment.status == Payment.Status.CLOSED


def test_cancelling_an_order_that_was_paid_meanwhile_makes_it_paid(alice, order, gateway):
    payment = begun(alice, order)
    gateway.pay(payment)

    assert cancel(alice, order)["code"] == 4011

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.status) == (0, Payment.Status.PAID)
    assert order.payment_number == payment.trade_no
    assert EnrolledCourse.objects.count() == 1


def everything() -> list[Any]:
    tables = (Order, Payment, EnrolledCourse)
    return [list(table.objects.order_by("pk").values()) for table in tables]


@pytest.mark.parametrize("answer", ["error", pytest.param("silent", marks=pytest.mark.slow)])
def test_a_gateway_that_does_not_answer_leaves_the_order_open(alice, order, gateway, answer):
    begun(alice, order)
    gateway.book.behave("answer", answer)
    before = everything()

    refused = alice.post(f"/api/order/{order.order_number}/cancel/", {})

    assert (refused.status_code, refused.json()["code"]) == (503, 1503)
    assert everything() == before
    gateway.book.behave("answer", "")
    assert cancel(alice, order)["code"] == 1000


@pytest.mark.slow
def test_a_trade_that_was_closed_though_the_answer_came_too_late_is_closed_by_the_next_try(
    alice, order, gateway
):
    gateway.begin(begun(alice, order))
    gateway.book.behave("answer", "late")
    assert cancel(alice, order)["code"] == 1503

    gateway.book.behave("answer", "")
    assert cancel(alice, order)["code"] == 1000


def test_an_unreachable_gateway_leaves_the_order_open(alice, order, settings):
    begun(alice, order)
    settings.PUBLIC_URL = "http://127.0.0.1:9"  # nobody listens there

    assert cancel(alice, order)["code"] == 1503
    order.refresh_from_db()
    assert order.status == 1


def test_timing_out_closes_the_trade_and_then_the_order(alice, order, gateway):
    payment = begun(alice, order)
    gateway.begin(payment)
    Order.objects.update(expires_at=timezone.now())

    closed = closing.close_due(now=timezone.now())

    payment.refresh_from_db()
    order.refresh_from_db()
    assert (closed, order.status, payment.status) == (1, 5, Payment.Status.CLOSED)


def test_an_order_out_of_time_whose_gateway_is_silent_is_shown_as_it_stands(alice, order, gateway):
    begun(alice, order)
    gateway.book.behave("answer", "error")
    Order.objects.update(expires_at=timezone.now())

    shown = alice.get(f"/api/order/{order.order_number}/").json()["data"]

    assert shown["status"] == 1
    gateway.book.behave("answer", "")
    assert alice.get(f"/api/order/{order.order_number}/").json()["data"]["status"] == 5


def test_orders_that_no_gateway_knows_are_closed_though_one_is_silent(alice, order, gateway):
    begun(alice, order)
    other = place(alice.account, [PricePolicyFactory(content_object=CourseFactory(), price=9.0)])
    gateway.book.behave("answer", "error")
    Order.objects.update(expires_at=timezone.now())

    closed = closing.close_due(now=timezone.now())

    order.refresh_from_db()
    other.refresh_from_db()
    assert (closed, order.status, other.status) == (1, 1, 5)


def test_a_trade_begun_while_the_order_is_being_closed_keeps_it_open(alice, order):
    """Between the gateway's answer and the transaction."""
    begun(alice, order)

    with pytest.raises(GatewayOutOfReach):
        closing.cancel(
            account_id=alice.account.pk, order_number=order.order_number, now=timezone.now()
        )

    order.refresh_from_db()
    assert order.status == 1


# --- Asking ---------------------------------------------------------------------------------------

LATER = timedelta(minutes=2)


def test_a_payment_of_which_no_notification_came_is_asked_for(alice, order, gateway, capsys):
    payment = begun(alice, order)
    gateway.pay(payment)
    Payment.objects.update(created=timezone.now() - LATER)

    call_command("payments")

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, payment.status) == (0, Payment.Status.PAID)
    assert "1 payments asked for: 1 paid, 0 closed; 0 without an answer" in capsys.readouterr().out


def test_a_payment_that_is_not_paid_stays_open(alice, order, gateway):
    gateway.begin(begun(alice, order))

    told = asking.ask_waiting(now=timezone.now() + LATER)

    assert (told.asked, told.paid, told.closed) == (1, 0, 0)
    assert Payment.objects.get().status == Payment.Status.WAITING


def test_a_payment_younger_than_a_minute_is_left_alone(alice, order, gateway):
    gateway.pay(begun(alice, order))

    assert asking.ask_waiting(now=timezone.now()).asked == 0


def test_a_payment_of_an_order_that_was_paid_otherwise_is_closed(alice, order, gateway):
    payment = begun(alice, order)
    gateway.begin(payment)
    paying.receive(order.pk, Received("offline", "x1", order.actual_amount), now=timezone.now())

    told = asking.ask_waiting(now=timezone.now() + LATER)

    payment.refresh_from_db()
    assert (told.closed, payment.status) == (1, Payment.Status.CLOSED)


def test_a_silent_gateway_is_asked_once_in_a_run(alice, order, gateway):
    begun(alice, order, way="page")
    begun(alice, order, way="wap")
    gateway.book.behave("answer", "error")

    told = asking.ask_waiting(now=timezone.now() + LATER)

    assert (told.asked, told.silent) == (1, 2)
    assert set(Payment.objects.values_list("status", flat=True)) == {Payment.Status.WAITING}
