"""Coupon records: found by index, taken back with a reason, exported as they are filtered."""

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from api.admin.coupons import record_export as record_resource
from api.admin.coupons import record_files
from api.admin.desk import search
from api.models import Coupon, CouponRecord
from api.services.coupons.lifecycle import SERVICE, Actor, RecordNotUnused, lock, void
from tests.admin.conftest import MakeStaff
from tests.support.factories import CouponFactory, CouponRecordFactory, OrderFactory
from utils.spreadsheets import export as exporting

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LIST = "/admin/api/couponrecord/"
EXPORT = f"{LIST}export/"
CSV, XLSX = "0", "1"
SHOP = timezone.get_default_timezone()
SHOP_DAY = dt.datetime(2026, 3, 10, tzinfo=SHOP)


def listed(browser: Client, **query: str) -> set[str]:
    return {record.number for record in browser.get(LIST, query).context["cl"].result_list}


# --- Finding --------------------------------------------------------------------------------------


def test_the_list_is_not_counted(manager: Client) -> None:
    CouponRecordFactory.create_batch(3)
    for query in ({}, {"q": "n0"}, {"status__exact": "0"}, {"_facets": "True"}):
        with CaptureQueriesContext(connection) as queries:
            manager.get(LIST, query)
        counts = [q["sql"] for q in queries if "COUNT(" in q["sql"].upper()]
        assert not counts


def test_it_is_found_by_the_beginning_of_its_number_or_of_its_owners_name(
    manager: Client,
) -> None:
    CouponRecordFactory(number="ABCD1", account__username="alice")
    CouponRecordFactory(number="ABCE2", account__username="bob")
    assert listed(manager, q="ABC") == {"ABCD1", "ABCE2"}
    assert listed(manager, q="abcd") == {"ABCD1"}
    assert listed(manager, q=" ali ") == {"ABCD1"}
    assert listed(manager, q="bob") == {"ABCE2"}
    assert listed(manager, q="BCD") == set()
    CouponRecordFactory(number="Double12-abc", account__username="carol")
    assert listed(manager, q="Double") == {"Double12-abc"}
    assert listed(manager, q="%") == set()


def test_a_name_that_is_too_short_says_so(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "NAMES_SEARCHED", 1)
    CouponRecordFactory(account__username="alice")
    CouponRecordFactory(account__username="alan")
    assert "请输入更完整的用户名" in manager.get(LIST, {"q": "al"}).content.decode()
    assert "请输入更完整的用户名" not in manager.get(LIST, {"q": "ali"}).content.decode()


def test_it_is_filtered_by_status_coupon_account_and_day_of_receipt(manager: Client) -> None:
    midnight = dt.datetime(2026, 11, 2, tzinfo=SHOP)
    second = dt.timedelta(seconds=1)
    old = CouponRecordFactory(number="OLD", get_time=midnight - second, status=1)
    new = CouponRecordFactory(number="NEW", get_time=midnight)
    assert listed(manager, status__exact="1") == {"OLD"}
    assert listed(manager, coupon__id__exact=str(new.coupon_id)) == {"NEW"}
    assert listed(manager, account__id__exact=str(old.account_id)) == {"OLD"}
    assert listed(manager, get_time_from="2026-11-01", get_time_to="2026-11-01") == {"OLD"}
    assert listed(manager, get_time_from="2026-11-02") == {"NEW"}
    assert listed(manager, get_time_to="2026-11-02") == {"OLD", "NEW"}


@pytest.mark.parametrize("day", ["2026-11-02", "2026/11/02", " 2026/11/2 "])
def test_a_day_is_read_as_it_is_typed_and_as_the_calendar_writes_it(
    manager: Client, day: str
) -> None:
    midnight = dt.datetime(2026, 11, 2, tzinfo=SHOP)
    CouponRecordFactory(number="OLD", get_time=midnight - dt.timedelta(seconds=1))
    CouponRecordFactory(number="NEW", get_time=midnight)
    assert listed(manager, get_time_from=day) == {"NEW"}
    rows = as_rows(download(manager, CSV, "?" + urlencode({"get_time_from": day})), CSV)
    assert [row[0] for row in rows[1:]] == ["NEW"]


WRONG = [
    {"get_time_from": "2026/13/40"},
    {"get_time_to": "yesterday"},
    {"get_time_from": "99999-01-01"},
    {"status__exact": "x"},
    {"coupon__id__exact": "x"},
    {"bogus": "1"},
]


@pytest.mark.parametrize("query", WRONG)
def test_a_wrong_filter_is_told_by_the_list(manager: Client, query: dict[str, str]) -> None:
    answer = manager.get(LIST, query, follow=True)
    assert answer.redirect_chain == [(LIST, 302)]
    assert [str(message) for message in answer.context["messages"]] == ["过滤条件有误，已清除。"]


@pytest.mark.parametrize("query", WRONG)
def test_with_a_wrong_filter_nothing_is_exported(manager: Client, query: dict[str, str]) -> None:
    CouponRecordFactory()
    url = f"{EXPORT}?{urlencode(query)}"
    asked = manager.get(url)
    ordered = manager.post(url, {"format": CSV, "resource": "0"}, follow=True)
    assert (asked.status_code, asked.headers["Location"]) == (302, LIST)
    assert ordered.redirect_chain == [(LIST, 302)]
    assert "过滤条件有误" in ordered.content.decode()
    assert not LogEntry.objects.exists()


def test_a_record_is_for_reading_only(chief: Client) -> None:
    record = CouponRecordFactory(coupon__coupon_type=2, coupon__off_percent=79)
    url = f"{LIST}{record.pk}/"
    page = chief.get(f"{url}change/").content.decode()
    assert record.number in page
    assert "7.9折" in page
    assert chief.get(f"{LIST}add/").status_code == 403
    assert chief.post(f"{url}change/", {"status": "1", "number": "x"}).status_code == 403
    assert chief.post(f"{url}delete/", {"post": "yes"}).status_code == 403
    assert CouponRecord.objects.get().status == 0


def test_its_days_are_those_of_the_settlement(manager: Client) -> None:
    CouponRecordFactory(
        coupon=CouponFactory(valid_begin_date=None, valid_end_date=None, coupon_valid_days=7),
        get_time=dt.datetime(2026, 11, 1, 23, 59, tzinfo=SHOP),
    )
    assert "2026-11-07" in manager.get(LIST).content.decode()


# --- Taking one back ------------------------------------------------------------------------------


def take_back(browser: Client, record: CouponRecord, reason: str) -> Any:
    fields = {"reason": reason, "_form_submitted": "True"}
    return browser.post(f"{LIST}{record.pk}/void/", fields)


def test_an_unused_record_is_taken_back_and_the_log_says_why(manager: Client) -> None:
    record, other = CouponRecordFactory.create_batch(2)
    answer = take_back(manager, record, "发错了人")
    assert answer.headers["HX-Redirect"] == f"{LIST}{record.pk}/change/"
    record.refresh_from_db()
    other.refresh_from_db()
    assert (record.status, other.status) == (3, 0)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (manager.user, str(record.pk))
    assert entry.get_change_message() == f"作废1张（{record.number}）：发错了人"
    page = manager.get(f"{LIST}{record.pk}/change/").content.decode()
    assert "发错了人" in page
    assert "已作废" in page


def test_its_page_tells_its_whole_life_to_whoever_may_see_it(
    staff: MakeStaff, manager: Client
) -> None:
    record, other = CouponRecordFactory.create_batch(2)
    take_back(manager, record, "发错了人")
    owner = Actor(account_id=other.account_id)
    order = OrderFactory(account=other.account)
    lock([other.pk], order_id=order.pk, now=timezone.now(), by=owner, reason="下单了")
    reader = staff("reader", None)
    reader.user.user_permissions.add(Permission.objects.get(codename="view_couponrecord"))
    page = reader.get(f"{LIST}{record.pk}/change/").content.decode()
    for words in ("经过", "（新） → 未使用", "未使用 → 已作废", "manager", "系统", "发错了人"):
        assert words in page
    assert "下单了" not in page
    page = reader.get(f"{LIST}{other.pk}/change/").content.decode()
    for words in ("未使用 → 已锁定", f"用户{other.account.username}", "下单了"):
        assert words in page


@pytest.mark.parametrize("status", [1, 2, 3])
def test_any_other_record_is_not_taken_back(manager: Client, status: int) -> None:
    record = CouponRecordFactory(status=status)
    take_back(manager, record, "发错了人")
    record.refresh_from_db()
    assert record.status == status
    assert not LogEntry.objects.exists()
    assert "没有作废" in manager.get(LIST).content.decode()


@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_only_an_unused_records_page_offers_to_take_it_back(manager: Client, status: int) -> None:
    record = CouponRecordFactory(status=status)
    page = manager.get(f"{LIST}{record.pk}/change/").content.decode()
    assert (f"{LIST}{record.pk}/void/" in page) == (status == 0)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "a\0"])
def test_taking_back_needs_a_reason(manager: Client, reason: str) -> None:
    record = CouponRecordFactory()
    answer = take_back(manager, record, reason)
    assert answer.context["form"].errors["reason"]
    assert "HX-Redirect" not in answer.headers
    record.refresh_from_db()
    assert record.status == 0


def test_to_look_at_the_dialog_changes_nothing(manager: Client) -> None:
    record = CouponRecordFactory()
    assert "作废原因" in manager.get(f"{LIST}{record.pk}/void/").content.decode()
    record.refresh_from_db()
    assert record.status == 0
    assert manager.get(f"{LIST}999/void/").status_code == 200  # asks, and then
    assert (
        manager.post(f"{LIST}999/void/", {"reason": "x", "_form_submitted": "True"}).status_code
        == 404
    )


def test_who_uses_a_record_first_keeps_it_used() -> None:
    record = CouponRecordFactory()
    CouponRecord.objects.filter(pk=record.pk).update(status=1)  # after the manager's page opened
    with pytest.raises(RecordNotUnused):
        void(record_id=record.pk, now=timezone.now(), by=SERVICE, reason="发错了人")
    record.refresh_from_db()
    assert record.status == 1


# --- Files ----------------------------------------------------------------------------------------


def download(browser: Client, format: str, query: str = "") -> bytes:
    answer = browser.post(EXPORT + query, {"format": format, "resource": "0"})
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return b"".join(answer.streaming_content)


def as_rows(content: bytes, format: str) -> list[list[str]]:
    if format == CSV:
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    sheet = load_workbook(io.BytesIO(content)).active
    return [["" if cell is None else cell for cell in row] for row in sheet.values]


@pytest.mark.parametrize("format", [CSV, XLSX])
def test_a_file_holds_what_is_filtered_newest_first(
    manager: Client, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_resource, "BATCH", 2)
    when = dt.datetime(2026, 11, 2, 8, 30, tzinfo=SHOP)
    for number in range(1, 6):
        CouponRecordFactory(
            number=f"N{number}", account__username=f"account{number}", coupon__name="双十二",
            status=number == 5, get_time=when, used_time=when if number == 5 else None,
        )  # fmt: skip
    rows = as_rows(download(manager, format, "?status__exact=0"), format)
    assert rows[0] == [
        "券号", "用户名", "优惠券", "优惠内容", "状态", "领取时间", "可用至", "使用时间", "订单",
        "优惠金额(元)", "作废原因",
    ]  # fmt: skip
    assert [row[0] for row in rows[1:]] == ["N4", "N3", "N2", "N1"]
    last_day = str(timezone.localdate() + dt.timedelta(days=7))
    told = ["N4", "account4", "双十二", "立减40", "未使用", "2026-11-02 08:30", last_day]
    assert rows[1] == [*told, "", "", "", ""]
    entry = LogEntry.objects.get()
    assert entry.user == manager.user
    kind = "CSV" if format == CSV else "XLSX"
    assert entry.get_change_message() == f"导出4条（{kind}），条件：状态：未使用"


def test_a_search_that_finds_too_many_accounts_is_not_exported_in_part(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "NAMES_SEARCHED", 1)
    CouponRecordFactory(account__username="alice", status=1)
    CouponRecordFactory(account__username="alan", status=1)
    for url in (f"{EXPORT}?q=al&status__exact=1", f"{EXPORT}?q=+al&status__exact=1"):
        answer = manager.post(url, {"format": CSV, "resource": "0"}, follow=True)
        assert answer.redirect_chain[0][0].startswith(f"{LIST}?q=")
        assert "没有导出" in answer.content.decode()
    assert not LogEntry.objects.exists()
    rows = as_rows(download(manager, CSV, "?q=ali"), CSV)
    assert [row[1] for row in rows[1:]] == ["alice"]


@pytest.mark.parametrize("format", [CSV, XLSX])
def test_an_empty_list_is_a_file_with_a_heading(manager: Client, format: str) -> None:
    assert len(as_rows(download(manager, format), format)) == 1


LIKE_FORMULAS = pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+1", "-1", "@x"])


@LIKE_FORMULAS
def test_a_customers_name_is_never_a_formula_in_csv(manager: Client, name: str) -> None:
    CouponRecordFactory(account__username=name)
    assert as_rows(download(manager, CSV), CSV)[1][1] == "'" + name


@LIKE_FORMULAS
def test_a_customers_name_is_text_in_xlsx_as_it_is(manager: Client, name: str) -> None:
    CouponRecordFactory(account__username=name)
    sheet = load_workbook(io.BytesIO(download(manager, XLSX))).active
    assert (sheet["B2"].value, sheet["B2"].data_type) == (name, "s")


def test_a_sheet_that_is_full_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "SHEET_ROWS", 2)
    rows = ([str(number)] for number in range(4))
    content = b"".join(exporting.xlsx_chunks("券", ["号"], rows))
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["券", "券2"]
    assert [list(sheet.values) for sheet in book] == [
        [("号",), ("0",), ("1",)],
        [("号",), ("2",), ("3",)],
    ]


def test_xlsx_begins_before_the_last_row_is_there() -> None:
    taken = []

    def rows() -> Iterator[list[str]]:
        for number in range(100_000):
            taken.append(number)
            yield [hashlib.sha256(str(number).encode()).hexdigest()]

    chunks = exporting.xlsx_chunks("券", ["号"], rows())
    assert next(chunks)
    assert len(taken) < 10_000


@pytest.mark.parametrize("format", [CSV, XLSX])
def test_any_name_comes_out_as_it_is_but_for_what_xml_cannot_hold(
    manager: Client, format: str
) -> None:
    CouponRecordFactory(account__username='<a>&"b" \x08😀 ')
    name = as_rows(download(manager, format), format)[1][1]
    assert name == '<a>&"b" \x08😀 '.replace("\x08", "\x08" if format == CSV else "")


def test_a_download_that_is_broken_off_is_logged_with_what_went_out(manager: Client) -> None:
    rows = record_files.Counted(iter([["1"], ["2"], ["3"]]))
    user_id = manager.user.pk
    lines = exporting.csv_lines(["号"], record_files.logged(rows, "csv", [], user_id=user_id))
    next(lines), next(lines)  # the heading and a row
    lines.close()
    assert LogEntry.objects.get().get_change_message() == "导出1条（CSV）"


@pytest.mark.parametrize("fields", [{}, {"format": "7"}, {"format": "x"}])
def test_a_file_needs_a_format(manager: Client, fields: dict[str, str]) -> None:
    answer = manager.post(EXPORT, fields | {"resource": "0"})
    assert "Content-Disposition" not in answer.headers
    assert answer.context["form"].errors["format"]
    assert not LogEntry.objects.exists()


def test_rows_are_fetched_in_batches_whatever_their_number(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(record_resource, "BATCH", 4)
    CouponRecordFactory.create_batch(10, coupon=CouponFactory())
    with django_assert_num_queries(1 + 4):  # what the coupon is; 4, 4, 2, and none
        rows = list(record_resource.rows(CouponRecord.objects.all()))
    assert len(rows) == 10


def test_what_is_deleted_while_a_file_is_made_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_resource, "BATCH", 2)
    kept, gone = CouponFactory(name="留下"), CouponFactory(name="删除")
    for coupon in (kept, gone, kept, gone):
        CouponRecordFactory(coupon=coupon)
    asked = Coupon.objects.in_bulk

    def late(pks: Any) -> Any:
        Coupon.objects.filter(pk=gone.pk).delete()  # after a batch with its record was read
        return asked(pks)

    monkeypatch.setattr(Coupon.objects, "in_bulk", late)
    rows = list(record_resource.rows(CouponRecord.objects.all()))
    assert [row[2] for row in rows] == ["留下", "留下"]


def test_a_row_is_told_as_its_own_coupon_and_its_own_days_are() -> None:
    early, late = SHOP_DAY.replace(hour=0), SHOP_DAY.replace(hour=23, minute=59)
    undated = {"valid_begin_date": None, "valid_end_date": None}
    three, five = (CouponFactory(coupon_valid_days=days, **undated) for days in (3, 5))
    for coupon, at in ((three, early), (three, late), (five, early), (three, late)):
        record = CouponRecordFactory(coupon=coupon)
        CouponRecord.objects.filter(pk=record.pk).update(get_time=at)
    CouponRecord.objects.filter(pk=record.pk).update(get_time=late + dt.timedelta(minutes=1))

    rows = [row[5:7] for row in record_resource.rows(CouponRecord.objects.all())]

    assert rows == [
        ["2026-03-11 00:00", "2026-03-13"],
        ["2026-03-10 00:00", "2026-03-14"],
        ["2026-03-10 23:59", "2026-03-12"],
        ["2026-03-10 00:00", "2026-03-12"],
    ]


def test_only_who_may_take_back_or_export_does(staff: Any) -> None:

    reader = staff("reader", None)
    reader.user.user_permissions.add(Permission.objects.get(codename="view_couponrecord"))
    record = CouponRecordFactory()
    page = reader.get(LIST).content.decode()
    assert record.number in page
    assert "export/" not in page
    assert "void/" not in page
    assert take_back(reader, record, "x").status_code == 403
    assert reader.post(EXPORT, {"format": CSV, "resource": "0"}).status_code == 403
    record.refresh_from_db()
    assert record.status == 0
    assert not LogEntry.objects.exists()
