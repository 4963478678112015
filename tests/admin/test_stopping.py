"""A coupon that learners claim, at the desk: its fields, stopping it, letting it go on."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from api.models import Coupon, CouponRecord
from api.services.coupons import editing, issuing
from api.services.coupons.audiences import Audience
from api.services.coupons.refusals import CouponPaused
from tests.admin.conftest import MakeStaff
from tests.admin.test_coupon_form import CASH, errors_of, save
from tests.admin.test_lost_updates import dialog_of, form_of, opened, text_of, url_of
from tests.support.factories import AccountFactory, CouponFactory, CouponRecordFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LIST = "/admin/api/coupon/"


def send(browser: Client, coupon: Coupon, what: str) -> str:
    """Sends the dialog as it is opened; gives the page that is shown then."""
    url = f"{LIST}{coupon.pk}/{what}/"
    answer = browser.post(url, dialog_of(browser, url))
    assert answer.headers["HX-Redirect"] == f"{LIST}{coupon.pk}/change/"
    coupon.refresh_from_db()
    return text_of(browser.get(f"{LIST}{coupon.pk}/change/"))


def logged() -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


# --- The form -------------------------------------------------------------------------------------


def test_a_new_coupon_is_issued_only_unless_it_is_said_otherwise(manager: Client) -> None:
    save(manager, CASH)
    coupon = Coupon.objects.get()
    assert (coupon.claimable, coupon.per_account, coupon.code) == (False, 1, None)


def test_it_is_made_to_be_claimed_with_a_code_as_it_is_compared(manager: Client) -> None:
    save(manager, CASH | {"claimable": "on", "per_account": "3", "code": " spring ２027"})
    coupon = Coupon.objects.get()
    assert (coupon.claimable, coupon.per_account, coupon.code) == (True, 3, "SPRING2027")


def test_several_coupons_have_no_code(manager: Client) -> None:
    for name in ("一", "二"):
        assert save(manager, CASH | {"name": name, "code": " "}).status_code == 302
    assert list(Coupon.objects.values_list("code", flat=True)) == [None, None]


def test_a_code_that_another_coupon_has_is_refused_beside_its_field(manager: Client) -> None:
    CouponFactory(code="SPRING2027")
    (told,) = errors_of(save(manager, CASH | {"code": "spring 2027"}))["code"]
    assert "口令相同" in told
    assert Coupon.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"per_account": "0"}, "per_account", "至少1张"),
        ({"code": "㎈" * 40}, "code", "最多64个字符"),
        ({"code": "A" * 65}, "code", "64"),
    ],
)
def test_what_cannot_be_is_refused_once_beside_its_field(
    manager: Client, fields: dict[str, str], field: str, told: str
) -> None:
    errors = errors_of(save(manager, CASH | fields))
    assert list(errors) == [field]
    assert len(errors[field]) == 1
    assert told in errors[field][0]
    assert not Coupon.objects.exists()


# --- Stopping -------------------------------------------------------------------------------------


def test_a_coupon_is_stopped_and_goes_on_and_the_log_says_both(manager: Client) -> None:
    record = CouponRecordFactory()
    coupon, other = record.coupon, CouponFactory()
    assert f"{coupon.name}已停止发放。" in send(manager, coupon, "stop")
    other.refresh_from_db()
    assert (coupon.paused, other.paused) == (True, False)
    assert CouponRecord.objects.get().status == 0
    assert f"{coupon.name}已恢复发放。" in send(manager, coupon, "resume")
    assert not coupon.paused
    assert logged() == ["停止发放", "恢复发放"]


def test_stopping_it_twice_says_so_and_is_one(manager: Client) -> None:
    coupon = CouponFactory()
    url = f"{LIST}{coupon.pk}/stop/"
    mine = dialog_of(manager, url)
    for _ in range(2):
        assert manager.post(url, mine).headers["HX-Redirect"]
    assert logged() == ["停止发放"]
    assert "之前已停止发放" in text_of(manager.get(LIST))


def test_it_is_not_resumed_blindly_after_a_colleague_stopped_it_again(manager: Client) -> None:
    coupon = CouponFactory(paused=True)
    url = f"{LIST}{coupon.pk}/stop/"
    mine = dialog_of(manager, url)
    Coupon.objects.update(paused=False)
    page = text_of(manager.post(url, mine))
    assert "您打开时是“已停止发放”，现在是“可以发放”" in page
    coupon.refresh_from_db()
    assert not coupon.paused


def test_its_page_offers_what_would_do_something_and_the_list_says_it(manager: Client) -> None:
    coupon = CouponFactory(claimable=True, code="SPRING")
    page = f"{LIST}{coupon.pk}/change/"
    assert "/stop/" in text_of(manager.get(page))
    assert "/resume/" not in text_of(manager.get(page))
    Coupon.objects.update(paused=True)
    assert "/stop/" not in text_of(manager.get(page))
    assert "/resume/" in text_of(manager.get(page))
    listed = text_of(manager.get(LIST))
    assert "已停止发放" in listed
    assert "公开领取、口令 SPRING，每人1张" in listed


@pytest.mark.parametrize("wanted", ["paused", "claimable"])
def test_the_list_is_filtered_by_it(manager: Client, wanted: str) -> None:
    coupon, _ = CouponFactory(**{wanted: True}), CouponFactory()
    answer = manager.get(LIST, {f"{wanted}__exact": "1"})
    assert list(answer.context["cl"].result_list) == [coupon]


@pytest.mark.parametrize("what", ["stop", "resume"])
def test_who_may_only_look_does_neither(staff: MakeStaff, what: str) -> None:
    coupon = CouponFactory(paused=what == "resume")
    viewer = staff("viewer", None)
    viewer.user.user_permissions.add(Permission.objects.get(codename="view_coupon"))
    for answer in (
        viewer.get(f"{LIST}{coupon.pk}/{what}/"),
        viewer.post(f"{LIST}{coupon.pk}/{what}/", {"_form_submitted": "True"}),
    ):
        assert answer.status_code == 403
    before = coupon.paused
    coupon.refresh_from_db()
    assert coupon.paused == before
    assert f"/{what}/" not in text_of(viewer.get(f"{LIST}{coupon.pk}/change/"))


def test_to_look_at_the_dialog_changes_nothing(manager: Client) -> None:
    coupon = CouponFactory()
    assert manager.get(f"{LIST}{coupon.pk}/stop/").status_code == 200
    coupon.refresh_from_db()
    assert not coupon.paused


@pytest.mark.parametrize("what", ["stop", "resume", "disable", "enable"])
def test_the_dialog_names_the_coupon_which_a_row_s_menu_was_opened_of(
    manager: Client, what: str
) -> None:
    coupon = CouponFactory(name="双十二", paused=what == "resume", disabled=what == "enable")
    assert "双十二（立减40）" in text_of(manager.get(f"{LIST}{coupon.pk}/{what}/"))


@pytest.mark.parametrize("what", ["stop", "resume"])
def test_one_that_is_not_there_is_not_stopped(manager: Client, what: str) -> None:
    for missing in ("999", "x"):
        answer = manager.post(f"{LIST}{missing}/{what}/", {"_form_submitted": "True"})
        assert answer.status_code in (302, 404)


def test_saving_the_form_does_not_let_a_coupon_go_on_that_was_stopped_meanwhile(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading the row for the form and locking it, somebody stops it."""
    coupon = CouponFactory()
    mine = opened(manager, coupon) | {"brief": "新"}
    lock = editing.lock

    def stopped_first(coupon_id: int) -> Any:
        Coupon.objects.filter(pk=coupon_id).update(paused=True)
        return lock(coupon_id)

    monkeypatch.setattr(editing, "lock", stopped_first)
    assert manager.post(url_of(coupon), mine).status_code == 302
    coupon.refresh_from_db()
    assert (coupon.brief, coupon.paused) == ("新", True)


# --- Issuing --------------------------------------------------------------------------------------


def test_a_stopped_coupon_is_not_issued_and_its_page_asks_nothing(manager: Client) -> None:
    coupon, account = CouponFactory(paused=True), AccountFactory()
    page = text_of(manager.get(f"{LIST}{coupon.pk}/issue/"))
    assert "优惠券已停止发放。" in page
    assert "source" not in form_of(page.replace("<form ", '<form id="d_form" '))
    with pytest.raises(CouponPaused, match="优惠券已停止发放"):
        issuing.preview(coupon, Audience((account.pk,)), today=timezone.localdate())
    with pytest.raises(CouponPaused):
        list(issuing.issue(coupon.pk, Audience((account.pk,), again=True), now=timezone.now()))
    coupon.refresh_from_db()
    assert (coupon.issued, CouponRecord.objects.count()) == (0, 0)


def test_issuing_again_gives_more_than_an_account_may_claim(manager: Client) -> None:
    record = CouponRecordFactory()
    audience = Audience((record.account_id,), again=True)
    list(issuing.issue(record.coupon_id, audience, now=timezone.now()))
    assert CouponRecord.objects.filter(account=record.account).count() == 2
