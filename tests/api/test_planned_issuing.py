"""Issuing that is planned: at its time, once, to whom the audience is then, or not at all."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from api.models import Account, Coupon, CouponRecord, CouponRecordEvent, IssueBatch, IssuePlan
from api.services import jobs
from api.services.coupons import editing, issuing, planning
from api.services.coupons.audiences import Audience
from api.services.coupons.issuing import Origin
from api.services.coupons.lifecycle import SERVICE, Actor
from api.services.coupons.planning import NotWaiting
from api.services.coupons.refusals import (
    AlreadyIssued,
    CouponChanged,
    CouponOver,
    CouponPaused,
    PlannedForThePast,
)
from api.services.coupons.segments import Bought, NeverOrdered, RegisteredWithin
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
)
from tests.support.tasks import all_come_due, tasks, work_off

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
SECOND, DAY = dt.timedelta(seconds=1), dt.timedelta(days=1)
NOW = dt.datetime(2026, 12, 1, 12, tzinfo=SHANGHAI)
AT = dt.datetime(2026, 12, 12, tzinfo=SHANGHAI)
EVERYBODY = Audience(None)


def coupon(**fields: Any) -> Coupon:
    days = {"valid_begin_date": dt.date(2026, 12, 1), "valid_end_date": dt.date(2026, 12, 12)}
    made: Coupon = CouponFactory(**days | fields)
    return made


def planned(of: Coupon, audience: Audience = EVERYBODY, **more: Any) -> IssuePlan:
    facts: dict[str, Any] = {"at": AT, "now": NOW, "origin": Origin("k"), "by": SERVICE}
    return planning.plan(of.pk, audience, terms=of.terms, **facts | more)


def ended(plan: IssuePlan) -> tuple[str, int | None, str]:
    plan.refresh_from_db()
    return plan.state, plan.number, plan.why


# --- At its time ----------------------------------------------------------------------------------


def test_a_plan_waits_for_its_moment_and_is_issued_then() -> None:
    account, staff = AccountFactory(), User.objects.create_user("manager")
    origin = Origin("key of the preview", IssueBatch.Source.EVERYONE)
    plan = planned(coupon(), by=Actor(staff_id=staff.pk), origin=origin)
    assert planning.run_due(now=AT - SECOND) == 0
    assert ended(plan) == ("waiting", None, "")
    assert not CouponRecord.objects.exists()

    assert planning.run_due(now=AT) == 1

    assert ended(plan) == ("done", 1, "")
    assert plan.settled_at == AT
    record, batch = CouponRecord.objects.get(), IssueBatch.objects.get()
    assert (record.account, record.get_time, record.batch) == (account, AT, batch)
    assert (batch.key, batch.number, batch.manager) == (plan.key, 1, staff)
    assert batch.source == IssueBatch.Source.EVERYONE
    assert CouponRecordEvent.objects.get().staff == staff


def test_it_is_issued_once_however_often_the_jobs_run() -> None:
    AccountFactory()
    plan = planned(coupon(quantity=5), Audience(None, again=True))
    assert [planning.run_due(now=AT + n * DAY) for n in range(3)] == [1, 0, 0]
    assert not planning.run(plan.pk, now=AT)
    assert CouponRecord.objects.count() == 1


def test_a_plan_that_was_missed_is_issued_by_the_next_run() -> None:
    AccountFactory()
    plan = planned(coupon())
    planning.run_due(now=AT + 8 * dt.timedelta(hours=1))
    assert ended(plan) == ("done", 1, "")


def test_it_is_issued_to_whom_the_audience_is_then() -> None:
    new, old = AccountFactory.create_batch(2)
    plan = planned(coupon(), Audience(None, segment=RegisteredWithin(7)))
    Account.objects.filter(pk=old.pk).update(registered=AT - 7 * DAY)
    Account.objects.filter(pk=new.pk).update(registered=AT - 6 * DAY)
    assert plan.whom == "7天内注册"
    planning.run_due(now=AT)
    assert CouponRecord.objects.get().account == new
    assert IssueBatch.objects.get().note == "7天内注册"


def test_named_accounts_are_issued_to_but_those_that_are_gone_or_have_it() -> None:
    stays, gone, has_it = AccountFactory.create_batch(3)
    of = coupon(quantity=5)
    plan = planned(of, Audience((stays.pk, gone.pk, has_it.pk)))
    assert plan.whom == "指定的3个账户"
    gone.delete()
    CouponRecordFactory(coupon=of, account=has_it)
    planning.run_due(now=AT)
    assert ended(plan) == ("done", 1, "")
    assert CouponRecord.objects.filter(account=stays).count() == 1


def test_the_earliest_plan_comes_first_and_takes_the_last_piece() -> None:
    AccountFactory()
    of = coupon(quantity=1)
    late = planned(of, at=AT + SECOND, origin=Origin("late"))
    early = planned(of, origin=Origin("early"))
    assert planning.run_due(now=AT + DAY / 2) == 2
    assert ended(early) == ("done", 1, "")
    assert ended(late) == ("failed", None, "没有可以发放的账户")


def test_a_worker_issues_it_and_the_jobs_find_nothing_left() -> None:
    AccountFactory()
    plan = planned(coupon(valid_end_date=dt.date(2099, 1, 1)), now=AT - DAY)
    assert tasks() == [("coupons.issue_plan", [plan.pk], "READY")]
    IssuePlan.objects.update(at=timezone.now() - SECOND)
    all_come_due()
    work_off()
    assert ended(plan) == ("done", 1, "")
    assert planning.run_due(now=timezone.now()) == 0


def test_a_task_that_comes_too_early_does_nothing() -> None:
    plan = planned(coupon())
    assert not planning.run(plan.pk, now=AT - SECOND)
    assert ended(plan) == ("waiting", None, "")


def test_one_that_breaks_waits_and_does_not_hold_up_the_others() -> None:
    """What cannot be read is no refusal of the coupon: perhaps another release can."""
    AccountFactory()
    broken = planned(coupon(), origin=Origin("broken"))
    IssuePlan.objects.update(audience={"again": False, "segment": ["of tomorrow"]})
    fine = planned(coupon(), origin=Origin("fine"), at=AT + SECOND)
    with pytest.raises(KeyError):
        planning.run_due(now=AT + SECOND)
    assert ended(fine) == ("done", 1, "")
    assert ended(broken) == ("waiting", None, "")


def test_a_plan_that_breaks_half_way_has_issued_nothing_and_the_next_run_issues_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    AccountFactory.create_batch(3)
    plan = planned(coupon())
    with monkeypatch.context() as patch:
        patch.setattr(issuing, "BATCH", 1)
        patch.setattr(issuing, "new_number", iter(["A", "B"]).__next__)
        with pytest.raises(RuntimeError):
            planning.run_due(now=AT)
    assert ended(plan) == ("waiting", None, "")
    assert not CouponRecord.objects.exists()
    assert Coupon.objects.get().issued == 0

    planning.run_due(now=AT)
    assert ended(plan) == ("done", 3, "")


# --- What makes it fail ---------------------------------------------------------------------------


def stopped(of: Coupon) -> None:
    editing.stop(of.pk)


def disabled(of: Coupon) -> None:
    editing.disable(of.pk)


def deleted(of: Coupon) -> None:
    of.delete()


def shortened(of: Coupon) -> None:
    Coupon.objects.update(valid_end_date=dt.date(2026, 12, 11))


def dearer(of: Coupon) -> None:
    Coupon.objects.update(money_equivalent_value=400)


def used_up(of: Coupon) -> None:
    Coupon.objects.update(issued=99)


def everybody_has_it(of: Coupon) -> None:
    for account in Account.objects.all():
        CouponRecordFactory(coupon=of, account=account)


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (stopped, "优惠券已停止发放"),
        (disabled, "优惠券已停止发放"),
        (deleted, "这张优惠券已被删除，没有发放任何一张"),
        (shortened, "优惠券在预览后被修改"),
        (dearer, "优惠内容预览时是“立减40”，现在是“立减400”"),
        (used_up, "剩余数量不足：需要2张，只剩1张，没有发放任何一张"),
        (everybody_has_it, "没有可以发放的账户"),
    ],
)
def test_a_plan_whose_coupon_cannot_be_issued_then_fails_with_a_sentence(
    what: Any, why: str
) -> None:
    AccountFactory.create_batch(2)
    of = coupon(name="双十二")
    plan = planned(of)
    what(of)
    before = CouponRecord.objects.count()

    assert planning.run_due(now=AT) == 1

    state, number, told = ended(plan)
    assert (state, number) == ("failed", None)
    assert why in told
    assert (plan.settled_at, plan.coupon_name) == (AT, "双十二")
    assert CouponRecord.objects.count() == before
    assert not IssueBatch.objects.exists()
    assert planning.run_due(now=AT + DAY) == 0


def test_where_the_coupon_was_deleted_no_other_is_issued_for_it() -> None:
    AccountFactory()
    other = coupon(pk=1)
    plan = planned(coupon(pk=2))
    Coupon.objects.get(pk=2).delete()
    planning.run_due(now=AT)
    assert ended(plan) == ("failed", None, "这张优惠券已被删除，没有发放任何一张")
    assert not CouponRecord.objects.filter(coupon=other).exists()


def test_the_longest_name_of_a_course_fits_into_what_a_plan_says() -> None:
    course = CourseFactory(name="课" * 128)
    plan = planned(coupon(), Audience(None, again=True, segment=Bought(course.pk)))
    plan.full_clean(exclude=["manager", "number", "settled_at", "cancelled_by", "why"])
    assert plan.whom == f"买过课程“{course.name}”，已有的也再发一张"


def test_a_coupon_that_is_over_when_a_late_run_comes_is_not_issued() -> None:
    AccountFactory()
    plan = planned(coupon())
    planning.run_due(now=AT + DAY)
    assert ended(plan) == ("failed", None, "这张优惠券的有效期已过，发放后无法使用")


# --- Planning -------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [0 * SECOND, SECOND, DAY], ids=str)
def test_nothing_is_planned_for_a_moment_that_is_not_to_come(late: dt.timedelta) -> None:
    with pytest.raises(PlannedForThePast):
        planned(coupon(), now=AT + late)
    assert not IssuePlan.objects.exists()
    assert planned(coupon(), now=AT - SECOND).state == "waiting"


def test_it_can_be_planned_for_the_coupons_last_day_and_not_for_the_next() -> None:
    of = coupon()
    last = dt.datetime(2026, 12, 12, 23, 59, 59, tzinfo=SHANGHAI)
    with pytest.raises(CouponOver):
        planned(of, at=last + SECOND)
    assert not IssuePlan.objects.exists()
    assert planned(of, at=last).at == last


def test_a_stopped_coupon_is_not_planned() -> None:
    with pytest.raises(CouponPaused):
        planned(coupon(paused=True))
    assert not IssuePlan.objects.exists()


def test_a_coupon_that_was_changed_since_the_preview_is_not_planned() -> None:
    of = coupon()
    seen = of.terms
    dearer(of)
    with pytest.raises(CouponChanged):
        planning.plan(of.pk, EVERYBODY, at=AT, terms=seen, origin=Origin("k"), now=NOW, by=SERVICE)
    assert not IssuePlan.objects.exists()


def test_a_second_try_finds_the_plan_of_the_first() -> None:
    of = coupon()
    assert planned(of) == planned(of)
    assert IssuePlan.objects.count() == 1
    assert len(tasks()) == 1


def test_what_was_issued_at_once_is_not_planned_too() -> None:
    AccountFactory()
    of = coupon(valid_end_date=dt.date(2099, 1, 1))
    list(issuing.issue(of.pk, EVERYBODY, now=timezone.now(), origin=Origin("k")))
    with pytest.raises(AlreadyIssued):
        planned(of)
    assert not IssuePlan.objects.exists()


# --- Cancelling -----------------------------------------------------------------------------------


def test_a_cancelled_plan_is_never_issued_and_says_who_and_why() -> None:
    AccountFactory()
    staff, plan = User.objects.create_user("other"), planned(coupon())
    other = planned(coupon(), origin=Origin("other"))
    planning.cancel(plan.pk, now=NOW, by=Actor(staff_id=staff.pk), reason="写错了")
    assert planning.run_due(now=AT) == 1
    assert ended(plan) == ("cancelled", None, "写错了")
    assert (plan.settled_at, plan.cancelled_by) == (NOW, staff)
    assert ended(other) == ("done", 1, "")


def test_a_plan_that_has_ended_is_not_cancelled() -> None:
    AccountFactory()
    plan = planned(coupon())
    planning.run_due(now=AT)
    with pytest.raises(NotWaiting):
        planning.cancel(plan.pk, now=AT, by=SERVICE, reason="太晚")
    assert ended(plan) == ("done", 1, "")
    with pytest.raises(NotWaiting):
        planning.cancel(99, now=AT, by=SERVICE, reason="不存在")


def test_the_jobs_run_plans() -> None:
    plan = planned(coupon(), Audience(None, segment=NeverOrdered()))
    [job] = [job for job in jobs.JOBS if job.name == "issue planned coupons"]
    assert (job.work(AT - SECOND), job.work(AT)) == (0, 1)
    assert ended(plan)[0] == "failed"
