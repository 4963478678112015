"""The day's closing at the desk, and the post that reads the books (contract §10)."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from api.models import LedgerEntry
from tests.admin.conftest import MakeStaff
from tests.admin.test_lists import text_of
from tests.support import orders

pytestmark = pytest.mark.django_db
URL = "/admin/api/ledgerentry/closing/"


@pytest.fixture
def finance(staff: MakeStaff) -> Client:
    return staff("finance", "财务")


def shown(browser: Client, **days: object) -> str:
    answer = browser.get(URL, days)
    assert answer.status_code == 200
    return " ".join(text_of(answer.content.decode()).split())


def test_it_shows_today_at_first(finance: Client) -> None:
    order = orders.order(price=1234.5)
    orders.pay(order)
    page = shown(finance)
    assert "收款 1,234.50 1个订单付款" in page
    assert "支付宝 1,234.50 0.00 0.00 0.00 1,234.50" in page
    assert "微信支付 0.00" in page
    assert "合计 1,234.50" in page
    assert "按日" not in page


def test_another_day_and_its_neighbour(finance: Client) -> None:
    today = timezone.localdate()
    yesterday = today - timedelta(days=1)
    orders.pay(orders.order(price=99.0), now=timezone.now() - timedelta(days=1))
    assert "收款 0.00" in shown(finance)
    assert "收款 99.00" in shown(finance, first=yesterday, last=yesterday)
    both = shown(finance, first=yesterday, last=today)
    assert "收款 99.00" in both
    assert f"按日（元） 日期 收款 其中多付 退款 其中多付退回 净额 {yesterday} 99.00" in both


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11-21", "2026-11-20", "结束日期不能早于开始日期。"),
        ("2026-01-01", "2027-01-02", "一次最多查看366天。"),
        ("nonsense", "2026-11-20", "从："),
        ("2026-11-20", "\0", "到："),
        ("9999-12-31", "9999-12-31", "日期超出范围。"),
    ],
)
def test_days_that_cannot_be_shown_are_refused_with_the_reason(
    finance: Client, first: str, last: str, said: str
) -> None:
    page = shown(finance, first=first, last=last)
    assert said in page
    assert "按渠道" not in page


def test_a_year_is_shown(finance: Client) -> None:
    assert "按渠道" in shown(finance, first="2024-01-01", last="2024-12-31")


def test_finance_reads_the_money_settles_the_bill_and_decides_nothing(finance: Client) -> None:
    names = set(Group.objects.get(name="财务").permissions.values_list("codename", flat=True))
    assert names == {
        "settle_billline",
        "view_account",
        "view_bill",
        "view_billline",
        "view_ledgerentry",
        "view_order",
        "view_payment",
        "view_paymentnotification",
        "view_refund",
    }
    home = finance.get("/admin/").content.decode()
    assert URL in home
    for page in ("order", "refund", "ledgerentry", "bill", "billline"):
        assert finance.get(f"/admin/api/{page}/").status_code == 200
    assert finance.get("/admin/api/coupon/").status_code == 403


def test_nobody_else_sees_the_closing(manager: Client, course_manager: Client) -> None:
    for browser in (manager, course_manager):
        assert browser.get(URL).status_code == 403
        assert URL not in browser.get("/admin/").content.decode()
    assert Client().get(URL).status_code == 302


def test_entries_are_found_by_their_order_and_cannot_be_changed(
    chief: Client, finance: Client
) -> None:
    wanted, other = orders.order(), orders.order()
    for order in (wanted, other):
        orders.pay(order)
    page = finance.get("/admin/api/ledgerentry/", {"q": wanted.order_number}).content.decode()
    assert wanted.order_number in page
    assert other.order_number not in page
    before = list(LedgerEntry.objects.values())
    entry = LedgerEntry.objects.all()[0]
    for what in ("change", "delete"):
        url = f"/admin/api/ledgerentry/{entry.pk}/{what}/"
        assert chief.post(url, {"post": "yes", "amount": "1"}).status_code == 403
    assert list(LedgerEntry.objects.values()) == before
