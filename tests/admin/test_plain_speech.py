"""What the desk says of money, of days and of lists with nothing in them."""

import re

import pytest
from django.test import Client
from django.utils.dateparse import parse_datetime

from api.models import EnrolledCourse
from tests.admin.rows import MAKERS
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    OrderFactory,
    PricePolicyFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


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


NOBODY_ADDS = (
    *("couponrecord", "issuebatch", "couponcode", "order", "refund", "enrolledcourse"),
    *("ledgerentry", "bill", "billline", "paymentnotification", "collection", "comment"),
    *("webhookdelivery",),
)


@pytest.mark.parametrize("name", NOBODY_ADDS)
def test_an_empty_list_to_which_nobody_adds_says_where_its_rows_come_from(
    chief: Client, name: str
) -> None:
    shown = page(chief, f"/admin/api/{name}/")
    assert "还没有" in shown
    assert "有了以后会显示在这里" not in shown


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("coupon/", "0.00元（优惠0.00元）"),
        ("order/", "实付金额（元）"),
        ("refund/", "退款金额（元）"),
        ("ledgerentry/", "金额（元）"),
        ("billline/?standing=all", "渠道金额（元）"),
        ("pricepolicy/", "价格(元)"),
    ],
)
def test_a_column_of_money_says_that_it_is_yuan(chief: Client, path: str, column: str) -> None:
    for make in MAKERS.values():
        make()
    assert column in page(chief, f"/admin/api/{path}")


def test_a_price_has_two_places(chief: Client) -> None:
    PricePolicyFactory(content_object=CourseFactory(), price=399.0)
    assert "399.00" in page(chief, "/admin/api/pricepolicy/")


def test_the_page_of_a_row_is_headed_by_what_people_call_it(chief: Client) -> None:
    account = AccountFactory(username="alice")
    record = CouponRecordFactory(account=account)
    enrolled = orders.place(
        account, [PricePolicyFactory(content_object=CourseFactory(name="爬虫"))]
    )
    orders.pay(enrolled)
    learns = EnrolledCourse.objects.get()
    for path, called in (
        (f"account/{account.pk}", "alice"),
        (f"couponrecord/{record.pk}", record.number),
        (f"enrolledcourse/{learns.pk}", "alice：爬虫"),
    ):
        shown = page(chief, f"/admin/api/{path}/change/")
        above = re.findall(r"tracking-tight\">\s*(.*?)\s*</a >", shown)
        assert above[-1] == called


def test_a_long_list_of_one_page_says_how_long_it_is_and_offers_no_other(chief: Client) -> None:
    for number in range(51):
        AccountFactory(username=f"customer{number}")
    first = page(chief, "/admin/api/account/")
    assert "下一页" in first
    assert "上一页" not in first
    last = page(chief, "/admin/api/account/?p=2")
    assert "上一页" in last
    assert "下一页" not in last
    found = page(chief, "/admin/api/account/?q=customer5")  # 5 and 50
    assert "共2条" in found
    assert "上一页" not in found
