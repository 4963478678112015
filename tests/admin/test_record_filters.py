"""The list of coupon records filtered by what it lacked before, and a file that says what it is."""

import datetime as dt
import io
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from api.admin.coupons import record_filters
from api.admin.coupons.record_filters import how_many, in_words
from api.models import CouponRecord
from api.services.coupons.lifecycle import SERVICE, void
from tests.admin.test_records import CSV, EXPORT, LIST, XLSX, as_rows, download, listed
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    OrderFactory,
    PricePolicyFactory,
)
from tests.support.orders import order, pay, place

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SHOP = timezone.get_default_timezone()


def test_it_is_filtered_by_day_of_use(manager: Client) -> None:
    midnight = dt.datetime(2026, 11, 2, tzinfo=SHOP)
    second = dt.timedelta(seconds=1)
    CouponRecordFactory(number="OLD", status=1, used_time=midnight - second)
    CouponRecordFactory(number="NEW", status=1, used_time=midnight)
    CouponRecordFactory(number="NOT")
    assert listed(manager, used_time_from="2026-11-01", used_time_to="2026-11-01") == {"OLD"}
    assert listed(manager, used_time_from="2026-11-02") == {"NEW"}


def test_it_is_filtered_by_type(manager: Client) -> None:
    CouponRecordFactory(number="CASH")
    CouponRecordFactory(number="OFF", coupon__coupon_type=2, coupon__off_percent=79)
    assert listed(manager, coupon__coupon_type__exact="2") == {"OFF"}


def test_it_is_filtered_by_the_course_that_its_coupon_is_bound_to(manager: Client) -> None:
    python, django = CourseFactory(name="Python 入门"), CourseFactory(name="Django 实战")
    CouponRecordFactory(number="P", coupon=CouponFactory(course=python))
    CouponRecordFactory(number="D", coupon=CouponFactory(course=django))
    CouponRecordFactory(number="ALL")
    assert listed(manager, course="python") == {"P"}
    assert listed(manager, course=str(django.pk)) == {"D"}
    assert listed(manager, course=" 实战 ") == {"D"}
    assert listed(manager, course="Rust") == set()
    assert listed(manager, course=" ") == {"P", "D", "ALL"}


@pytest.mark.parametrize("typed", ["A2026", "a2026", " A20261 "])
def test_it_is_filtered_by_the_beginning_of_its_orders_number(manager: Client, typed: str) -> None:
    CouponRecordFactory(number="IN", status=4, order=OrderFactory(order_number="A20261"))
    CouponRecordFactory(number="OTHER", status=4, order=OrderFactory(order_number="BA2026"))
    CouponRecordFactory(number="NONE")
    assert listed(manager, order_number=typed) == {"IN"}


@pytest.mark.parametrize("name", ["course", "order_number"])
def test_what_no_database_holds_is_found_nowhere_and_breaks_nothing(
    manager: Client, name: str
) -> None:
    CouponRecordFactory()
    for typed in ("x\0y", "9" * 40, "%"):
        assert listed(manager, **{name: typed}) == set()


def test_the_filters_ask_no_more_queries_for_more_rows(manager: Client) -> None:
    course = CourseFactory(name="Python")
    query = {"course": "Py", "coupon__coupon_type__exact": "0"}

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            manager.get(LIST, query)
        return len(queries)

    CouponRecordFactory(coupon=CouponFactory(course=course))
    asked()
    one = asked()
    CouponRecordFactory(coupon=CouponFactory(course=course))
    assert asked() == one


# --- Files ----------------------------------------------------------------------------------------


def row_of(browser: Client, record: CouponRecord, format: str = CSV) -> dict[str, str]:
    heading, *rows = as_rows(download(browser, format), format)
    [row] = [row for row in rows if row[0] == record.number]
    return dict(zip(heading, row, strict=True))


def test_a_used_record_says_in_the_file_which_order_and_what_it_took_off(manager: Client) -> None:
    course = CourseFactory()
    bound = CouponRecordFactory(coupon=CouponFactory(course=course))
    wide = CouponRecordFactory(account=bound.account, coupon__money_equivalent_value=7)
    policy = PricePolicyFactory(content_object=course, price=100.0)
    placed = place(bound.account, [policy], (bound, wide))
    assert row_of(manager, bound)["优惠金额(元)"] == ""  # locked
    assert row_of(manager, bound)["订单"] == placed.order_number
    pay(placed)
    for record, off in ((bound, "40.00"), (wide, "7.00")):
        row = row_of(manager, record)
        assert (row["订单"], row["优惠金额(元)"]) == (placed.order_number, off)


def test_a_void_record_says_in_the_file_why(manager: Client) -> None:
    record, other = CouponRecordFactory.create_batch(2)
    void(record_id=record.pk, now=timezone.now(), by=SERVICE, reason="发错了人")
    assert row_of(manager, record)["作废原因"] == "发错了人"
    assert row_of(manager, other)["作废原因"] == ""


@pytest.mark.parametrize(
    ("fields", "last_day"),
    [
        ({}, "2026-11-09"),
        ({"valid_until": dt.date(2026, 11, 5)}, "2026-11-05"),
        ({"coupon__valid_begin_date": None, "coupon__valid_end_date": None}, ""),
        (
            {
                "coupon__valid_begin_date": None,
                "coupon__valid_end_date": None,
                "coupon__coupon_valid_days": 3,
            },
            "2026-11-04",
        ),
    ],
)
def test_the_file_has_the_last_day_that_the_list_has(
    manager: Client, fields: dict[str, Any], last_day: str
) -> None:
    days = {"coupon__valid_begin_date": dt.date(2026, 11, 1)}
    days |= {"coupon__valid_end_date": dt.date(2026, 11, 9)}
    received = dt.datetime(2026, 11, 2, 0, 0, tzinfo=SHOP)
    record = CouponRecordFactory(get_time=received, **(days | fields))
    assert row_of(manager, record)["可用至"] == last_day
    shown = manager.get(LIST).context["cl"].model_admin.last_day(record)
    assert (shown or "") == last_day


def test_an_xlsx_ends_with_a_sheet_that_says_how_many_rows_and_by_which_conditions(
    manager: Client,
) -> None:
    CouponRecordFactory.create_batch(3)
    CouponRecordFactory(status=1)
    book = load_workbook(io.BytesIO(download(manager, XLSX, "?status__exact=0")))
    assert book.sheetnames == ["用户优惠券", "说明"]
    notes = dict(book["说明"].values)
    assert (notes["行数"], notes["条件"]) == ("3", "状态：未使用")
    assert len(list(book["用户优惠券"].values)) == 4
    whole = load_workbook(io.BytesIO(download(manager, XLSX)))["说明"]
    assert dict(whole.values)["条件"] == "全部"


def test_the_page_that_offers_the_file_says_how_many_rows_and_by_which_conditions(
    manager: Client,
) -> None:
    CouponRecordFactory.create_batch(3)
    CouponRecordFactory(status=1)
    answer = manager.get(f"{EXPORT}?status__exact=0&q=n0")
    assert answer.context["number"] == "3条"
    assert answer.context["conditions"] == ["状态：未使用", "搜索：n0"]
    assert "状态：未使用；搜索：n0" in answer.content.decode()


def test_more_than_can_be_counted_at_once_are_said_to_be_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record_filters, "COUNTED", 2)
    CouponRecordFactory.create_batch(2)
    assert how_many(CouponRecord.objects.all()) == "2条"
    CouponRecordFactory()
    assert how_many(CouponRecord.objects.all()) == "超过2条"


def test_every_filter_of_the_list_has_words(manager: Client) -> None:
    record = CouponRecordFactory(coupon__name="双十二", account=AccountFactory(username="alice"))
    days = "get_time_from=2026-11-01&get_time_to=2026-11-02&used_time_from=2026-11-03"
    which = f"coupon__id__exact={record.coupon_id}&account__id__exact={record.account_id}"
    rest = "status__exact=1&coupon__coupon_type__exact=2&course=Go&order_number=A1"
    query = QueryDict(f"{days}&{which}&{rest}&p=2")
    assert in_words(query) == [
        "领取时间：2026-11-01 至 2026-11-02", "使用时间：2026-11-03 至 …", "状态：已使用",
        "优惠券：双十二", "账户：alice", "绑定课程：Go", "券类型：折扣券", "订单号：A1",
    ]  # fmt: skip
    offered = {
        name
        for spec in manager.get(LIST).context["cl"].filter_specs
        for name in spec.expected_parameters()
        if name
    }
    said = {f"{name}=1" for name in offered}
    assert all(in_words(QueryDict(one)) for one in said), said


def test_a_condition_for_what_is_no_more_is_said_as_it_is() -> None:
    query = QueryDict("coupon__id__exact=999&status__exact=x&order__isnull=True&_facets=True")
    assert in_words(query) == ["状态：x", "优惠券：999", "order__isnull：True"]


def test_an_order_without_coupons_is_no_condition_of_any_record(manager: Client) -> None:
    CouponRecordFactory()
    assert listed(manager, order_number=order().order_number) == set()


def test_the_records_of_more_orders_than_are_looked_up_are_found_all_the_same(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_filters, "ORDERS_LOOKED_UP", 1)
    for number in ("A1", "A2", "B1"):
        CouponRecordFactory(number=f"R{number}", order=OrderFactory(order_number=number), status=4)
    assert listed(manager, order_number="A") == {"RA1", "RA2"}
    assert listed(manager, order_number="A1") == {"RA1"}
