"""A plan is run while others run it, cancel it, stop its coupon, or die. On PostgreSQL, with
threads."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from api.models import Coupon, CouponRecord, IssueBatch, IssuePlan
from api.services.coupons import editing, issuing, planning
from api.services.coupons.issuing import Origin
from api.services.coupons.lifecycle import SERVICE
from api.services.coupons.planning import NotWaiting
from tests.api.test_planned_issuing import AT, EVERYBODY, NOW, coupon, planned
from tests.support.at_once import at_once
from tests.support.factories import AccountFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]
TIMES = 10


def cancelled(plan: IssuePlan) -> Callable[[], bool]:
    def cancel() -> bool:
        try:
            planning.cancel(plan.pk, now=AT, by=SERVICE, reason="写错了")
        except NotWaiting:
            return False
        return True

    return cancel


class Held:
    """Keeps whoever issues at the point where he has locked the plan and the coupon, and knows who
    is to get it."""

    def __init__(self) -> None:
        self.there, self.go_on = threading.Event(), threading.Event()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    gate, receivers = Held(), issuing._receivers

    def wait_first(*args: Any) -> Iterator[int]:
        found = list(receivers(*args))
        gate.there.set()
        gate.go_on.wait(timeout=30)
        return iter(found)

    monkeypatch.setattr(issuing, "_receivers", wait_first)
    yield gate
    gate.go_on.set()


def test_two_workers_who_run_a_plan_at_once_issue_it_once() -> None:
    AccountFactory.create_batch(3)
    for n in range(TIMES):
        plan = planned(coupon(), origin=Origin(f"k{n}"))
        ran = at_once(*[lambda plan=plan: planning.run(plan.pk, now=AT)] * 2)
        assert sorted(ran) == [False, True]
        assert CouponRecord.objects.filter(coupon=plan.coupon).count() == 3
    assert IssueBatch.objects.count() == TIMES


def test_who_finds_a_plan_being_run_leaves_it_alone_and_does_not_wait(held: Held) -> None:
    AccountFactory()
    plan = planned(coupon())

    def second() -> bool:
        held.there.wait(timeout=30)
        try:
            return planning.run(plan.pk, now=AT)
        finally:
            held.go_on.set()

    assert at_once(lambda: planning.run(plan.pk, now=AT), second) == [True, False]
    assert CouponRecord.objects.count() == 1


def test_a_plan_is_run_or_cancelled_and_never_both() -> None:
    AccountFactory()
    for n in range(TIMES):
        plan = planned(coupon(), origin=Origin(f"k{n}"))
        ran, stopped = at_once(lambda plan=plan: planning.run(plan.pk, now=AT), cancelled(plan))
        plan.refresh_from_db()
        issued = CouponRecord.objects.filter(coupon=plan.coupon).count()
        assert (ran, stopped, plan.state, issued) in [
            (True, False, "done", 1),
            (False, True, "cancelled", 0),
        ]


def test_who_cancels_while_it_is_issued_waits_and_comes_too_late(held: Held) -> None:
    AccountFactory()
    plan = planned(coupon())

    def cancel() -> bool:
        held.there.wait(timeout=30)
        threading.Timer(0.3, held.go_on.set).start()
        return cancelled(plan)()

    assert at_once(lambda: planning.run(plan.pk, now=AT), cancel) == [True, False]
    plan.refresh_from_db()
    assert (plan.state, plan.number, plan.why) == ("done", 1, "")


def test_a_coupon_is_stopped_before_it_is_issued_or_after_all_of_it() -> None:
    AccountFactory.create_batch(3)
    for n in range(TIMES):
        plan = planned(coupon(), origin=Origin(f"k{n}"))
        at_once(
            lambda plan=plan: planning.run(plan.pk, now=AT),
            lambda plan=plan: editing.stop(plan.coupon_id),
        )
        plan.refresh_from_db()
        issued = CouponRecord.objects.filter(coupon=plan.coupon).count()
        assert (plan.state, plan.why, issued) in [
            ("done", "", 3),
            ("failed", "优惠券已停止发放", 0),
        ]
        assert Coupon.objects.get(pk=plan.coupon_id).issued == issued


def test_a_worker_that_dies_half_way_leaves_it_to_the_next(held: Held) -> None:
    AccountFactory.create_batch(3)
    plan = planned(coupon())

    def die() -> str:
        """As a killed process does: the server ends its transaction."""
        held.there.wait(timeout=30)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state = 'idle in transaction'"
            )
        held.go_on.set()
        return "killed"

    def run() -> Any:
        try:
            return planning.run(plan.pk, now=AT)
        except Exception:
            return "broken"

    assert at_once(run, die) == ["broken", "killed"]
    plan.refresh_from_db()
    assert (plan.state, CouponRecord.objects.count()) == ("waiting", 0)

    assert planning.run_due(now=AT) == 1
    plan.refresh_from_db()
    assert (plan.state, plan.number, CouponRecord.objects.count()) == ("done", 3, 3)


def test_two_who_confirm_one_preview_plan_it_once() -> None:
    for n in range(TIMES):
        of = coupon()

        def plan(of: Coupon = of, n: int = n) -> int:
            origin = Origin(f"k{n}")
            facts: dict[str, Any] = {"at": AT, "terms": of.terms, "now": NOW, "by": SERVICE}
            return planning.plan(of.pk, EVERYBODY, origin=origin, **facts).pk

        first, second = at_once(plan, plan)
        assert first == second
    assert IssuePlan.objects.count() == TIMES
