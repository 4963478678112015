"""停用 and 启用 at the desk: a leaked coupon is of no use to anybody from that moment."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from api.models import Coupon, CouponRecord
from api.services.coupons import editing
from tests.admin.conftest import MakeStaff
from tests.admin.test_lost_updates import dialog_of, opened, text_of, url_of
from tests.support.factories import CouponFactory, CouponRecordFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LIST = "/admin/api/coupon/"
REASON = {"reason": "口令外泄"}


def send(browser: Client, coupon: Coupon, what: str, **fields: str) -> str:
    """Sends the dialog as it is opened, with a reason; gives the page that is shown then."""
    url = f"{LIST}{coupon.pk}/{what}/"
    answer = browser.post(url, dialog_of(browser, url) | REASON | fields)
    assert answer.headers["HX-Redirect"] == f"{LIST}{coupon.pk}/change/"
    coupon.refresh_from_db()
    return text_of(browser.get(f"{LIST}{coupon.pk}/change/"))


def logged() -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


def test_a_coupon_is_switched_off_and_on_and_the_log_says_why(manager: Client) -> None:
    record = CouponRecordFactory()
    coupon, other = record.coupon, CouponFactory()
    assert f"{coupon.name}已停用。" in send(manager, coupon, "disable")
    other.refresh_from_db()
    assert (coupon.disabled, coupon.paused, other.disabled) == (True, False, False)
    assert CouponRecord.objects.get().status == 0
    assert f"{coupon.name}已启用。" in send(manager, coupon, "enable", reason="已换口令")
    assert not coupon.disabled
    assert logged() == ["停用：口令外泄", "启用：已换口令"]


@pytest.mark.parametrize("reason", ["", "  ", "长" * 201])
def test_without_a_reason_nothing_happens(manager: Client, reason: str) -> None:
    coupon = CouponFactory()
    url = f"{LIST}{coupon.pk}/disable/"
    answer = manager.post(url, dialog_of(manager, url) | {"reason": reason})
    assert answer.status_code == 200
    assert "HX-Redirect" not in answer.headers
    coupon.refresh_from_db()
    assert not coupon.disabled
    assert logged() == []


def test_switching_it_off_twice_says_so_and_is_one(manager: Client) -> None:
    coupon = CouponFactory()
    url = f"{LIST}{coupon.pk}/disable/"
    mine = dialog_of(manager, url) | REASON
    for _ in range(2):
        assert manager.post(url, mine).headers["HX-Redirect"]
    assert logged() == ["停用：口令外泄"]
    assert "之前已停用" in text_of(manager.get(LIST))


def test_it_is_not_switched_off_blindly_after_a_colleague_switched_it_on(manager: Client) -> None:
    coupon = CouponFactory(disabled=True)
    url = f"{LIST}{coupon.pk}/disable/"
    mine = dialog_of(manager, url) | REASON
    Coupon.objects.update(disabled=False)
    page = text_of(manager.post(url, mine))
    assert "您打开时是“已停用”，现在是“可以使用”" in page
    coupon.refresh_from_db()
    assert not coupon.disabled


def test_its_page_and_the_list_say_it_and_offer_what_would_do_something(manager: Client) -> None:
    coupon = CouponFactory()
    page = f"{LIST}{coupon.pk}/change/"
    assert f"{coupon.pk}/disable/" in text_of(manager.get(page))
    assert f"{coupon.pk}/enable/" not in text_of(manager.get(page))
    assert "已停用" not in text_of(manager.get(page))
    assert f"{coupon.pk}/disable/" in text_of(manager.get(LIST))
    Coupon.objects.update(disabled=True)
    assert f"{coupon.pk}/disable/" not in text_of(manager.get(page))
    assert f"{coupon.pk}/enable/" in text_of(manager.get(page))
    for where in (page, LIST):
        assert "已停用" in text_of(manager.get(where))
        assert "已停止发放" in text_of(manager.get(where))


@pytest.mark.parametrize("query", [{"disabled__exact": "1"}, {"use_state": "disabled"}])
def test_the_list_is_filtered_by_it(manager: Client, query: dict[str, str]) -> None:
    off, _ = CouponFactory(disabled=True), CouponFactory()
    assert list(manager.get(LIST, query).context["cl"].result_list) == [off]


def test_it_is_no_state_of_receipt(manager: Client) -> None:
    CouponFactory(disabled=True)
    page = text_of(manager.get(LIST, {"receipt_state": "running"}))
    assert "use_state" in page
    assert not list(manager.get(LIST, {"receipt_state": "disabled"}).context["cl"].result_list)


@pytest.mark.parametrize("what", ["disable", "enable"])
def test_who_may_only_look_does_neither(staff: MakeStaff, what: str) -> None:
    coupon = CouponFactory(disabled=what == "enable")
    viewer = staff("viewer", None)
    viewer.user.user_permissions.add(Permission.objects.get(codename="view_coupon"))
    for answer in (
        viewer.get(f"{LIST}{coupon.pk}/{what}/"),
        viewer.post(f"{LIST}{coupon.pk}/{what}/", {"_form_submitted": "True"} | REASON),
    ):
        assert answer.status_code == 403
    before = coupon.disabled
    coupon.refresh_from_db()
    assert coupon.disabled == before
    assert f"/{what}/" not in text_of(viewer.get(f"{LIST}{coupon.pk}/change/"))


def test_to_look_at_the_dialog_changes_nothing(manager: Client) -> None:
    coupon = CouponFactory()
    assert manager.get(f"{LIST}{coupon.pk}/disable/").status_code == 200
    coupon.refresh_from_db()
    assert not coupon.disabled


@pytest.mark.parametrize("what", ["disable", "enable"])
def test_one_that_is_not_there_is_not_switched(manager: Client, what: str) -> None:
    for missing in ("999", "x"):
        answer = manager.post(f"{LIST}{missing}/{what}/", {"_form_submitted": "True"} | REASON)
        assert answer.status_code in (302, 404)


def test_saving_the_form_does_not_switch_on_what_was_switched_off_meanwhile(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading the row for the form and locking it, somebody switches it off."""
    coupon = CouponFactory()
    mine = opened(manager, coupon) | {"brief": "新"}
    lock = editing.lock

    def switched_off_first(coupon_id: int) -> Any:
        Coupon.objects.filter(pk=coupon_id).update(disabled=True)
        return lock(coupon_id)

    monkeypatch.setattr(editing, "lock", switched_off_first)
    assert manager.post(url_of(coupon), mine).status_code == 302
    coupon.refresh_from_db()
    assert (coupon.brief, coupon.disabled) == ("新", True)


def test_what_the_form_says_of_holders_has_nothing_to_do_with_it(manager: Client) -> None:
    """Saving a coupon that is switched off changes no terms."""
    coupon = CouponRecordFactory(coupon__disabled=True).coupon
    manager.post(url_of(coupon), opened(manager, coupon) | {"brief": "新"})
    assert "修改已立即对他们生效" not in text_of(manager.get(LIST))
