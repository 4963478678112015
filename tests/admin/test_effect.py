"""The page 效果 of a coupon, and the file of all coupons' figures."""

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from api.models import Coupon
from tests.admin.conftest import MakeStaff
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.orders import pay, place

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CSV, XLSX = "/admin/api/coupon/effects-csv/", "/admin/api/coupon/effects-xlsx/"


def page_of(coupon: Coupon) -> str:
    return f"/admin/api/coupon/{coupon.pk}/effect/"


def used(coupon: Coupon, price: float = 100.0) -> None:
    policy = PricePolicyFactory(content_object=CourseFactory(), price=price)
    record = CouponRecordFactory(coupon=coupon, account=AccountFactory())
    pay(place(record.account, [policy], (record,)))


@pytest.fixture
def coupon() -> Coupon:
    """立减40: ten pieces; four claimed, of which one is void; two used, in orders of 100 元."""
    coupon = CouponFactory(name="双十二", quantity=10)
    CouponRecordFactory.create_batch(3, coupon=coupon, claim_no=1)
    CouponRecordFactory(coupon=coupon, claim_no=1, status=3)
    used(coupon), used(coupon)
    return coupon


def test_the_page_tells_where_the_records_stand_and_what_they_brought(
    manager: Client, coupon: Coupon
) -> None:
    answer = manager.get(page_of(coupon))
    assert answer.context["cards"] == [
        ("领取率", "40.0%", "已领 4 / 数量 10"),
        ("核销率", "33.3%", "已用 2 / 已发 6"),
        ("带来的成交额（元）", "120.00", "用了这张券、已付款的订单的实付金额"),
        ("优惠金额（元）", "80.00", "这张券在这些订单里减去的金额"),
    ]
    standing = [(name, number) for name, number, _ in answer.context["standing"]]
    assert standing == [
        ("已发", 6), ("其中已领", 4), ("未使用", 3), ("已锁定", 0), ("已用", 2), ("过期", 0),
        ("作废", 1), ("剩余可发", 4),
    ]  # fmt: skip
    assert answer.context["funnel"] == [
        ("数量", 10, "100.0%", 100.0),
        ("已发", 6, "60.0%", 60.0),
        ("已用", 2, "20.0%", 20.0),
    ]
    page = answer.content.decode()
    assert "双十二 · 效果" in page
    assert "<td>80.00</td>" in page  # of today


def test_its_charts_say_of_each_day_what_happened(manager: Client, coupon: Coupon) -> None:
    came, went, off = manager.get(page_of(coupon)).context["charts"]
    today = timezone.localdate()
    assert (len(came.columns), came.last) == (30, today)
    assert came.columns[-1].words == f"{today}：用户领取 4张，工作台发放 2张"
    assert went.columns[-1].words == f"{today}：核销 2张"
    assert off.columns[-1].words == f"{today}：优惠 80.00元"
    assert (came.total, went.top, off.total) == ("6张", "2张", "80.00元")
    heights = [part.height for part in came.columns[-1].parts]
    assert heights == [66.67, 33.33]
    assert not came.columns[-2].parts


@pytest.mark.parametrize(("asked", "shown"), [("90", 90), ("30", 30), ("", 30), ("9x", 30)])
def test_it_shows_thirty_days_or_ninety(
    manager: Client, coupon: Coupon, asked: str, shown: int
) -> None:
    came, *_ = manager.get(page_of(coupon), {"days": asked}).context["charts"]
    assert len(came.columns) == shown
    assert came.first == timezone.localdate() - dt.timedelta(days=shown - 1)


def test_a_coupon_that_nobody_has_ever_had_has_a_page(manager: Client) -> None:
    answer = manager.get(page_of(CouponFactory(quantity=0)))
    assert [card[1] for card in answer.context["cards"]] == ["—", "—", "0.00", "0.00"]
    assert "没有人领取" in answer.content.decode()


def test_the_page_runs_no_script_of_its_own_and_styles_no_element(
    manager: Client, coupon: Coupon
) -> None:
    page = manager.get(page_of(coupon)).content.decode()
    content = page[page.index('id="content-main"') :]
    content = content[: content.index("</details>")]
    assert "<script" not in content
    assert " style=" not in content


def test_the_page_asks_as_many_queries_for_any_number_of_records(
    manager: Client, coupon: Coupon, django_assert_max_num_queries: Any
) -> None:
    manager.get(page_of(coupon))
    # Four for the figures; the rest for who asks, and what the sidebar may show.
    with django_assert_max_num_queries(12) as few:
        manager.get(page_of(coupon))
    CouponRecordFactory.create_batch(20, coupon=coupon)
    with django_assert_max_num_queries(len(few)):
        manager.get(page_of(coupon))


def test_who_may_not_look_at_coupons_sees_neither_page_nor_file(
    course_manager: Client, coupon: Coupon
) -> None:
    course_manager.user.user_permissions.clear()
    course_manager.user.groups.clear()
    for url in (page_of(coupon), CSV, XLSX):
        assert course_manager.get(url).status_code == 403
    assert not LogEntry.objects.exists()


def test_who_may_not_look_at_records_is_not_led_to_them(staff: MakeStaff, coupon: Coupon) -> None:
    reader = staff("reader", None)
    reader.user.user_permissions.add(Permission.objects.get(codename="view_coupon"))
    standing = reader.get(page_of(coupon)).context["standing"]
    assert {address for *_, address in standing} == {""}


def test_the_number_of_a_state_leads_to_its_records(manager: Client, coupon: Coupon) -> None:
    CouponRecordFactory()  # of another coupon
    for _, number, address in manager.get(page_of(coupon)).context["standing"]:
        if address:
            assert len(manager.get(address).context["cl"].result_list) == number


def test_an_unknown_coupon_has_no_page(manager: Client) -> None:
    assert manager.get("/admin/api/coupon/999/effect/").status_code == 404


def rows_of(browser: Client, url: str) -> list[list[str]]:
    answer = browser.get(url)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    content = b"".join(answer.streaming_content)
    if url == CSV:
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    sheet = load_workbook(io.BytesIO(content)).active
    return [["" if cell is None else cell for cell in row] for row in sheet.values]


@pytest.mark.parametrize("url", [CSV, XLSX])
def test_the_file_has_a_row_for_every_coupon(manager: Client, coupon: Coupon, url: str) -> None:
    idle = CouponFactory(name="=1+1", quantity=3)
    heading, first, second = rows_of(manager, url)
    assert heading[4:] == [
        "数量", "已发", "已领", "未使用", "已锁定", "已用", "过期", "作废", "剩余", "领取率",
        "核销率", "带来的成交额(元)", "优惠金额(元)",
    ]  # fmt: skip
    name = "'=1+1" if url == CSV else "=1+1"
    assert first[:2] == [str(idle.pk), name]
    assert first[4:] == ["3", *"0000000", "3", "0.0%", "—", "0.00", "0.00"]
    assert second[:3] == [str(coupon.pk), "双十二", "立减40"]
    assert second[4:] == ["10", *"64302014", "40.0%", "33.3%", "120.00", "80.00"]
    entry = LogEntry.objects.get()
    assert entry.user == manager.user
    assert entry.get_change_message().startswith("导出优惠券效果")


def test_the_list_offers_the_page_and_the_file(manager: Client, coupon: Coupon) -> None:
    page = manager.get("/admin/api/coupon/").content.decode()
    assert page_of(coupon) in page
    assert CSV in page
    assert XLSX in page
    assert page_of(coupon) in manager.get(f"/admin/api/coupon/{coupon.pk}/change/").content.decode()
