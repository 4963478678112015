"""Refunds at the desk: asked for by one, decided by another (contract §10)."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from api.models import EnrolledCourse, Order, Payment, PaymentType, Refund
from api.services.orders import trades
from tests.admin.conftest import MakeStaff
from tests.support import orders
from tests.support.gateways import LocalGateway, begin
from tests.support.orders import order as new_order

pytestmark = [
    pytest.mark.django_db(transaction=True),  # money is sent once it is committed
    pytest.mark.slow,
]
LIST = "/admin/api/refund/"


def person(staff: MakeStaff, name: str, *codenames: str) -> Client:
    browser = staff(name, None)
    for codename in codenames:
        browser.user.user_permissions.add(Permission.objects.get(codename=codename))
    return browser


@pytest.fixture
def asker(staff: MakeStaff) -> Client:
    """Somebody who may ask for refunds, and decide them."""
    return person(staff, "asker", "view_order", "view_refund", "add_refund", "approve_refund")


@pytest.fixture
def approver(staff: MakeStaff) -> Client:
    return person(staff, "approver", "view_order", "view_refund", "approve_refund")


@pytest.fixture
def onlooker(staff: MakeStaff) -> Client:
    return person(staff, "onlooker", "view_order", "view_refund")


def paid() -> Order:
    """An order of 99.00 that was paid at the desk."""
    order = new_order()
    orders.pay(order)
    Payment.objects.update(channel="offline")
    order.refresh_from_db()
    return order


def ask(browser: Client, order: Order) -> str:
    """Sends the dialog; gives the page that is shown then."""
    url = f"/admin/api/order/{order.pk}/ask_refund/"
    answer = browser.post(
        url, {"reason": "电话申请", "_form_submitted": "True"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code in (200, 403), answer.status_code
    return browser.get(f"/admin/api/order/{order.pk}/change/").content.decode()


def decide(browser: Client, refund: Refund, what: str) -> str:
    """As `ask`, for approve and refuse."""
    url = f"{LIST}{refund.pk}/{what}/"
    browser.post(url, {"note": "核实过", "_form_submitted": "True"}, headers={"HX-Request": "true"})
    return browser.get(f"{LIST}{refund.pk}/change/").content.decode()


def test_one_asks_and_another_approves(asker: Client, approver: Client) -> None:
    order = paid()
    assert "已提交退款申请" in ask(asker, order)
    refund = Refund.objects.get()
    assert (refund.asked_by, refund.status) == (asker.user, Refund.Status.ASKED)

    assert "已退款。" in decide(approver, refund, "approve")

    order.refresh_from_db()
    refund.refresh_from_db()
    assert (order.status, refund.status, refund.decided_by) == (
        3,
        Refund.Status.DONE,
        approver.user,
    )
    assert EnrolledCourse.objects.get().status == 1


def test_who_asked_does_not_approve(asker: Client) -> None:
    order = paid()
    ask(asker, order)
    refund = Refund.objects.get()

    assert "不能审核自己提交的退款申请" in decide(asker, refund, "approve")

    order.refresh_from_db()
    refund.refresh_from_db()
    assert (order.status, refund.status) == (2, Refund.Status.ASKED)


def test_who_may_only_look_neither_asks_nor_decides(asker: Client, onlooker: Client) -> None:
    order = paid()
    ask(onlooker, order)
    assert Refund.objects.count() == 0
    ask(asker, order)
    refund = Refund.objects.get()

    page = decide(onlooker, refund, "approve")
    decide(onlooker, refund, "refuse")

    refund.refresh_from_db()
    assert refund.status == Refund.Status.ASKED
    assert "同意退款" not in page


def test_refused_the_order_is_as_it_was(asker: Client, approver: Client) -> None:
    order = paid()
    ask(asker, order)

    assert "已拒绝退款" in decide(approver, Refund.objects.get(), "refuse")

    order.refresh_from_db()
    assert (order.status, order.refunded) == (0, 0)
    assert EnrolledCourse.objects.get().status == 0


def test_a_refund_is_decided_once(asker: Client, approver: Client, chief: Client) -> None:
    order = paid()
    ask(asker, order)
    refund = Refund.objects.get()
    decide(approver, refund, "refuse")

    assert "已经审核过" in decide(chief, refund, "approve")

    refund.refresh_from_db()
    assert refund.status == Refund.Status.REFUSED


def test_a_gateway_that_is_silent_is_said_and_the_job_goes_on(
    asker: Client, approver: Client, gateway: LocalGateway
) -> None:
    order = new_order()
    payment = begin(order, PaymentType.ALIPAY)
    gateway.pay(payment)
    trades.close(payment, now=order.date)
    order.refresh_from_db()
    ask(asker, order)
    gateway.book.behave("answer", "error")

    page = decide(approver, Refund.objects.get(), "approve")

    assert "支付渠道尚未确认退款" in page
    assert Refund.objects.get().status == Refund.Status.APPROVED


def test_the_list_finds_a_refund_by_its_order_s_number(asker: Client, onlooker: Client) -> None:
    order = paid()
    ask(asker, order)

    page = onlooker.get(LIST, {"q": order.order_number}).content.decode()

    assert Refund.objects.get().out_request_no in page
    assert "待审核" in page
