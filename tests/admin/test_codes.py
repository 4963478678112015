"""One-time codes at the desk: having them made, the one file of them, who took which."""

import csv
import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from api.models import Coupon, CouponCode, IssueBatch
from api.services.coupons import claiming, taking_back
from api.services.coupons.lifecycle import SERVICE, Actor
from tests.admin.conftest import MakeStaff
from tests.admin.test_lost_updates import dialog_of, text_of
from tests.support import codes as making
from tests.support.factories import AccountFactory, CouponFactory
from tests.support.tasks import work_off

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CODES = "/admin/api/couponcode/"
BATCHES = "/admin/api/issuebatch/"


def make(browser: Client, coupon: Coupon, **typed: str) -> Any:
    url = f"/admin/api/coupon/{coupon.pk}/make_codes/"
    return browser.post(url, dialog_of(browser, url) | typed)


def said(browser: Client, url: str) -> list[str]:
    return [str(message) for message in get_messages(browser.get(url).wsgi_request)]


def file_of(browser: Client, batch: IssueBatch, kind: str = "csv") -> Any:
    return browser.post(f"{BATCHES}{batch.pk}/codes_file/", {"format": kind})


def logged() -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


def permitted(staff: MakeStaff, name: str, *codenames: str) -> Client:
    browser = staff(name, None)
    browser.user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return browser


# --- Making ---------------------------------------------------------------------------------------


def test_a_manager_has_codes_made_and_sees_how_far_they_are(manager: Client) -> None:
    coupon = CouponFactory(name="大促")
    answer = make(manager, coupon, number="3", note="地推")
    batch = IssueBatch.objects.get()
    page = reverse("admin:api_issuebatch_change", args=[batch.pk])
    assert answer.headers["HX-Redirect"] == page
    assert (batch.coupon, batch.number, batch.note) == (coupon, 3, "地推")
    assert (batch.manager, batch.source) == (manager.user, "codes")
    assert "0 / 3" in text_of(manager.get(page))
    assert f"{batch.pk}/export/" not in text_of(manager.get(page))
    work_off()
    shown = text_of(manager.get(page))
    assert "3 / 3" in shown
    assert "正在后台生成" not in shown
    assert f"{batch.pk}/export/" in shown
    assert logged() == ["生成3个兑换码：地推"]


@pytest.mark.parametrize("number", ["0", "100001", "-1", "x", ""])
def test_so_many_are_not_made(manager: Client, number: str) -> None:
    answer = make(manager, CouponFactory(), number=number)
    assert "HX-Redirect" not in answer.headers
    assert not IssueBatch.objects.exists()


def test_a_dialog_that_is_sent_twice_makes_one_batch(manager: Client) -> None:
    coupon = CouponFactory()
    url = f"/admin/api/coupon/{coupon.pk}/make_codes/"
    typed = dialog_of(manager, url) | {"number": "2"}
    first, second = manager.post(url, typed), manager.post(url, typed)
    assert first.headers["HX-Redirect"] == second.headers["HX-Redirect"]
    assert IssueBatch.objects.count() == 1
    assert len(logged()) == 1


def test_of_a_stopped_coupon_none_are_made_and_the_page_says_why(manager: Client) -> None:
    coupon = CouponFactory(paused=True)
    answer = make(manager, coupon, number="2")
    assert "没有生成：优惠券已停止发放。" in said(manager, answer.headers["HX-Redirect"])
    assert not IssueBatch.objects.exists()


@pytest.mark.parametrize(("number", "warned"), [("2", False), ("3", True)])
def test_more_codes_than_pieces_is_said(manager: Client, number: str, warned: bool) -> None:
    coupon = CouponFactory(quantity=2)
    answer = make(manager, coupon, number=number)
    told = " ".join(said(manager, answer.headers["HX-Redirect"]))
    assert ("而优惠券只剩2张" in told) is warned
    shown = text_of(manager.get(f"/admin/api/coupon/{coupon.pk}/change/"))
    assert f"未兑换{number}个，剩余2张" in shown


def test_who_may_not_issue_has_none_made(staff: MakeStaff) -> None:
    coupon = CouponFactory()
    viewer = permitted(staff, "viewer", "view_coupon", "view_issuebatch")
    url = f"/admin/api/coupon/{coupon.pk}/make_codes/"
    assert viewer.get(url).status_code == 403
    answer = viewer.post(url, {"_form_submitted": "True", "number": "1", "key": "k"})
    assert answer.status_code == 403
    assert not IssueBatch.objects.exists()


def test_a_coupon_with_codes_is_not_deleted(chief: Client) -> None:
    coupon = making.made(CouponFactory(), 1).coupon
    url = f"/admin/api/coupon/{coupon.pk}/delete/"
    assert chief.post(url, {"post": "yes"}).status_code == 403
    assert CouponCode.objects.exists()


# --- The file -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_has_every_code_and_each_claims(manager: Client, kind: str) -> None:
    batch = making.made(CouponFactory(), 3, by=Actor(staff_id=manager.user.pk))
    assert "只能导出一次" in text_of(manager.get(f"{BATCHES}{batch.pk}/codes_file/"))
    answer = file_of(manager, batch, kind)
    assert f"codes-{batch.pk}.{kind}" in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]
    content = b"".join(answer)
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    else:
        sheet = load_workbook(io.BytesIO(content)).active
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert rows[0] == ["序号", "兑换码"]
    assert [row[0] for row in rows[1:]] == ["1", "2", "3"]
    for _, code in rows[1:]:
        wanted = claiming.wanted(coupon_id=None, code=code)
        claiming.claim(wanted, account_id=AccountFactory().pk, now=timezone.now())
    assert logged() == [f"导出3个兑换码（{kind.upper()}）"]


def test_there_is_no_second_file(manager: Client, chief: Client) -> None:
    batch = making.made(CouponFactory(), 1, by=Actor(staff_id=manager.user.pk))
    (code,) = making.codes_of(batch)
    for browser in (manager, chief):
        for method in (browser.get, browser.post):
            answer = method(f"{BATCHES}{batch.pk}/codes_file/", {"format": "csv"})
            assert answer.status_code == 302
            assert "没有导出：这一批兑换码已经导出过" in " ".join(said(browser, answer.url))
        for page in (f"{BATCHES}{batch.pk}/change/", CODES, f"{CODES}?q={code}"):
            table = text_of(browser.get(page)).partition("<main")[2].partition("<table")[2]
            assert code not in table
        assert f"{batch.pk}/export/" not in text_of(browser.get(f"{BATCHES}{batch.pk}/change/"))
    assert logged() == []


def test_before_all_are_made_there_is_none(manager: Client) -> None:
    batch = making.ordered(CouponFactory(), 2, by=Actor(staff_id=manager.user.pk))
    answer = file_of(manager, batch)
    assert "没有导出：还在生成：0 / 2" in " ".join(said(manager, answer.url))
    assert IssueBatch.objects.get().exported_at is None


@pytest.mark.parametrize(
    ("codenames", "own", "status"),
    [
        (("view_issuebatch",), True, 200),
        (("view_issuebatch",), False, 403),
        (("view_issuebatch", "export_couponcode"), False, 200),
        (("export_couponcode",), True, 403),
    ],
)
def test_it_is_for_who_had_them_made_or_may_export_anybodys(
    staff: MakeStaff, codenames: tuple[str, ...], own: bool, status: int
) -> None:
    browser = permitted(staff, "someone", *codenames)
    by = Actor(staff_id=browser.user.pk) if own else SERVICE
    batch = making.made(CouponFactory(), 1, by=by)
    assert browser.get(f"{BATCHES}{batch.pk}/codes_file/").status_code == status
    assert file_of(browser, batch).status_code == status
    assert (IssueBatch.objects.get().exported_at is not None) == (status == 200)


# --- Who took which -------------------------------------------------------------------------------


def listed(browser: Client, **query: str) -> list[str]:
    rows = browser.get(CODES, query).context["cl"].result_list
    return sorted(code.tail for code in rows)


def test_codes_are_found_by_what_they_say_by_their_end_and_by_who_took_them(
    manager: Client,
) -> None:
    batch = making.made(CouponFactory(), 3)
    one, two, three = making.codes_of(batch)
    wanted = claiming.wanted(coupon_id=None, code=one)
    claiming.claim(wanted, account_id=AccountFactory(username="alice").pk, now=timezone.now())
    other = making.made(CouponFactory(), 1)
    tails = [code[-4:] for code in (one, two, three)]
    assert listed(manager, q=one.lower()) == tails[:1]
    assert listed(manager, q=tails[1].lower()) == [tails[1]]
    assert listed(manager, q="ali") == tails[:1]
    assert listed(manager, q=one[:9]) == []
    assert listed(manager, batch__id__exact=str(batch.pk)) == sorted(tails)
    assert listed(manager, coupon__id__exact=str(other.coupon_id)) != sorted(tails)
    assert listed(manager, standing="claimed") == tails[:1]
    taking_back.take_back_batch(batch.pk, now=timezone.now(), by=SERVICE, reason="x")
    assert listed(manager, standing="taken_back") == sorted(tails[1:])
    assert listed(manager, standing="free") == [other.codes.get().tail]
    assert "alice" in text_of(manager.get(CODES))


def test_the_post_of_course_managers_sees_neither(course_manager: Client) -> None:
    making.made(CouponFactory(), 1)
    for page in (CODES, BATCHES):
        assert course_manager.get(page).status_code == 403
