"""发放时间 on the page of issuing, and 计划发放: what waits, what came of it, cancelling it."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from api.models import Coupon, CouponRecord, IssueBatch, IssuePlan
from api.services.coupons import editing, planning
from tests.admin.conftest import MakeStaff
from tests.admin.test_lost_updates import dialog_of, text_of
from tests.support.factories import AccountFactory, CouponFactory, CouponRecordFactory

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
DAY = dt.timedelta(days=1)


def moment(after: dt.timedelta) -> dt.datetime:
    """To the minute, as the form takes it."""
    return (timezone.localtime() + after).replace(second=0, microsecond=0)


def preview(browser: Client, coupon: Coupon, at: dt.datetime | str, **fields: Any) -> Any:
    written = at if isinstance(at, str) else f"{at:%Y-%m-%dT%H:%M}"
    form = {"source": "everyone", "at": written} | fields
    answer = browser.post(f"/admin/api/coupon/{coupon.pk}/issue/", form)
    assert answer.status_code == 200
    return answer


def confirm(browser: Client, coupon: Coupon, token: str) -> dict[str, Any]:
    answer: Any = browser.post(f"/admin/api/coupon/{coupon.pk}/issue/confirm/", {"token": token})
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return dict(json.loads(content.splitlines()[-1]))


def planned(browser: Client, coupon: Coupon, **fields: Any) -> IssuePlan:
    token = preview(browser, coupon, moment(DAY), **fields).context["token"]
    assert "planned" in confirm(browser, coupon, token)
    return IssuePlan.objects.latest("pk")


def cancelling(browser: Client, plan: IssuePlan) -> tuple[str, dict[str, Any]]:
    """The dialog's address, and what it would send."""
    url = f"/admin/api/issueplan/{plan.pk}/cancel/"
    return url, dialog_of(browser, url)


def cancel(browser: Client, plan: IssuePlan, reason: str = "写错了") -> Any:
    url, dialog = cancelling(browser, plan)
    return browser.post(url, dialog | {"reason": reason})


# --- Planning -------------------------------------------------------------------------------------


def test_a_time_that_is_to_come_is_previewed_and_planned_and_nothing_issued(
    manager: Client,
) -> None:
    coupon, account, at = CouponFactory(), AccountFactory(), moment(DAY)
    shown = preview(manager, coupon, at)
    page = shown.content.decode()
    assert f"{at:%Y-%m-%d %H:%M}" in page
    assert "确认计划" in page
    assert not IssuePlan.objects.exists()

    told = confirm(manager, coupon, shown.context["token"])

    plan = IssuePlan.objects.get()
    assert told == {
        "planned": f"{at:%Y-%m-%d %H:%M}",
        "url": f"/admin/api/issueplan/{plan.pk}/change/",
    }
    assert (plan.at, plan.manager, plan.whom) == (at, manager.user, "全部账户")
    assert (plan.source, plan.state) == (IssueBatch.Source.EVERYONE, IssuePlan.State.WAITING)
    assert not CouponRecord.objects.exists()
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (manager.user, str(coupon.pk))
    assert entry.get_change_message() == f"计划在{at:%Y-%m-%d %H:%M}发放（全部账户）"
    planning.run_due(now=at)
    assert CouponRecord.objects.get().account == account


def test_confirming_it_twice_plans_it_once(manager: Client) -> None:
    coupon, _ = CouponFactory(), AccountFactory()
    token = preview(manager, coupon, moment(DAY)).context["token"]
    first, second = (confirm(manager, coupon, token) for _ in range(2))
    assert second == first | {"before": True}
    assert IssuePlan.objects.count() == LogEntry.objects.count() == 1


def test_a_plan_that_was_issued_is_told_as_issued(manager: Client) -> None:
    coupon, _ = CouponFactory(), AccountFactory()
    token = preview(manager, coupon, moment(DAY)).context["token"]
    confirm(manager, coupon, token)
    planning.run_due(now=timezone.now() + DAY)
    told = confirm(manager, coupon, token)
    assert (told["issued"], told["before"]) == (1, True)


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (lambda: moment(dt.timedelta()), "已经过了"),
        (lambda: moment(-DAY), "已经过了"),
        (lambda: moment(367 * DAY), "最多提前366天"),
        (lambda: moment(8 * DAY), "有效期到"),
        (lambda: "soon", "日期和时间"),
    ],
    ids=["now", "yesterday", "in a year", "after the coupon", "no time"],
)
def test_a_time_that_cannot_be_is_an_error_beside_its_field(
    manager: Client, at: Callable[[], Any], says: str
) -> None:
    AccountFactory()
    shown = preview(manager, CouponFactory(), at())
    errors = shown.context["form"].errors
    assert list(errors) == ["at"]
    assert says in errors["at"][0]
    assert "preview" not in shown.context


def test_a_year_and_a_day_ahead_can_be_planned(manager: Client) -> None:
    AccountFactory()
    coupon = CouponFactory(valid_end_date=timezone.localdate() + 999 * DAY)
    assert preview(manager, coupon, moment(366 * DAY)).context["token"]
    later = preview(manager, coupon, moment(366 * DAY) + dt.timedelta(hours=1))
    assert "最多提前366天" in later.context["form"].errors["at"][0]


def test_the_coupons_last_day_can_be_planned(manager: Client) -> None:
    coupon, _ = CouponFactory(), AccountFactory()
    last = timezone.localtime().replace(hour=23, minute=59) + 7 * DAY
    assert timezone.localdate(last) == coupon.valid_end_date
    assert preview(manager, coupon, last).context["token"]


def test_who_fits_may_come_later_but_who_is_named_has_it_already(manager: Client) -> None:
    held = CouponRecordFactory(coupon__quantity=5)
    of_all = preview(manager, held.coupon, moment(DAY))
    assert of_all.context["preview"].receivers == 0
    assert of_all.context["token"]
    named = preview(manager, held.coupon, moment(DAY), source="picked", accounts=[held.account_id])
    assert named.context["token"] == ""


def test_more_than_is_left_now_cannot_be_planned(manager: Client) -> None:
    coupon = CouponFactory(quantity=1)
    AccountFactory.create_batch(2)
    shown = preview(manager, coupon, moment(DAY))
    assert "还差1张" in shown.content.decode()
    assert shown.context["token"] == ""


def test_a_time_that_has_passed_before_it_is_confirmed_plans_and_issues_nothing(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupon, _ = CouponFactory(), AccountFactory()
    token = preview(manager, coupon, moment(dt.timedelta(minutes=5))).context["token"]
    later = timezone.now() + dt.timedelta(minutes=5)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert "已经过了" in confirm(manager, coupon, token)["error"]
    assert not IssuePlan.objects.exists()
    assert not CouponRecord.objects.exists()
    assert not LogEntry.objects.exists()


def test_a_coupon_that_was_stopped_meanwhile_is_not_planned(manager: Client) -> None:
    coupon, _ = CouponFactory(), AccountFactory()
    token = preview(manager, coupon, moment(DAY)).context["token"]
    editing.stop(coupon.pk)
    assert confirm(manager, coupon, token) == {"error": "优惠券已停止发放"}
    assert not IssuePlan.objects.exists()


def test_the_page_of_issuing_says_that_plans_wait(manager: Client) -> None:
    coupon, _ = CouponFactory(), AccountFactory()
    url = f"/admin/api/coupon/{coupon.pk}/issue/"
    assert "待执行的" not in manager.get(url).content.decode()
    planned(manager, coupon)
    assert "1个待执行的" in manager.get(url).content.decode()
    planned(manager, CouponFactory())
    assert "1个待执行的" in manager.get(url).content.decode()
    found = manager.get(manager.get(url).context["plans"]["url"])
    assert found.status_code == 200
    assert found.context["cl"].result_count == 1


# --- The list -------------------------------------------------------------------------------------


def test_the_list_shows_what_waits_what_was_issued_and_why_not(manager: Client) -> None:
    AccountFactory()
    fine, stopped = CouponFactory(name="双十二"), CouponFactory()
    planned(manager, fine), planned(manager, stopped)
    assert "待执行" in manager.get("/admin/api/issueplan/").content.decode()
    editing.stop(stopped.pk)
    planning.run_due(now=timezone.now() + DAY)
    shown = manager.get("/admin/api/issueplan/").content.decode()
    for told in ("双十二", "全部账户", "manager", "已执行", "失败", "优惠券已停止发放"):
        assert told in shown
    plan = IssuePlan.objects.get(coupon=fine)
    answer = manager.get(f"/admin/api/issueplan/{plan.pk}/batch/")
    assert answer["Location"] == f"/admin/api/issuebatch/{IssueBatch.objects.get().pk}/change/"


def test_a_plan_of_a_deleted_coupon_keeps_its_name(manager: Client) -> None:
    AccountFactory()
    coupon = CouponFactory(name="双十二")
    plan = planned(manager, coupon)
    coupon.delete()
    planning.run_due(now=timezone.now() + DAY)
    for url in ("/admin/api/issueplan/", f"/admin/api/issueplan/{plan.pk}/change/"):
        shown = manager.get(url).content.decode()
        assert "双十二（已删除）" in shown
        assert "这张优惠券已被删除" in shown


# --- Cancelling -----------------------------------------------------------------------------------


def test_a_manager_cancels_a_plan_with_a_reason(manager: Client, staff: MakeStaff) -> None:
    AccountFactory()
    plan, colleague = planned(manager, CouponFactory()), staff("colleague", "优惠券运营")
    assert cancel(colleague, plan).headers["HX-Redirect"].endswith(f"/{plan.pk}/change/")
    plan.refresh_from_db()
    assert (plan.state, plan.why, plan.cancelled_by) == ("cancelled", "写错了", colleague.user)
    entry = LogEntry.objects.filter(user=colleague.user).get()
    assert entry.get_change_message() == "取消计划：写错了"
    assert planning.run_due(now=timezone.now() + DAY) == 0
    assert not CouponRecord.objects.exists()


def test_a_plan_is_not_cancelled_without_a_reason(manager: Client) -> None:
    AccountFactory()
    plan = planned(manager, CouponFactory())
    assert "HX-Redirect" not in cancel(manager, plan, reason=" ").headers
    plan.refresh_from_db()
    assert plan.state == IssuePlan.State.WAITING


def test_a_plan_that_ran_meanwhile_is_not_cancelled_and_the_dialog_says_so(
    manager: Client,
) -> None:
    AccountFactory()
    plan = planned(manager, CouponFactory())
    url, dialog = cancelling(manager, plan)
    planning.run_due(now=timezone.now() + DAY)
    answer = manager.post(url, dialog | {"reason": "写错了"})
    assert "HX-Redirect" not in answer.headers
    assert "您打开时是“待执行”，现在是“已执行”" in text_of(answer)
    plan.refresh_from_db()
    assert (plan.state, plan.why) == ("done", "")


def test_who_may_not_issue_may_not_cancel_and_who_may_not_look_sees_none(
    manager: Client, course_manager: Client, staff: MakeStaff
) -> None:
    AccountFactory()
    plan = planned(manager, CouponFactory())
    assert course_manager.get("/admin/api/issueplan/").status_code == 403
    sent = {"_form_submitted": "True", "reason": "x"}
    refused = course_manager.post(f"/admin/api/issueplan/{plan.pk}/cancel/", sent)
    assert refused.status_code == 403
    plan.refresh_from_db()
    assert plan.state == IssuePlan.State.WAITING
    page = f"/admin/api/issueplan/{plan.pk}/"
    for url in (f"{page}delete/", "/admin/api/issueplan/add/"):
        assert manager.get(url).status_code == 403


def test_only_a_plan_that_waits_offers_to_be_cancelled(manager: Client) -> None:
    AccountFactory()
    plan = planned(manager, CouponFactory())
    page = f"/admin/api/issueplan/{plan.pk}/change/"
    assert "取消计划" in manager.get(page).content.decode()
    planning.run_due(now=timezone.now() + DAY)
    assert "取消计划" not in manager.get(page).content.decode()
