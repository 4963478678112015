"""The cashier and the panel of the gateway that runs here, in a phone's and a desk's width."""

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from api.gateways.local import views
from api.models import Order, Payment, PaymentType
from tests.support.gateways import LocalGateway, begin
from tests.support.orders import order as new_order

WIDTHS = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}


@pytest.fixture
def payment(live_server: Any, settings: Any, tmp_path: Path) -> Payment:
    """Of an order of 99.00, begun at Alipay."""
    views.book_in.cache_clear()
    LocalGateway(settings, tmp_path, live_server.url)
    return begin(new_order(), PaymentType.ALIPAY)


def fits(page: Any) -> bool:
    """Whether nothing is wider than the window."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return wide


def wait_for_notifications(number: int) -> None:
    """The gateway sends them from threads of its own, and the panel shows what it was answered."""
    (trade,) = views.book().newest(1)
    give_up = time.monotonic() + 60
    while len(views.book().sent(trade, number)) < number:
        assert time.monotonic() < give_up
        time.sleep(0.05)


@pytest.mark.parametrize("width", WIDTHS)
def test_one_pays_at_the_cashier_and_the_order_is_paid(page, payment, width):
    page.set_viewport_size(WIDTHS[width])
    page.goto(payment.pay_url)

    expect(page.get_by_text("¥99.00")).to_be_visible()
    assert fits(page)
    page.get_by_role("button", name="确认付款").click()
    expect(page.get_by_text("已付款")).to_be_visible()
    wait_for_notifications(1)
    page.goto("/gateway/")
    expect(page.get_by_text("200 success")).to_be_visible()
    assert fits(page)

    assert Order.objects.get().status == 0


def test_one_who_does_not_pay_is_led_back(page, payment):
    page.goto(payment.pay_url)
    page.get_by_role("link", name="放弃付款").click()

    # The order's page of the shop, which asks who it is.
    page.wait_for_url(f"**/login?next=%2Forder%2F{payment.order.order_number}")
    assert Order.objects.get().status == 1


def test_one_is_led_to_a_front_end_of_another_origin(page, payment, settings):
    page.makes_trouble = True  # it asks another host, on purpose
    settings.FRONTEND_ORDER_URL = "http://shop.example.com/order/%s"
    page.route("http://shop.example.com/**", lambda route: route.fulfill(body="the shop"))
    page.goto(payment.pay_url)
    page.get_by_role("link", name="放弃付款").click()

    page.wait_for_url(f"http://shop.example.com/order/{payment.order.order_number}", timeout=5_000)


def test_the_panel_sends_a_wrong_notification_once_more(page, payment):
    page.goto(payment.pay_url)
    page.get_by_role("button", name="确认付款").click()
    expect(page.get_by_text("已付款")).to_be_visible()
    wait_for_notifications(1)

    page.goto("/gateway/")
    page.get_by_label("再发付款通知").select_option("金额不符")
    page.get_by_role("button", name="发送").click()

    wait_for_notifications(2)
    page.goto("/gateway/")
    expect(page.get_by_text("TRADE_SUCCESS，金额不符")).to_be_visible()
    assert Payment.objects.get().status == Payment.Status.PAID
