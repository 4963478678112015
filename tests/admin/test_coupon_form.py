"""The form of a coupon: what each type asks for, and every error beside its field."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from api.models import Coupon
from tests.admin.conftest import MakeStaff
from tests.admin.rows import course, degree
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
    course_type_of,
)

pytestmark = pytest.mark.slow  # dozens of large pages

ADD = "/admin/api/coupon/add/"
CASH = {
    "name": "双十二",
    "brief": "",
    "coupon_type": "0",
    "money_equivalent_value": "40",
    "minimum_consume": "",
    "off_percent": "",
    "course": "",
    "quantity": "100",
    "open_date": "2026-11-22",
    "close_date": "2026-12-12",
    "validity": "dates",
    "valid_begin_date": "2026-11-22",
    "valid_end_date": "2026-12-31",
    "coupon_valid_days": "",
}
THRESHOLD = CASH | {"coupon_type": "1", "minimum_consume": "500"}
DISCOUNT = CASH | {"coupon_type": "2", "money_equivalent_value": "", "off_percent": "79"}
BY_DAYS = {"validity": "days", "coupon_valid_days": "7"}


def save(browser: Client, fields: Mapping[str, str], url: str = ADD) -> Any:
    return browser.post(url, fields)


def errors_of(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


def test_it_makes_a_cash_coupon(manager: Client) -> None:
    assert save(manager, CASH).status_code == 302
    coupon = Coupon.objects.get()
    assert (coupon.coupon_type, coupon.money_equivalent_value) == (0, 40)
    assert (coupon.minimum_consume, coupon.off_percent, coupon.object_id) == (0, None, None)


def test_it_makes_a_threshold_coupon(manager: Client) -> None:
    save(manager, THRESHOLD)
    coupon = Coupon.objects.get()
    assert (coupon.coupon_type, coupon.money_equivalent_value) == (1, 40)
    assert coupon.minimum_consume == 500


def test_it_makes_a_discount_without_asking_for_money(manager: Client) -> None:
    save(manager, DISCOUNT)
    coupon = Coupon.objects.get()
    assert (coupon.coupon_type, coupon.off_percent) == (2, 79)
    assert (coupon.money_equivalent_value, coupon.minimum_consume) == (0, 0)


def test_it_makes_a_discount_that_takes_at_most_so_much_off(manager: Client) -> None:
    save(manager, DISCOUNT | {"max_off": "100"})
    coupon = Coupon.objects.get()
    assert (coupon.off_percent, coupon.max_off) == (79, 100)
    listed = manager.get("/admin/api/coupon/").content.decode()
    assert "7.9折，最高减100" in listed
    page = manager.get(f"/admin/api/coupon/{coupon.pk}/change/").content.decode()
    assert "7.9折，最高减100" in page


def test_another_type_drops_the_most_that_was_typed(manager: Client) -> None:
    for fields in (CASH, THRESHOLD):
        save(manager, fields | {"name": fields["coupon_type"], "max_off": "100"})
    assert list(Coupon.objects.values_list("max_off", flat=True)) == [None, None]


def test_it_makes_one_valid_for_days_after_receipt(manager: Client) -> None:
    save(manager, CASH | BY_DAYS)
    coupon = Coupon.objects.get()
    assert coupon.coupon_valid_days == 7
    assert (coupon.valid_begin_date, coupon.valid_end_date) == (None, None)


def test_what_the_type_does_not_use_is_not_even_looked_at(manager: Client) -> None:
    hidden = {"money_equivalent_value": "abc", "minimum_consume": "-1", "coupon_valid_days": "0"}
    assert save(manager, DISCOUNT | hidden).status_code == 302
    assert Coupon.objects.get().money_equivalent_value == 0


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        (CASH | {"name": ""}, "name", "必填"),
        (CASH | {"money_equivalent_value": ""}, "money_equivalent_value", "请填写优惠的金额"),
        (CASH | {"money_equivalent_value": "0"}, "money_equivalent_value", "必须大于0"),
        (CASH | {"money_equivalent_value": "-5"}, "money_equivalent_value", "必须大于0"),
        (CASH | {"money_equivalent_value": "4.5"}, "money_equivalent_value", "整数"),
        (CASH | {"money_equivalent_value": "9" * 30}, "money_equivalent_value", "小于或等于"),
        (THRESHOLD | {"minimum_consume": ""}, "minimum_consume", "请填写最低消费"),
        (THRESHOLD | {"minimum_consume": "0"}, "minimum_consume", "必须大于0"),
        (THRESHOLD | {"minimum_consume": "-1"}, "minimum_consume", "大于或等于"),
        (DISCOUNT | {"off_percent": ""}, "off_percent", "1到99"),
        (DISCOUNT | {"off_percent": "0"}, "off_percent", "1到99"),
        (DISCOUNT | {"off_percent": "100"}, "off_percent", "1到99"),
        (DISCOUNT | {"max_off": "0"}, "max_off", "至少1元"),
        (DISCOUNT | {"max_off": "-1"}, "max_off", "大于或等于"),
        (DISCOUNT | {"max_off": "0.5"}, "max_off", "整数"),
        (CASH | {"quantity": ""}, "quantity", "至少1张"),
        (CASH | {"quantity": "0"}, "quantity", "至少1张"),
        (CASH | {"open_date": ""}, "open_date", "必填"),
        (CASH | {"open_date": "2026-13-40"}, "open_date", "有效的日期"),
        (CASH | {"close_date": "2026-11-21"}, "close_date", "不能早于"),
        (CASH | {"valid_end_date": "2026-11-22"}, "valid_end_date", "必须晚于"),
        (CASH | {"valid_end_date": ""}, "valid_end_date", "请填写有效结束时间"),
        (CASH | {"valid_begin_date": ""}, "valid_begin_date", "请填写有效期开始时间"),
        (CASH | {"valid_end_date": "2026-13-40"}, "valid_end_date", "有效的日期"),
        (CASH | {"quantity": "many"}, "quantity", "整数"),
        (THRESHOLD | {"minimum_consume": "4.5"}, "minimum_consume", "整数"),
        (CASH | BY_DAYS | {"coupon_valid_days": ""}, "coupon_valid_days", "请填写领取后"),
        (CASH | BY_DAYS | {"coupon_valid_days": "0"}, "coupon_valid_days", "不能为0"),
        (CASH | {"coupon_type": "7"}, "coupon_type", "7"),
        (CASH | {"validity": "never"}, "validity", "never"),
        (CASH | {"course": "99"}, "course", "没有这门课程"),
        (CASH | {"course": "abc"}, "course", "没有这门课程"),
        (CASH | {"name": "a\0b"}, "name", "空"),
    ],
)
def test_an_error_stands_beside_its_field_and_nothing_is_saved(
    manager: Client, fields: dict[str, str], field: str, says: str
) -> None:
    errors = errors_of(save(manager, fields))
    assert list(errors) == [field]
    (said,) = errors[field]
    assert says in said
    assert not Coupon.objects.exists()


def test_both_dates_are_asked_for(manager: Client) -> None:
    errors = errors_of(save(manager, CASH | {"valid_begin_date": "", "valid_end_date": ""}))
    assert list(errors) == ["valid_begin_date", "valid_end_date"]
    assert not Coupon.objects.exists()


def test_what_must_be_filled_in_where_it_is_shown_has_an_asterisk(manager: Client) -> None:
    page = manager.get(ADD).content.decode()
    starred = re.findall(r'for="id_([a-z_]+)">[^<]*<span[^>]*>\*</span>', page)
    assert set(starred) >= {
        "name", "money_equivalent_value", "minimum_consume", "off_percent", "quantity",
        "open_date", "close_date", "valid_begin_date", "valid_end_date", "coupon_valid_days",
    }  # fmt: skip
    assert not {"brief", "course"} & set(starred)


def test_it_binds_a_course_by_search_and_not_by_content_type(manager: Client) -> None:
    wanted, _ = CourseFactory(name="爬虫开发"), CourseFactory(name="CRM")
    found = manager.get(
        "/admin/autocomplete/",
        {"app_label": "api", "model_name": "coursechapter", "field_name": "course", "term": "爬虫"},
    ).json()
    assert [result["id"] for result in found["results"]] == [str(wanted.pk)]
    save(manager, CASH | {"course": str(wanted.pk)})
    assert Coupon.objects.get().content_object == wanted


def test_a_binding_can_be_taken_off(manager: Client) -> None:
    coupon = CouponFactory(course=course())
    save(manager, CASH | {"course": ""}, f"/admin/api/coupon/{coupon.pk}/change/")
    coupon.refresh_from_db()
    assert (coupon.content_type, coupon.object_id) == (None, None)


@pytest.mark.parametrize("still_there", [True, False])
def test_a_coupon_bound_to_something_else_keeps_that_and_says_so(
    manager: Client, still_there: bool
) -> None:
    bound = degree() if still_there else course()
    coupon = CouponFactory(content_object=bound)
    kind, name = course_type_of(type(bound)), bound.name if still_there else "已删除"
    if not still_there:
        bound.delete()
    page = manager.get(f"/admin/api/coupon/{coupon.pk}/change/").content.decode()
    assert name in page
    answer = save(manager, CASH | {"name": "新"}, f"/admin/api/coupon/{coupon.pk}/change/")
    assert answer.status_code == 302
    after = Coupon.objects.get()
    assert after.name == "新"
    assert (after.content_type, after.object_id) == (kind, coupon.object_id)
    assert "没有人能使用" in manager.get("/admin/").content.decode()


def of_no_use(kind: str) -> Coupon:
    """A coupon bound to a degree, or to a course that is gone; somebody holds one, unused."""
    bound = degree() if kind == "degree" else course()
    coupon = CouponFactory(content_object=bound)
    if kind == "untyped":
        Coupon.objects.update(content_type=None)
    CouponRecordFactory(coupon=coupon)
    if kind != "degree":
        bound.delete()
    return Coupon.objects.get()


NO_USE = pytest.mark.parametrize("kind", ["degree", "deleted", "untyped"])


@NO_USE
def test_a_binding_of_no_use_can_be_exchanged_for_a_course(manager: Client, kind: str) -> None:
    coupon, wanted = of_no_use(kind), CourseFactory()
    url = f"/admin/api/coupon/{coupon.pk}/change/"
    assert save(manager, CASH | {"course": str(wanted.pk)}, url).status_code == 302
    assert Coupon.objects.get().content_object == wanted


@NO_USE
def test_a_binding_of_no_use_is_taken_off_only_by_saying_so(manager: Client, kind: str) -> None:
    coupon = of_no_use(kind)
    url = f"/admin/api/coupon/{coupon.pk}/change/"
    assert "改为全站可用" in manager.get(url).content.decode()
    save(manager, CASH, url)
    assert Coupon.objects.get().object_id == coupon.object_id
    both = CASH | {"site_wide": "on", "course": str(CourseFactory().pk)}
    assert "请只选择一样" in errors_of(save(manager, both, url))["site_wide"][0]
    save(manager, CASH | {"site_wide": "on"}, url)
    after = Coupon.objects.get()
    assert (after.content_type, after.object_id) == (None, None)
    assert "改为全站可用" not in manager.get(url).content.decode()


@pytest.mark.parametrize("status", [1, 2])
def test_it_warns_of_a_course_that_is_not_online_and_says_how_many_hold_it(
    manager: Client, cash: Coupon, status: int
) -> None:
    CouponRecordFactory.create_batch(2, coupon=cash)
    offline = CourseFactory(name="旧课", status=status)
    page = changed(manager, cash, course=str(offline.pk))
    assert "绑定的课程“旧课”没有上线" in page
    assert "未使用的有2张" in page
    assert "没有上线" not in changed(manager, cash, course=str(CourseFactory().pk))


def test_a_course_bound_without_a_type_is_shown_and_gets_its_type(manager: Client) -> None:
    bound = course()
    coupon = CouponFactory()
    Coupon.objects.update(object_id=bound.pk)
    url = f"/admin/api/coupon/{coupon.pk}/change/"
    assert bound.name in manager.get(url).content.decode()
    assert bound.name in manager.get("/admin/api/coupon/").content.decode()
    save(manager, CASH | {"course": str(bound.pk)}, url)
    assert Coupon.objects.get().content_object == bound


def test_it_warns_of_a_discount_below_half(manager: Client) -> None:
    answer = manager.post(ADD, DISCOUNT | {"off_percent": "21"}, follow=True)
    warned = [str(message) for message in answer.context["messages"]]
    assert "请确认：折扣百分比是21，即2.1折，顾客只付原价的21%。" in warned


def test_an_ordinary_discount_is_no_reason_to_warn(manager: Client) -> None:
    assert "请确认" not in manager.post(ADD, DISCOUNT, follow=True).content.decode()


@pytest.mark.parametrize("money", ["500", "501"])
def test_it_warns_of_a_threshold_coupon_that_takes_everything_off(
    manager: Client, money: str
) -> None:
    fields = THRESHOLD | {"money_equivalent_value": money}
    page = manager.post(ADD, fields, follow=True).content.decode()
    assert f"请确认：满500减{money}" in page


def test_an_ordinary_threshold_coupon_is_no_reason_to_warn(manager: Client) -> None:
    fields = THRESHOLD | {"money_equivalent_value": "499"}
    assert "请确认" not in manager.post(ADD, fields, follow=True).content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (CASH | {"money_equivalent_value": "600"}, "立减600"),
        (CASH | {"money_equivalent_value": "2000000000"}, "立减2000000000"),
        (THRESHOLD | {"minimum_consume": "700", "money_equivalent_value": "600"}, "满700减600"),
    ],
)
def test_it_warns_of_a_coupon_worth_more_than_the_dearest_course(
    manager: Client, fields: Mapping[str, str], words: str
) -> None:
    PricePolicyFactory(price=599.0)
    PricePolicyFactory(price=9999.0, content_object=CourseFactory(status=1))
    page = manager.post(ADD, fields, follow=True).content.decode()
    assert f"请确认：{words}，而可用的课程最贵的是599.00元，单买任何一门都不用付钱。" in page
    assert Coupon.objects.exists()


def test_a_coupon_worth_as_much_as_the_dearest_course_is_no_reason_to_warn(
    manager: Client,
) -> None:
    PricePolicyFactory(price=40.0)
    assert "请确认" not in manager.post(ADD, CASH, follow=True).content.decode()


def test_a_bound_coupon_is_held_against_its_own_course(manager: Client) -> None:
    PricePolicyFactory(price=9999.0)
    cheap = PricePolicyFactory(price=39.0)
    bound = {"course": str(cheap.object_id)}
    page = manager.post(ADD, CASH | bound, follow=True).content.decode()
    assert "请确认：立减40，而可用的课程最贵的是39.00元" in page
    page = manager.post(ADD, THRESHOLD | bound, follow=True).content.decode()
    assert "请确认：满500减40，而绑定的课程最贵的价格是39.00元，达不到最低消费。" in page


def test_it_warns_of_a_name_that_another_coupon_has(manager: Client) -> None:
    other = CouponFactory(name="双十二 VIP")
    page = manager.post(ADD, CASH | {"name": "双十二 vip"}, follow=True).content.decode()
    assert f"请确认：已有同名的优惠券（编号{other.pk}）" in page
    assert Coupon.objects.count() == 2


def test_its_own_name_and_one_that_was_told_before_are_no_reason_to_warn(manager: Client) -> None:
    CouponFactory(name="双十二")
    made = CouponFactory(name="双十二")
    assert "同名" not in changed(manager, made)
    assert "同名" not in changed(manager, made, name="双十三")


def changed(browser: Client, coupon: Coupon, **fields: str) -> str:
    """What the desk shows after the coupon, made as CASH says, was saved with these."""
    url = f"/admin/api/coupon/{coupon.pk}/change/"
    page: str = browser.post(url, CASH | fields, follow=True).content.decode()
    return page


@pytest.fixture
def cash(manager: Client) -> Coupon:
    save(manager, CASH)
    return Coupon.objects.get()


@pytest.mark.parametrize(
    "fields", [{"money_equivalent_value": "41"}, {"valid_end_date": "2027-01-01"}, BY_DAYS], ids=str
)
def test_it_says_how_many_holders_a_change_concerns(
    manager: Client, cash: Coupon, fields: dict[str, str]
) -> None:
    twice = CouponRecordFactory(coupon=cash).account
    CouponRecordFactory(coupon=cash, account=twice), CouponRecordFactory(coupon=cash)
    CouponRecordFactory(coupon=cash, status=1)  # has used it: nothing changes for him
    assert "已有2人持有未使用的此优惠券，修改已立即对他们生效" in changed(manager, cash, **fields)


def test_other_days_bring_back_what_had_expired_and_it_says_how_many(
    manager: Client, cash: Coupon
) -> None:
    today = timezone.localdate()
    day = dt.timedelta(days=1)
    Coupon.objects.update(valid_begin_date=today - 9 * day, valid_end_date=today - day)
    expired = CouponRecordFactory(coupon=cash, status=2)
    days = {"valid_begin_date": str(today - 9 * day), "valid_end_date": str(today)}
    assert "1张已过期的优惠券恢复为未使用" in changed(manager, cash, **days)
    expired.refresh_from_db()
    assert expired.status == 0
    assert expired.events.latest("id").staff == manager.user
    assert "恢复" not in changed(manager, cash, name="双十一", **days)
    over = days | {"valid_end_date": str(today - day)}
    assert "1张未使用的优惠券已过期" in changed(manager, cash, **over)


def test_a_coupon_bound_to_number_0_is_site_wide(manager: Client) -> None:
    CouponFactory(name="everywhere")
    Coupon.objects.update(object_id=0)
    CouponFactory(name="bound", course=course())
    assert {row.name for row in listed(manager, bound="no")} == {"everywhere"}
    assert {row.name for row in listed(manager, bound="yes")} == {"bound"}


def test_another_binding_concerns_the_holders(manager: Client, cash: Coupon) -> None:
    CouponRecordFactory(coupon=cash)
    assert "已有1人持有" in changed(manager, cash, course=str(CourseFactory().pk))


def test_another_name_or_quantity_does_not_concern_the_holders(
    manager: Client, cash: Coupon
) -> None:
    CouponRecordFactory(coupon=cash)
    assert "人持有" not in changed(manager, cash, name="双十一", quantity="50")


def test_the_change_of_a_coupon_that_nobody_holds_is_no_reason_to_warn(
    manager: Client, cash: Coupon
) -> None:
    assert "人持有" not in changed(manager, cash, money_equivalent_value="41")


def test_the_quantity_cannot_fall_below_what_was_issued(manager: Client) -> None:
    coupon = CouponFactory(quantity=100)
    CouponRecordFactory.create_batch(3, coupon=coupon)
    url = f"/admin/api/coupon/{coupon.pk}/change/"
    errors = errors_of(save(manager, CASH | {"quantity": "2"}, url))
    assert errors == {"quantity": ["已经发放了3张，数量不能少于3"]}
    coupon.refresh_from_db()
    assert coupon.quantity == 100
    assert save(manager, CASH | {"quantity": "3"}, url).status_code == 302


def test_who_may_only_look_sees_a_coupon_and_cannot_change_it(staff: MakeStaff) -> None:
    reader = staff("reader", None)
    reader.user.user_permissions.add(Permission.objects.get(codename="view_coupon"))
    coupon = CouponFactory(name="双十一", coupon_type=2, off_percent=79)
    url = f"/admin/api/coupon/{coupon.pk}/change/"
    page = reader.get(url).content.decode()
    assert "双十一" in page
    assert "7.9折" in page
    assert save(reader, CASH, url).status_code == 403
    coupon.refresh_from_db()
    assert (coupon.name, coupon.coupon_type) == ("双十一", 2)


def test_a_coupon_that_somebody_holds_cannot_be_deleted(chief: Client) -> None:
    held = CouponRecordFactory().coupon
    assert chief.post(f"/admin/api/coupon/{held.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Coupon.objects.filter(pk=held.pk).exists()
    free = CouponFactory()
    chief.post(f"/admin/api/coupon/{free.pk}/delete/", {"post": "yes"})
    assert not Coupon.objects.filter(pk=free.pk).exists()


def test_the_list_says_what_each_does_where_it_holds_and_how_it_stands(manager: Client) -> None:
    today = timezone.localdate()
    day = dt.timedelta(days=1)
    CouponFactory(name="running", coupon_type=2, off_percent=79, course=course())
    CouponFactory(name="pending", open_date=today + day)
    CouponFactory(name="closed", close_date=today - day)
    CouponFactory(name="useless", valid_begin_date=today - 3 * day, valid_end_date=today - day)
    CouponFactory(name="by-days", valid_begin_date=None, valid_end_date=None, coupon_valid_days=7)
    CouponFactory(name="later", valid_begin_date=today + day, valid_end_date=today + 2 * day)
    CouponFactory(name="only an end", valid_begin_date=None)
    assert {row.name: (row.receipt_state, row.use_state) for row in listed(manager)} == {
        "running": ("running", "running"),
        "pending": ("pending", "running"),
        "closed": ("ended", "running"),
        "useless": ("running", "ended"),
        "by-days": ("running", "running"),
        "later": ("running", "pending"),
        "only an end": ("running", "ended"),
    }
    assert {row.name for row in listed(manager, receipt_state="ended")} == {"closed"}
    assert {row.name for row in listed(manager, use_state="ended")} == {"useless", "only an end"}
    assert {row.name for row in listed(manager, bound="yes")} == {"running"}
    page = manager.get("/admin/api/coupon/").content.decode()
    for words in ("7.9折", "立减40", "领取后7天", "全站", "0 / 100", "未开始", "进行中", "已结束"):
        assert words in page


def listed(browser: Client, **filters: str) -> list[Any]:
    return list(browser.get("/admin/api/coupon/", filters).context["cl"].result_list)


@pytest.mark.parametrize(("ends", "state"), [(-1, "ended"), (0, "running"), (1, "running")])
def test_a_coupon_runs_through_its_last_day(manager: Client, ends: int, state: str) -> None:
    CouponFactory(close_date=timezone.localdate() + dt.timedelta(days=ends))
    assert listed(manager)[0].receipt_state == state


def test_the_list_is_filtered_by_day_and_tells_what_is_none(manager: Client) -> None:
    last = dt.date(2026, 11, 30)
    CouponFactory(name="november", valid_begin_date=dt.date(2026, 11, 1), valid_end_date=last)
    CouponFactory(name="later", valid_begin_date=last, valid_end_date=last + dt.timedelta(days=1))
    assert [row.name for row in listed(manager, valid_end_date_to="2026/11/30")] == ["november"]
    assert [row.name for row in listed(manager, valid_end_date_from="2026-12-01")] == ["later"]
    answer = manager.get("/admin/api/coupon/", {"close_date_from": "soon"}, follow=True)
    assert "过滤条件有误" in answer.content.decode()


@pytest.mark.parametrize("day", ["2026-11-22", "2026/11/22"])
def test_a_form_reads_a_day_as_it_is_typed_and_as_the_calendar_writes_it(
    manager: Client, day: str
) -> None:
    save(manager, CASH | {"open_date": day})
    coupon = Coupon.objects.get()
    assert coupon.open_date == dt.date(2026, 11, 22)
    page = manager.get(f"/admin/api/coupon/{coupon.pk}/change/").content.decode()
    shown = re.findall(r'name="(?:open|close|valid_begin|valid_end)_date" value="([^"]*)"', page)
    assert shown == ["2026-11-22", "2026-12-12", "2026-11-22", "2026-12-31"]
