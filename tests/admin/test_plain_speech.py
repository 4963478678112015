"""What the desk says of money, of days and of lists with nothing in them."""

import pytest
from django.test import Client
from django.utils.dateparse import parse_datetime

from tests.support.factories import CouponFactory, OrderFactory

pytestmark = pytest.mark.django_db


def page(browser: Client, url: str) -> str:
    return browser.get(url).content.decode()


def test_the_coupons_money_is_asked_for_in_yuan(manager: Client) -> None:
    shown = page(manager, "/admin/api/coupon/add/")
    for label in ("面额（元）", "最低消费（元）", "最多减（元）"):
        assert label in shown
    assert "等值货币" not in shown


def test_a_moment_is_written_in_one_way(chief: Client) -> None:
    order = OrderFactory()
    type(order).objects.update(date=parse_datetime("2026-11-26T14:05:09+08:00"))
    for url in ("/admin/api/order/", f"/admin/api/order/{order.pk}/change/"):
        shown = page(chief, url)
        assert "2026-11-26 14:05" in shown
        assert "2026年11月26日" not in shown


def test_an_empty_list_says_what_can_be_done(manager: Client) -> None:
    shown = page(manager, "/admin/api/coupon/")
    assert "还没有优惠券" in shown
    assert "新建一张优惠券" in shown
    assert "清除" not in shown


def test_a_list_that_finds_nothing_says_so_and_how_to_go_back(manager: Client) -> None:
    CouponFactory()
    shown = page(manager, "/admin/api/coupon/?q=没有这个")
    assert "没有符合条件的优惠券" in shown
    assert "请换一个条件" in shown
