"""The home page: what a manager or an accountant looks for first, in a fixed number of queries."""

import datetime as dt
import json
import re
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from api.admin.orders import home
from api.models import Bill, Refund
from api.services.coupons.figures import figures
from api.services.reconciling import judging
from tests.admin import rows
from tests.admin.conftest import MakeStaff
from tests.support.factories import CouponFactory, CouponRecordFactory
from tests.support.orders import order, pay

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
TODAY = dt.date(2026, 11, 22)
DAY = dt.timedelta(days=1)
SHOP = timezone.get_default_timezone()


def coupon(name: str, *, closes: int = 30, ends: int = 30, opens: int = -10, **fields: Any) -> Any:
    return CouponFactory(
        name=name,
        open_date=TODAY + opens * DAY,
        close_date=TODAY + closes * DAY,
        valid_begin_date=TODAY - 40 * DAY,
        valid_end_date=TODAY + ends * DAY,
        **fields,
    )


def test_it_counts_running_coupons_and_records_by_status() -> None:
    running = coupon("running")
    coupon("pending", opens=1)
    coupon("closed", closes=-1)
    for status, number in ((0, 4), (1, 3), (2, 2), (3, 1)):
        CouponRecordFactory.create_batch(number, coupon=running, status=status)
    shown = figures(TODAY)
    assert shown.running == 1
    assert shown.by_status == {0: 4, 1: 3, 2: 2, 3: 1, 4: 0}
    assert shown.issued == 10


def test_the_chart_has_thirty_days_of_the_shops_time_zone() -> None:
    first = dt.datetime(2026, 10, 24, tzinfo=SHOP)
    for when in (
        first - dt.timedelta(seconds=1),
        first,
        first,
        dt.datetime(2026, 11, 22, 23, 59, tzinfo=SHOP),
    ):
        CouponRecordFactory(get_time=when)
    shown = figures(TODAY)
    assert len(shown.by_day) == 30
    assert {day: numbers for day, numbers in shown.by_day.items() if numbers} == {
        dt.date(2026, 10, 24): {0: 2},
        TODAY: {0: 1},
    }


def test_it_lists_what_ends_within_seven_days_soonest_first() -> None:
    coupon("closes in 7, useful for long", closes=7)
    coupon("useful for 8", ends=8)
    coupon("useful for 7", ends=7)
    coupon("today is the last", ends=0)
    coupon("useless", ends=-1)
    coupon("closed, useful for 2", closes=-1, ends=2)
    for days in (4, 5):
        CouponFactory(
            name=f"closes in 4, {days} days after receipt",
            open_date=TODAY, close_date=TODAY + 4 * DAY,
            valid_begin_date=None, valid_end_date=None, coupon_valid_days=days,
        )  # fmt: skip
    assert [(row.coupon.name, (row.last_day - TODAY).days) for row in figures(TODAY).ending] == [
        ("today is the last", 0),
        ("closed, useful for 2", 2),
        ("useful for 7", 7),
        ("closes in 4, 4 days after receipt", 7),
    ]


def test_of_many_that_end_the_twenty_that_end_soonest_are_listed() -> None:
    later = [coupon(f"later {number}", ends=5) for number in range(19)]
    soon = [coupon(f"soon {number}", ends=1) for number in range(2)]
    assert [row.coupon for row in figures(TODAY).ending] == [*soon, *later[:18]]


def test_it_lists_the_five_most_used() -> None:
    for used in range(7):
        one = coupon(f"used {used}")
        CouponRecordFactory.create_batch(used, coupon=one, status=1)
        CouponRecordFactory.create_batch(8, coupon=one, status=0)
    assert [(row.coupon.name, row.number) for row in figures(TODAY).most_used] == [
        ("used 6", 6), ("used 5", 5), ("used 4", 4), ("used 3", 3), ("used 2", 2)
    ]  # fmt: skip


@pytest.mark.parametrize("records", [3, 30])
def test_the_queries_do_not_grow(records: int, django_assert_num_queries: Any) -> None:
    CouponRecordFactory.create_batch(records, status=1)
    with django_assert_num_queries(6):
        figures(timezone.localdate())


def test_the_page_shows_them_and_loads_nothing_from_elsewhere(manager: Client) -> None:
    CouponRecordFactory(coupon__name="双十二", status=1)
    page = manager.get("/admin/").content.decode()
    for words in (
        "进行中",
        "已发放",
        "未使用",
        "已使用",
        "已过期",
        "7天内结束",
        "使用最多",
        "双十二",
    ):
        assert words in page
    assert json.loads(re.search(r'data-value="([^"]*)"', page)[1].replace("&quot;", '"'))
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    assert not [source for source in sources if re.match(r"(?:https?:)?//", source)]


def test_who_may_not_see_coupons_sees_no_figures(course_manager: Client) -> None:
    CouponRecordFactory(coupon__name="双十二", status=1)
    page = course_manager.get("/admin/").content.decode()
    assert "双十二" not in page
    assert "专题课与模块" in page


# --- What waits for an accountant -----------------------------------------------------------------


@pytest.fixture
def finance(staff: MakeStaff) -> Client:
    return staff("finance", "财务")


def cards(browser: Client) -> dict[str, tuple[str, str, str]]:
    """By title: the number, the note, and where it leads."""
    page = browser.get("/admin/").content.decode()
    blocks = re.findall(r'<a href="([^"]+)" class="bg-white block(.+?)</a>', page, re.DOTALL)
    texts = [(url, re.findall(r">\s*([^<>\s][^<>]*?)\s*<", block)) for url, block in blocks]
    return {title: (number, note, url) for url, (title, number, note) in texts}


def test_refunds_that_are_asked_for_wait_for_an_accountant(finance: Client) -> None:
    one, _, done, sent = rows.refund(), rows.refund(), rows.refund(), rows.refund()
    Refund.objects.filter(pk=done.pk).update(status=Refund.Status.DONE)
    Refund.objects.filter(pk=sent.pk).update(status=Refund.Status.APPROVED)
    Refund.objects.filter(pk=one.pk).update(amount=1200)
    shown = cards(finance)
    assert shown["待审核退款"] == ("2", "共1,299.00元", "/admin/api/refund/?status__exact=0")
    assert shown["退款中"] == ("1", "等待支付渠道确认", "/admin/api/refund/?status__exact=1")
    page = finance.get("/admin/").content.decode()
    assert one.out_request_no in page
    assert f"/admin/api/refund/{one.pk}/change/" in page
    assert done.out_request_no not in page


def test_differences_and_bills_that_did_not_come_wait_for_an_accountant(finance: Client) -> None:
    line = rows.bill_line()
    judging.count(line.bill)
    balanced, missing = rows.bill(), rows.bill()
    Bill.objects.filter(pk=missing.pk).update(fetched_at=None, problem="连接超时")
    shown = cards(finance)
    assert shown["待处理差异"] == ("1", "账单与本店不一致", "/admin/api/billline/")
    assert shown["未取得账单"] == ("1", "系统会继续尝试", "/admin/api/bill/")
    page = finance.get("/admin/").content.decode()
    assert f"bill__day_from={line.bill.day}" in page
    assert "连接超时" in page
    assert f"/admin/api/bill/{balanced.pk}/change/" not in page


def test_yesterday_s_money_leads_to_its_closing(finance: Client) -> None:
    now = timezone.now()
    yesterday = timezone.localdate(now) - DAY
    for when in (now - DAY, now - DAY, now, now - 2 * DAY):
        placed = order()
        pay(placed, now=when)
    shown = cards(finance)["昨日净额（元）"]
    closing = f"/admin/api/ledgerentry/closing/?first={yesterday}&amp;last={yesterday}"
    assert shown == ("198.00", "收款198.00，退款0.00", closing)


def test_an_accountant_for_whom_nothing_waits_is_told_so(finance: Client) -> None:
    page = finance.get("/admin/").content.decode()
    assert "财务概况" in page
    assert "没有待审核的退款。" in page
    assert "没有要核对的账单。" in page


def test_a_manager_sees_nothing_of_what_waits_for_an_accountant(manager: Client) -> None:
    rows.refund()
    page = manager.get("/admin/").content.decode()
    assert "优惠券概况" in page
    assert "退款" not in page


def test_who_may_see_everything_sees_both(chief: Client) -> None:
    page = chief.get("/admin/").content.decode()
    assert "待审核退款" in page
    assert "7天内结束使用的优惠券" in page


@pytest.mark.parametrize("number", [1, 7])
def test_the_queries_for_an_accountant_do_not_grow(
    number: int, finance: Client, django_assert_num_queries: Any
) -> None:
    for _ in range(number):
        rows.refund()
        judging.count(rows.bill_line().bill)
    request = RequestFactory().get("/admin/")
    request.user = finance.user
    finance.user.get_all_permissions()
    with django_assert_num_queries(6):
        home.shown(request)
