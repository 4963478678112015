"""A manager's day at the desk, from the login to the file of records."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from api.models import Account, Coupon
from tests.browser.conftest import PASSWORD, log_in
from tests.support.factories import CouponFactory, CouponRecordFactory, CourseFactory

pytestmark = pytest.mark.django_db(transaction=True)
ADD = "/admin/api/coupon/add/"
# Whether a list, if the page has one, is no wider than what scrolls it.
LIST_FITS = """(list => !list || list.scrollWidth <= list.parentElement.clientWidth)(
    document.getElementById('result_list'))"""


def fill(page: Any, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"#id_{name}").fill(value)


def choose(page: Any, name: str, value: str) -> None:
    page.locator(f'input[name="{name}"][value="{value}"]').check()


def fill_the_rest(page: Any) -> None:
    fill(page, name="双十二", quantity="100", open_date="2026-11-22", close_date="2099-12-12")
    fill(page, valid_begin_date="2026-11-22", valid_end_date="2099-12-31")


def save(page: Any) -> None:
    page.get_by_role("button", name="保存", exact=True).click()


def expect_asked(page: Any, *names: str) -> None:
    """Of the three fields of worth, the form shows these and no other."""
    for name in ("money_equivalent_value", "minimum_consume", "off_percent"):
        expect(page.locator(f"#id_{name}")).to_be_visible(visible=name in names)


def expect_words(page: Any, words: str) -> None:
    expect(page.locator(".coupon-words")).to_have_text(words)


def beside(page: Any, name: str) -> Any:
    """The row of a field: its label, its help, its error."""
    return page.locator(f"#id_{name}").locator(
        "xpath=ancestor::div[contains(@class, 'field-row') or contains(@class, 'group')][1]"
    )


# --- Logging in -----------------------------------------------------------------------------------


def test_a_manager_logs_in(page: Any, manager: User) -> None:
    log_in(page, "wrong")
    expect(page.locator("body")).to_contain_text("请输入一个正确的")
    page.locator("#id_password").fill("demo-password")
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/admin/")
    expect(page.locator("body")).to_contain_text("优惠券概况")


# --- Making coupons -------------------------------------------------------------------------------


def test_the_form_of_each_type_asks_what_it_needs_and_says_what_it_will_do(desk: Any) -> None:
    desk.goto(ADD)
    fill_the_rest(desk)
    expect_asked(desk, "money_equivalent_value")
    fill(desk, money_equivalent_value="40")
    expect_words(desk, "立减40")

    choose(desk, "coupon_type", "1")
    expect_asked(desk, "money_equivalent_value", "minimum_consume")
    fill(desk, money_equivalent_value="200", minimum_consume="500")
    expect_words(desk, "满500减200")

    choose(desk, "coupon_type", "2")
    expect_asked(desk, "off_percent")
    fill(desk, off_percent="79")
    expect_words(desk, "7.9折")
    expect(desk.locator(".coupon-warning")).to_be_hidden()
    fill(desk, off_percent="21")
    expect(desk.locator(".coupon-warning")).to_contain_text("只付原价的21%")


def test_a_cash_coupon_is_made(desk: Any) -> None:
    desk.goto(ADD)
    fill_the_rest(desk)
    fill(desk, money_equivalent_value="40")
    save(desk)
    desk.wait_for_url("**/coupon/")
    expect(desk.locator("#result_list")).to_contain_text("立减40")
    assert Coupon.objects.get().money_equivalent_value == 40


def test_a_threshold_coupon_is_made_for_a_course_found_by_its_name(desk: Any) -> None:
    wanted = CourseFactory(name="爬虫开发-专题")
    CourseFactory(name="CRM实战")
    desk.goto(ADD)
    fill_the_rest(desk)
    choose(desk, "coupon_type", "1")
    fill(desk, money_equivalent_value="200", minimum_consume="500")
    desk.locator(".select2-selection").click()
    desk.locator(".select2-search__field").fill("爬虫")
    desk.locator(".select2-results__option", has_text="爬虫开发").click()
    save(desk)
    desk.wait_for_url("**/coupon/")
    coupon = Coupon.objects.get()
    assert coupon.content_object == wanted
    assert (coupon.money_equivalent_value, coupon.minimum_consume) == (200, 500)


def test_a_discount_is_made_that_is_valid_for_days_after_receipt(desk: Any) -> None:
    desk.goto(ADD)
    fill_the_rest(desk)
    choose(desk, "coupon_type", "2")
    fill(desk, off_percent="79")
    choose(desk, "validity", "days")
    expect(desk.locator("#id_valid_begin_date")).to_be_hidden()
    fill(desk, coupon_valid_days="7")
    save(desk)
    desk.wait_for_url("**/coupon/")
    expect(desk.locator("#result_list")).to_contain_text("领取后7天")
    coupon = Coupon.objects.get()
    assert (coupon.off_percent, coupon.coupon_valid_days, coupon.valid_begin_date) == (79, 7, None)


@pytest.mark.parametrize(
    ("kind", "fields", "field", "says"),
    [
        ("0", {}, "money_equivalent_value", "请填写优惠的金额"),
        ("0", {"money_equivalent_value": "0"}, "money_equivalent_value", "必须大于0"),
        ("1", {"money_equivalent_value": "200"}, "minimum_consume", "请填写最低消费"),
        ("2", {"off_percent": "100"}, "off_percent", "1到99"),
        ("2", {"off_percent": "79", "close_date": "2026-11-21"}, "close_date", "不能早于"),
        ("2", {"off_percent": "79", "valid_end_date": "2026-11-22"}, "valid_end_date", "必须晚于"),
        ("2", {"off_percent": "79", "open_date": "tomorrow"}, "open_date", "有效的日期"),
        ("2", {"off_percent": "79", "quantity": "0"}, "quantity", "至少1张"),
    ],
)
def test_an_error_stands_beside_its_field(
    desk: Any, kind: str, fields: dict[str, str], field: str, says: str
) -> None:
    desk.goto(ADD)
    fill_the_rest(desk)
    choose(desk, "coupon_type", kind)
    fill(desk, **fields)
    save(desk)
    expect(desk.locator(".errornote")).to_be_visible()
    expect(beside(desk, field)).to_contain_text(says)
    expect(desk.locator(f"#id_{field}")).to_be_visible()
    assert not Coupon.objects.exists()


# --- Handing out, taking back, exporting ----------------------------------------------------------


def test_a_coupon_is_issued_to_a_thousand_accounts_of_a_file(desk: Any, tmp_path: Path) -> None:
    coupon = CouponFactory(name="双十二", quantity=5000)
    Account.objects.bulk_create(Account(username=f"customer{n}") for n in range(1000))
    file = tmp_path / "names.csv"
    names = ["用户名", *(f"customer{n}" for n in range(1000)), "nobody"]
    file.write_text("\n".join(names), "utf-8-sig")

    desk.goto("/admin/api/coupon/")
    desk.get_by_role("link", name="双十二").click()
    desk.get_by_role("link", name=re.compile("(?<!停止)(?<!计划)发放$")).click()
    choose(desk, "source", "file")
    desk.locator("#id_file").set_input_files(file)
    desk.get_by_role("button", name="预览").click()
    expect(desk.locator("#receivers")).to_have_text("1000")
    expect(desk.locator("#unknown")).to_have_text("1")
    expect(desk.locator("#preview")).to_contain_text("nobody")
    desk.get_by_role("button", name="确认发放1000张").click()
    expect(desk.locator("#success")).to_contain_text("已发放1000张")
    assert coupon.couponrecord_set.count() == 1000
    desk.get_by_role("link", name="查看发放记录").click()
    expect(desk.locator("#result_list")).to_contain_text("customer999")


def test_a_coupon_is_issued_to_accounts_found_by_search(desk: Any) -> None:
    coupon = CouponFactory()
    Account.objects.bulk_create(Account(username=name) for name in ("alice", "alan", "bob"))
    desk.goto(f"/admin/api/coupon/{coupon.pk}/issue/")
    for name in ("alice", "bob"):
        desk.locator(".select2-search__field").fill(name)
        desk.locator(".select2-results__option", has_text=re.compile(f"^{name}$")).click()
    desk.get_by_role("button", name="预览").click()
    desk.get_by_role("button", name="确认发放2张").click()
    expect(desk.locator("#success")).to_be_visible()
    holders = coupon.couponrecord_set.values_list("account__username", flat=True)
    assert sorted(holders) == ["alice", "bob"]


def test_what_happened_since_the_preview_is_told_and_nothing_is_issued(desk: Any) -> None:
    coupon = CouponFactory(quantity=1)
    Account.objects.create(username="alice")
    desk.goto(f"/admin/api/coupon/{coupon.pk}/issue/")
    choose(desk, "source", "everyone")
    desk.get_by_role("button", name="预览").click()
    expect(desk.locator("#confirm-form")).to_be_visible()
    CouponRecordFactory(coupon=coupon)
    desk.get_by_role("button", name="确认发放1张").click()
    expect(desk.locator("#failure")).to_contain_text("剩余数量不足")
    assert coupon.couponrecord_set.count() == 1


def test_a_record_is_taken_back_with_a_reason(desk: Any) -> None:
    record = CouponRecordFactory()
    desk.goto(f"/admin/api/couponrecord/{record.pk}/change/")
    desk.get_by_role("link", name="作废").click()
    dialog = desk.locator("#dialog")
    dialog.get_by_role("button", name="作废").click()  # without a reason
    dialog.get_by_text("必填").wait_for()
    dialog.locator("#id_reason").fill("发错了人")
    dialog.get_by_role("button", name="作废").click()
    desk.get_by_text("已作废" + record.number).wait_for()
    record.refresh_from_db()
    assert record.status == 3
    expect(desk.locator("#content-main")).to_contain_text("发错了人")


def test_a_day_chosen_in_the_calendar_filters_the_list_and_the_file(desk: Any) -> None:
    noon = timezone.localtime().replace(hour=12)
    CouponRecordFactory(number="TODAY", get_time=noon)
    CouponRecordFactory(number="EARLIER", get_time=noon - dt.timedelta(days=40))
    desk.goto("/admin/api/couponrecord/")
    desk.get_by_text("过滤器", exact=False).first.click()
    days = desk.locator("#id_get_time_from")
    desk.locator("#filter-form .date-icon").first.click()
    desk.locator(".calendarbox:visible").get_by_role("link", name="今天").click()
    expect(days).to_have_value(f"{noon:%Y-%m-%d}")
    desk.get_by_role("button", name="应用过滤器").click()
    expect(desk.locator("#result_list")).to_contain_text("TODAY")
    expect(desk.locator("#result_list")).not_to_contain_text("EARLIER")

    desk.get_by_role("link", name="导出").click()
    desk.locator("#id_format").select_option(label="csv")
    with desk.expect_download() as download:
        desk.get_by_role("button", name="提交").click()
    content = Path(download.value.path()).read_text("utf-8-sig")
    assert "TODAY" in content
    assert "EARLIER" not in content


def test_what_is_filtered_is_exported(desk: Any) -> None:
    CouponRecordFactory(number="UNUSED", account__username="alice")
    CouponRecordFactory(number="USED", status=1)
    desk.goto("/admin/api/couponrecord/?status__exact=0")
    desk.get_by_role("link", name="导出").click()
    desk.locator("#id_format").select_option(label="csv")
    with desk.expect_download() as download:
        desk.get_by_role("button", name="提交").click()
    content = Path(download.value.path()).read_text("utf-8-sig")
    assert "UNUSED,alice" in content
    assert "USED,account" not in content


def preview_for_everyone(page: Any, coupon: Coupon) -> None:
    page.goto(f"/admin/api/coupon/{coupon.pk}/issue/")
    choose(page, "source", "everyone")
    page.get_by_role("button", name="预览").click()
    expect(page.locator("#confirm-form")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_preview_is_in_sight_and_focused(desk: Any, width: int) -> None:
    Account.objects.create(username="alice")
    desk.set_viewport_size({"width": width, "height": 900})
    preview_for_everyone(desk, CouponFactory())
    expect(desk.get_by_text("预览：请核对后确认")).to_be_in_viewport(ratio=1)
    expect(desk.get_by_role("button", name="确认发放1张")).to_be_in_viewport(ratio=1)
    expect(desk.locator("#preview")).to_be_focused()


def test_a_second_preview_without_a_file_keeps_the_first(desk: Any, tmp_path: Path) -> None:
    Account.objects.create(username="alice")
    file = tmp_path / "names.csv"
    file.write_text("alice")
    desk.goto(f"/admin/api/coupon/{CouponFactory().pk}/issue/")
    choose(desk, "source", "file")
    desk.locator("#id_file").set_input_files(file)
    desk.get_by_role("button", name="预览").click()
    expect(desk.locator("#column")).to_contain_text("读取的列：第1列")
    desk.get_by_role("button", name="预览").click()
    expect(desk.locator("#refusal")).to_have_text("请选择文件。")
    expect(desk.get_by_role("button", name="确认发放1张")).to_be_visible()


def test_what_is_edited_after_the_preview_cannot_be_confirmed_any_more(desk: Any) -> None:
    Account.objects.create(username="alice")
    coupon = CouponFactory()
    preview_for_everyone(desk, coupon)
    choose(desk, "source", "picked")
    expect(desk.locator("#confirm-form")).to_be_hidden()
    expect(desk.locator("#stale")).to_contain_text("请重新预览")
    assert not coupon.couponrecord_set.exists()


def test_who_is_searched_for_after_the_preview_takes_it_away_too(desk: Any) -> None:
    Account.objects.bulk_create(Account(username=name) for name in ("alice", "bob"))
    desk.goto(f"/admin/api/coupon/{CouponFactory().pk}/issue/")
    desk.locator(".select2-search__field").fill("alice")
    desk.locator(".select2-results__option", has_text="alice").click()
    desk.get_by_role("button", name="预览").click()
    expect(desk.locator("#confirm-form")).to_be_visible()
    desk.locator(".select2-selection__choice__remove").click()
    expect(desk.locator("#confirm-form")).to_be_hidden()


def test_names_too_long_to_be_sent_are_refused_in_chinese_and_all_still_there(desk: Any) -> None:
    desk.goto(f"/admin/api/coupon/{CouponFactory().pk}/issue/")
    choose(desk, "source", "pasted")
    box = desk.locator("#id_names")
    box.evaluate("box => { box.value = '路飞\\n'.repeat(200_000) }")  # typing it takes too long
    desk.get_by_role("button", name="预览").click()
    expect(desk.locator("#refusal")).to_contain_text("粘贴了600000个字符，最多500000个")
    assert box.evaluate("box => box.value.length") == 600_000
    choose(desk, "source", "everyone")  # what was pasted is then not sent
    Account.objects.create(username="alice")
    desk.get_by_role("button", name="预览").click()
    expect(desk.locator("#receivers")).to_have_text("1")


def test_a_login_that_ended_before_the_confirmation_is_told(desk: Any) -> None:
    Account.objects.create(username="alice")
    coupon = CouponFactory()
    preview_for_everyone(desk, coupon)
    Session.objects.all().delete()
    desk.get_by_role("button", name="确认发放1张").click()
    expect(desk.locator("#failure")).to_contain_text("登录已过期，这一次没有发放")
    assert not coupon.couponrecord_set.exists()


def test_a_coupon_that_was_deleted_before_the_confirmation_is_told(desk: Any) -> None:
    Account.objects.create(username="alice")
    coupon = CouponFactory()
    preview_for_everyone(desk, coupon)
    Coupon.objects.all().delete()
    desk.get_by_role("button", name="确认发放1张").click()
    expect(desk.locator("#failure")).to_contain_text("优惠券已被删除，这一次没有发放")


def test_a_coupon_that_was_changed_before_the_confirmation_is_told(desk: Any) -> None:
    Account.objects.create(username="alice")
    coupon = CouponFactory()
    preview_for_everyone(desk, coupon)
    Coupon.objects.update(money_equivalent_value=400)
    desk.get_by_role("button", name="确认发放1张").click()
    expect(desk.locator("#failure")).to_contain_text("优惠券在预览后被修改，没有发放任何一张")
    assert not coupon.couponrecord_set.exists()


@pytest.mark.parametrize("trouble", ["no answer", "an error of the proxy"])
def test_where_nobody_knows_what_was_issued_the_records_are_to_be_looked_at(
    desk: Any, trouble: str
) -> None:
    Account.objects.create(username="alice")
    preview_for_everyone(desk, CouponFactory())
    page = {"status": 504, "content_type": "text/html", "body": "<html>"}
    desk.route(
        "**/confirm/",
        lambda route: route.abort() if trouble == "no answer" else route.fulfill(**page),
    )
    desk.get_by_role("button", name="确认发放1张").click()
    expect(desk.locator("#failure")).to_contain_text("不知道是否已经发放")


# --- The look -------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(desk: Any, width: int) -> None:
    record = CouponRecordFactory(coupon__name="W" * 64)  # nowhere to break it
    CouponRecordFactory.create_batch(
        3, get_time=timezone.now() - dt.timedelta(days=3), coupon=record.coupon
    )
    desk.set_viewport_size({"width": width, "height": 900})
    for url in (
        "/admin/",
        "/admin/api/coupon/",
        ADD,
        f"/admin/api/coupon/{record.coupon_id}/change/",
        f"/admin/api/coupon/{record.coupon_id}/issue/",
        "/admin/api/couponrecord/",
        f"/admin/api/couponrecord/{record.pk}/change/",
        "/admin/api/couponrecord/export/",
    ):
        desk.goto(url)
        desk.wait_for_load_state("networkidle")
        assert desk.evaluate("document.documentElement.scrollWidth") <= width, url
        assert desk.evaluate(LIST_FITS), url


@pytest.mark.parametrize("width", [390, 1280])
def test_rights_are_chosen_in_chinese_from_two_lists_that_fit_the_window(
    page: Any, manager: User, width: int
) -> None:
    User.objects.update(is_superuser=True)
    log_in(page, PASSWORD)
    page.wait_for_url("**/admin/")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/admin/auth/group/{manager.groups.get().pk}/change/")
    expect(page.locator("#id_permissions_add_all")).to_have_text("选择全部权限")
    expect(page.locator("#id_permissions_remove_all")).to_have_text("移除全部权限")
    hidden = page.locator(".list-footer-display")
    expect(hidden).to_be_hidden()
    page.locator("#id_permissions_selected_input").fill("没有这样的权限")
    expect(hidden).to_contain_text("点击清除")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_chart_is_drawn_from_the_pages_own_files(desk: Any) -> None:
    CouponRecordFactory(status=1)
    desk.goto("/admin/")
    desk.wait_for_function("Object.keys(Chart.instances).length == 1")
    data = desk.evaluate("Chart.instances[0].data.datasets.map(set => set.data.at(-1))")
    assert data == [0, 1, 0, 0, 0]


# --- Two people at the same page ------------------------------------------------------------------


def test_what_a_colleague_changed_is_shown_beside_what_was_typed(desk: Any, tmp_path: Path) -> None:
    coupon = CouponFactory(coupon_type=2, money_equivalent_value=0, off_percent=35)
    desk.goto(f"/admin/api/coupon/{coupon.pk}/change/")
    Coupon.objects.filter(pk=coupon.pk).update(off_percent=80, brief="同事写的介绍")
    fill(desk, off_percent="55", name="我的名字")
    save(desk)
    changed = desk.locator("#changed-meanwhile")
    expect(changed).to_contain_text("折扣百分比")
    expect(changed.locator("td", has_text="80")).to_be_visible()
    expect(changed.locator("td", has_text="55")).to_be_visible()
    expect(desk.locator("#id_name")).to_have_value("我的名字")
    expect(desk.locator("#id_off_percent")).to_have_value("55")
    expect(desk.locator("#id_brief")).to_have_value("同事写的介绍")
    picture(desk, "changed", tmp_path)
    save(desk)
    desk.wait_for_url("**/coupon/")
    coupon.refresh_from_db()
    assert (coupon.off_percent, coupon.brief) == (55, "同事写的介绍")


def test_a_dialog_shows_what_has_changed_and_keeps_the_reason(desk: Any, tmp_path: Path) -> None:
    record = CouponRecordFactory()
    desk.goto(f"/admin/api/couponrecord/{record.pk}/change/")
    desk.get_by_role("link", name="作废").click()
    reason = desk.locator("#dialog textarea")
    reason.fill("发错了人")
    type(record).objects.update(status=2)
    desk.locator("#dialog").get_by_role("button", name="作废").click()
    expect(desk.locator("#dialog")).to_contain_text("您打开时是“未使用”，现在是“已过期”")
    expect(reason).to_have_value("发错了人")
    picture(desk, "dialog", tmp_path)


def picture(page: Any, name: str, folder: Path) -> None:
    page.screenshot(path=str(folder / f"{name}.png"), full_page=True)
