"""批次 at the desk; taking back one, or what is ticked or filtered; copying a coupon."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.messages import get_messages
from django.db import OperationalError
from django.test import Client

from api.models import Coupon, CouponRecord, CouponRecordEvent, Course, DegreeCourse, IssueBatch
from api.services.coupons import taking_back
from tests.admin.conftest import MakeStaff
from tests.admin.test_lost_updates import dialog_of, form_of, text_of
from tests.api.test_taking_back import STATUSES, issued, statuses_of
from tests.support import codes as making
from tests.support.factories import CouponFactory, CouponRecordFactory, CourseFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
BATCHES = "/admin/api/issuebatch/"
RECORDS = "/admin/api/couponrecord/"


def said(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def take_back(browser: Client, batch: IssueBatch, reason: str = "泄露") -> str:
    url = f"{BATCHES}{batch.pk}/take_back/"
    answer = browser.post(url, dialog_of(browser, url) | {"reason": reason})
    return said(browser.get(answer.headers["HX-Redirect"]))


def logged() -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


# --- 批次 -----------------------------------------------------------------------------------------


def test_a_batch_shows_what_became_of_it(manager: Client) -> None:
    batch = issued(CouponFactory(name="大促"))
    codes = making.made(CouponFactory(), 5)
    row = {each.pk: each for each in manager.get(BATCHES).context["cl"].result_list}
    found = row[batch.pk].standing
    assert (found.unused, found.by_status[4], found.by_status[1]) == (2, 1, 1)
    assert row[codes.pk].standing.codes == 5
    page = text_of(manager.get(f"{BATCHES}{batch.pk}/change/"))
    assert "大促" in page
    assert "生成进度" not in page


def test_it_is_reached_from_its_coupon_and_leads_to_its_records(manager: Client) -> None:
    batch, other = issued(CouponFactory()), issued(CouponFactory())
    answer = manager.get(f"/admin/api/coupon/{batch.coupon_id}/batches/", follow=True)
    assert list(answer.context["cl"].result_list) == [batch]
    answer = manager.get(f"{BATCHES}{other.pk}/records/", follow=True)
    assert {record.batch for record in answer.context["cl"].result_list} == {other}
    record = batch.records.latest("pk")
    assert f"{BATCHES}{batch.pk}/change/" in text_of(manager.get(f"{RECORDS}{record.pk}/change/"))


def test_the_dialog_says_what_would_happen_and_changes_nothing(manager: Client) -> None:
    batch = issued(CouponFactory())
    shown = text_of(manager.get(f"{BATCHES}{batch.pk}/take_back/"))
    assert 'id="unused">2<' in shown
    assert 'id="staying">4<' in shown
    assert statuses_of(batch) == list(STATUSES)


def test_a_batch_is_taken_back_with_a_reason_and_the_log_says_so(manager: Client) -> None:
    batch = issued(CouponFactory())
    assert take_back(manager, batch) == "作废未使用的优惠券2张。1张已锁定，没有改变。"
    assert statuses_of(batch) == [3, 3, 1, 2, 3, 4]
    told = CouponRecordEvent.objects.filter(reason="泄露", staff=manager.user)
    assert told.count() == 2
    assert logged() == ["撤回本批：作废未使用的优惠券2张。泄露"]
    assert "没有可以撤回的" in take_back(manager, batch)
    assert len(logged()) == 1


def test_codes_go_with_their_batch(manager: Client) -> None:
    batch = making.made(CouponFactory(), 3)
    assert "未兑换的兑换码3个已失效" in take_back(manager, batch)
    assert "/export/" not in text_of(manager.get(f"{BATCHES}{batch.pk}/change/"))


def test_without_a_reason_it_is_not(manager: Client) -> None:
    batch = issued(CouponFactory())
    url = f"{BATCHES}{batch.pk}/take_back/"
    assert "HX-Redirect" not in manager.post(url, dialog_of(manager, url)).headers
    assert statuses_of(batch) == list(STATUSES)


def test_a_colleague_who_took_it_back_meanwhile_is_told_of(manager: Client, chief: Client) -> None:
    batch = issued(CouponFactory())
    url = f"{BATCHES}{batch.pk}/take_back/"
    mine = dialog_of(manager, url) | {"reason": "泄露"}
    take_back(chief, batch)
    assert "您打开时是“没有撤回”，现在是“已撤回”" in text_of(manager.post(url, mine))


def test_records_that_change_meanwhile_do_not_hold_it_up(manager: Client) -> None:
    batch = issued(CouponFactory())
    url = f"{BATCHES}{batch.pk}/take_back/"
    mine = dialog_of(manager, url) | {"reason": "泄露"}
    CouponRecord.objects.filter(pk=batch.records.order_by("pk")[0].pk).update(status=2)
    assert "HX-Redirect" in manager.post(url, mine).headers
    assert statuses_of(batch) == [2, 3, 1, 2, 3, 4]


def test_who_may_only_look_takes_none_back(staff: MakeStaff) -> None:
    batch = issued(CouponFactory())
    viewer = staff("viewer", None)
    viewer.user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_issuebatch", "view_couponrecord"])
    )
    url = f"{BATCHES}{batch.pk}/take_back/"
    assert viewer.get(url).status_code == 403
    answer = viewer.post(url, {"_form_submitted": "True", "reason": "x"})
    assert answer.status_code == 403
    assert viewer.get(f"{RECORDS}take_back/?batch__id__exact={batch.pk}").status_code == 403
    assert statuses_of(batch) == list(STATUSES)


# --- From the list --------------------------------------------------------------------------------


def chosen(browser: Client, action: str, *records: CouponRecord, **query: str) -> str:
    """The page that the list's action leads to."""
    data: dict[str, Any] = {"action": action, "_selected_action": [one.pk for one in records]}
    answer = browser.post(f"{RECORDS}?" + "&".join(f"{k}={v}" for k, v in query.items()), data)
    assert answer.status_code == 302
    url: str = answer.url
    return url


def send(browser: Client, url: str) -> Any:
    shown = text_of(browser.get(url))
    form = form_of(shown.replace('<form method="post" novalidate', '<form id="d_form" novalidate'))
    return browser.post(url, form | {"reason": "泄露"})


def test_what_is_ticked_is_taken_back_and_nothing_else(manager: Client) -> None:
    first, second, _ = CouponRecordFactory.create_batch(3)
    CouponRecord.objects.filter(pk=second.pk).update(status=1)
    url = chosen(manager, "take_back_ticked", first, second, status__exact="0")
    assert 'id="unused">1<' in text_of(manager.get(url))
    assert CouponRecord.objects.filter(status=3).count() == 0
    answer = send(manager, url)
    assert answer.url == f"{RECORDS}?status__exact=0"
    assert "已作废1张" in said(manager.get(answer.url))
    statuses = CouponRecord.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [3, 1, 0]
    assert logged() == ["作废1张（所选）：泄露"]


@pytest.mark.parametrize("across", [False, True])
def test_all_that_is_filtered_is_taken_back(manager: Client, across: bool) -> None:
    batch, other = issued(CouponFactory(), (0,) * 3), issued(CouponFactory(), (0, 0))
    ticked = batch.records.latest("pk")
    if across:
        data = {"action": "take_back_ticked", "_selected_action": [ticked.pk], "select_across": "1"}
        url = manager.post(f"{RECORDS}?batch__id__exact={batch.pk}", data).url
    else:
        url = chosen(manager, "take_back_filtered", ticked, batch__id__exact=str(batch.pk))
    assert parse_qs(urlsplit(url).query) == {"batch__id__exact": [str(batch.pk)]}
    send(manager, url)
    assert (statuses_of(batch), statuses_of(other)) == ([3, 3, 3], [0, 0])
    assert logged() == [f"作废3张（筛选：batch__id__exact={batch.pk}）：泄露"]


def test_what_came_after_the_page_was_opened_stays(manager: Client) -> None:
    record = CouponRecordFactory()
    url = f"{RECORDS}take_back/?status__exact=0"
    shown = text_of(manager.get(url))
    form = form_of(shown.replace('<form method="post" novalidate', '<form id="d_form" novalidate'))
    later = CouponRecordFactory()
    manager.post(url, form | {"reason": "泄露"})
    record.refresh_from_db(), later.refresh_from_db()
    assert (record.status, later.status) == (3, 0)


@pytest.mark.parametrize("query", ["", "?p=1", "?q=", "?bogus=1", "?status__exact=x"])
def test_without_a_filter_or_with_a_wrong_one_nothing_is(manager: Client, query: str) -> None:
    CouponRecordFactory()
    url = f"{RECORDS}take_back/{query}"
    for answer in (manager.get(url), manager.post(url, {"reason": "x", "up_to": "9999"})):
        assert answer.status_code == 302
    assert CouponRecord.objects.get().status == 0


@pytest.mark.parametrize("ids", ["", "x", "0", "999999999999999999999", "1;2"])
def test_what_is_no_record_is_none(manager: Client, ids: str) -> None:
    CouponRecordFactory()
    assert manager.get(f"{RECORDS}take_back/", {"ids": ids}).status_code == 200
    manager.post(f"{RECORDS}take_back/?ids={ids}", {"reason": "x", "up_to": "9999"})
    assert CouponRecord.objects.filter(status=0).exists() or ids == "1;2"


def test_where_the_database_fails_the_page_says_what_is_known(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("gone")

    record = CouponRecordFactory()
    monkeypatch.setattr(taking_back, "take_back", fails)
    url = f"{RECORDS}take_back/?ids={record.pk}"
    answer = manager.post(url, {"reason": "x", "up_to": str(record.pk)})
    assert answer.status_code == 503
    assert "没有作废" in answer.content.decode()


# --- 复制 -----------------------------------------------------------------------------------------


def copied(browser: Client, coupon: Coupon) -> dict[str, Any]:
    answer = browser.get(f"/admin/api/coupon/{coupon.pk}/copy/", follow=True)
    form: dict[str, Any] = answer.context["adminform"].form.initial
    return form


def test_a_copy_has_the_terms_of_the_coupon_and_nothing_is_saved(manager: Client) -> None:
    coupon = CouponFactory(
        name="大促",
        coupon_type=1,
        minimum_consume=500,
        course=CourseFactory(),
        claimable=True,
        per_account=3,
        code="SPRING",
    )
    CouponRecordFactory(coupon=coupon)
    form = copied(manager, coupon)
    assert (form["name"], form["course"]) == ("大促副本", coupon.object_id)
    terms = ("coupon_type", "money_equivalent_value", "minimum_consume", "quantity", "per_account")
    assert {name: form[name] for name in terms} == {name: getattr(coupon, name) for name in terms}
    dates = ("open_date", "close_date", "valid_begin_date", "valid_end_date")
    assert {name: form[name] for name in dates} == {name: getattr(coupon, name) for name in dates}
    assert form["claimable"] is True
    assert not form.get("code")
    assert Coupon.objects.count() == 1


def test_sent_as_it_is_it_is_a_coupon_of_its_own(manager: Client) -> None:
    coupon = CouponFactory(valid_begin_date=None, valid_end_date=None, coupon_valid_days=7)
    CouponRecordFactory(coupon=coupon)
    url = f"/admin/api/coupon/add/?copy={coupon.pk}"
    page = text_of(manager.get(url)).replace('id="coupon_form"', 'id="d_form"')
    answer = manager.post(url, form_of(page))
    assert answer.status_code == 302
    copy = Coupon.objects.latest("pk")
    assert (copy.name, copy.terms) == (f"{coupon.name}副本", coupon.terms)
    assert (copy.issued, copy.code, copy.couponrecord_set.count()) == (0, None, 0)


def test_a_long_name_is_shortened_to_what_a_name_may_have(manager: Client) -> None:
    assert copied(manager, CouponFactory(name="券" * 64))["name"] == "券" * 62 + "副本"


@pytest.mark.parametrize("bound", [Course, DegreeCourse])
def test_what_is_bound_to_no_course_says_that_its_copy_is_not_bound(
    manager: Client, bound: type
) -> None:
    coupon = CouponFactory()
    kind = ContentType.objects.get_for_model(bound)
    Coupon.objects.update(content_type=kind, object_id=999)
    answer = manager.get(f"/admin/api/coupon/{coupon.pk}/copy/", follow=True)
    assert "请为副本选择课程" in text_of(answer)
    assert answer.context["adminform"].form.initial["course"] is None


def test_who_may_not_make_coupons_does_not_copy_one(staff: MakeStaff) -> None:
    coupon = CouponFactory()
    viewer = staff("viewer", None)
    viewer.user.user_permissions.set(Permission.objects.filter(codename="view_coupon"))
    assert viewer.get(f"/admin/api/coupon/{coupon.pk}/copy/").status_code == 403


@pytest.mark.parametrize("wrong", ["999", "x", "", "-1"])
def test_a_copy_of_nothing_is_an_empty_form(manager: Client, wrong: str) -> None:
    assert manager.get(f"/admin/api/coupon/add/?copy={wrong}").status_code == 200
