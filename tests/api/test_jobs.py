"""`manage.py jobs`: what cron runs every minute."""

import itertools
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from api.management.commands.jobs import Command
from api.models import (
    CouponCode,
    CouponRecord,
    IdempotencyKey,
    IssuePlan,
    JobRun,
    Order,
    Payment,
    PaymentNotification,
    Refund,
    ShopEvent,
)
from api.services import background, jobs
from api.services.coupons import editing, planning
from api.services.coupons.audiences import Audience
from api.services.coupons.issuing import Origin
from api.services.coupons.lifecycle import SERVICE
from api.services.orders import closing
from api.services.payments import notices
from api.services.reconciling import fetching
from api.services.refunds import asking, deciding
from tests.support import codes, orders
from tests.support.consumers import consumer
from tests.support.factories import AccountFactory, CouponFactory, CouponRecordFactory

ROOT = Path(__file__).resolve().parents[2]
NIGHT = datetime(2026, 3, 5, 23, 59, 59, tzinfo=ZoneInfo("Asia/Shanghai"))
SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


def ran(now: datetime) -> dict[str, int | None]:
    return {one.name: one.number for one in jobs.run(now=now)}


def left_over(order: Order, now: datetime) -> tuple[Payment, Refund]:
    """A payment of the paid order that nobody went on with, and an approved refund likewise."""
    earlier, who = now - timedelta(hours=1), {"account_id": order.account_id}
    payment = Payment.objects.create(
        order=order, channel="alipay", out_trade_no="x", amount=1, created=earlier
    )
    number, staff = order.order_number, User.objects.create_user("chief")
    asking.ask(**who, order_number=number, course_ids=[], reason="", now=earlier)
    refund = Refund.objects.get()
    return payment, deciding.approve(refund.pk, staff_id=staff.pk, note="", now=earlier)


def planned(now: datetime) -> IssuePlan:
    """To be issued now, of a coupon that was stopped meanwhile."""
    coupon = CouponFactory()
    facts = {"at": now, "terms": coupon.terms, "origin": Origin("k"), "by": SERVICE}
    made = planning.plan(coupon.pk, Audience(None), now=now - SECOND, **facts)
    editing.stop(coupon.pk)
    return made


def test_one_run_does_every_job(gateway, settings, monkeypatch):
    settings.WEBHOOK_LOOPBACK = True
    monkeypatch.setattr(
        fetching, "fetch_due", lambda now, channels: 1 - len(channels)
    )  # whatever hour it is
    now = timezone.now()
    order = orders.order()
    Order.objects.update(expires_at=now)
    payment, refund = left_over(orders.order(price=0), now)
    CouponRecordFactory(coupon=CouponFactory(valid_end_date=timezone.localdate(now)))
    CouponRecord.objects.update(valid_until=timezone.localdate(now) - timedelta(days=1))
    IdempotencyKey.objects.create(
        account=AccountFactory(), key="k", fingerprint="", created=now - timedelta(days=1)
    )
    codes.ordered(CouponFactory(), 1)
    plan = planned(now)
    DBTaskResult.objects.update(status="SUCCESSFUL", finished_at=now - background.KEPT_FOR)
    long_ago = now - notices.FORGERIES_KEPT - timedelta(seconds=1)
    PaymentNotification.objects.create(
        channel="alipay", verdict="signature", first_seen=long_ago, last_seen=long_ago
    )

    ShopEvent.objects.create(kind="coupon.claimed", at=now - timedelta(days=31), data={})
    ShopEvent.objects.update(pending=False)
    with consumer(kinds=["order.closed"]):
        both = {"clear up Redis after orders": 2, "forget finished tasks": 3}
        assert ran(now) == {job.name: 1 for job in jobs.JOBS} | both

    order.refresh_from_db()
    payment.refresh_from_db()
    refund.refresh_from_db()
    assert (order.status, CouponRecord.objects.get().status) == (5, 2)
    assert (payment.status, refund.status) == (Payment.Status.CLOSED, Refund.Status.DONE)
    assert not IdempotencyKey.objects.exists()
    assert not DBTaskResult.objects.exists()
    assert not PaymentNotification.objects.exists()
    assert CouponCode.objects.count() == 1
    plan.refresh_from_db()
    assert plan.state == IssuePlan.State.FAILED


def test_a_second_run_finds_nothing_to_do():
    orders.order()
    now = timezone.now() + timedelta(hours=1)

    ran(now)

    assert set(ran(now).values()) == {0}


def test_nightly_jobs_run_once_a_day_of_the_shops():
    nightly = {job.name for job in jobs.JOBS if job.nightly}
    always = {job.name for job in jobs.JOBS} - nightly

    assert ran(NIGHT).keys() == nightly | always
    assert ran(NIGHT).keys() == always
    assert ran(NIGHT + SECOND).keys() == nightly | always  # midnight
    assert ran(NIGHT + 2 * SECOND).keys() == always


def test_what_tidies_up_whole_tables_is_done_once_a_night():
    assert {job.name for job in jobs.JOBS if job.nightly} == {
        "expire coupons",
        "forget idempotency keys",
        "forget forged notifications",
        "forget delivered events",
        "forget finished tasks",
    }


def test_a_clock_that_was_put_back_has_no_night_come_twice():
    nightly = next(job for job in jobs.JOBS if job.nightly)

    assert not nightly.is_due(NIGHT + SECOND, NIGHT)


def test_a_job_that_fails_stops_no_other_and_is_due_again(monkeypatch, capsys):
    def fail(**_: object) -> int:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(closing, "close_due", fail)
        broken.setattr(background, "forget_old", fail)
        with pytest.raises(CommandError, match="a job failed"):
            call_command("jobs")
    said = capsys.readouterr().out.splitlines()
    assert "close unpaid orders: FAILED" in said
    assert "expire coupons: 0" in said

    call_command("jobs")

    said = capsys.readouterr().out.splitlines()
    assert "forget finished tasks: 0" in said
    assert not any("expire coupons" in line for line in said)


def test_tasks_that_went_well_are_kept_for_a_week_others_for_four():
    now = timezone.now()
    for _ in range(6):
        orders.order()
    ends = {
        "SUCCESSFUL": timedelta(days=7),
        "FAILED": timedelta(days=28),
        "RUNNING": timedelta(days=28),
    }
    kept = []
    rows = iter(DBTaskResult.objects.all())
    for status, age in ends.items():
        fresh, old = next(rows), next(rows)
        for row, at in ((fresh, now - age + SECOND), (old, now - age)):
            DBTaskResult.objects.filter(pk=row.pk).update(
                status=status, started_at=at, finished_at=at
            )
        kept.append(fresh.pk)

    assert background.forget_old(now=now) == 3
    assert set(DBTaskResult.objects.values_list("pk", flat=True)) == set(kept)


# --- Are they alive? ------------------------------------------------------------------------------


def test_the_check_finds_nothing_where_jobs_ran_and_tasks_wait_for_their_time():
    call_command("jobs")
    orders.order()

    call_command("jobs", "--check")


def test_the_check_names_jobs_that_never_ran():
    with pytest.raises(CommandError, match="; ".join(f"late: {job.name}" for job in jobs.JOBS)):
        call_command("jobs", "--check")


@pytest.mark.parametrize(("minutes", "late"), [(20, False), (21, True)])
def test_the_check_names_a_job_that_ran_too_long_ago(minutes, late):
    now = timezone.now()
    ran(now)

    names = jobs.late(now=now + timedelta(minutes=minutes))

    assert ("close unpaid orders" in names) is late
    assert "expire coupons" not in names


def test_a_nightly_job_is_late_after_a_day():
    now = timezone.now()
    ran(now)

    assert "expire coupons" not in jobs.late(now=now + timedelta(hours=24))
    assert "expire coupons" in jobs.late(now=now + timedelta(hours=25))


def test_the_check_names_tasks_that_no_worker_takes():
    call_command("jobs")
    orders.order()
    long_ago = timezone.now() - timedelta(minutes=6)
    DBTaskResult.objects.update(run_after=long_ago, enqueued_at=long_ago)

    with pytest.raises(CommandError, match="tasks without a worker: 1, since "):
        call_command("jobs", "--check")


def test_a_task_that_is_not_put_off_waits_from_when_it_was_asked_for():
    orders.order()
    now = timezone.now()
    DBTaskResult.objects.update(
        run_after="9999-01-01T00:00:00Z", enqueued_at=now - timedelta(minutes=6)
    )

    found = background.waiting(now=now, for_longer_than=timedelta(minutes=5))

    assert found == background.Waiting(1, now - timedelta(minutes=6))
    assert background.waiting(now=now, for_longer_than=timedelta(minutes=7)) is None


@pytest.mark.parametrize(("minutes", "waits"), [(5, True), (4, False), (-4, False)])
def test_a_task_that_was_put_off_waits_from_the_moment_it_was_put_off_to(minutes, waits):
    orders.order()
    now = timezone.now()
    to = now - timedelta(minutes=minutes)
    DBTaskResult.objects.update(run_after=to, enqueued_at=now - timedelta(hours=1))

    found = background.waiting(now=now, for_longer_than=timedelta(minutes=5))

    assert found == (background.Waiting(1, to) if waits else None)


def test_of_tasks_that_wait_it_is_told_how_many_and_since_when_the_first():
    for _ in range(3):
        orders.order()
    now = timezone.now()
    for minutes, row in zip([7, 9, 8], DBTaskResult.objects.order_by("pk"), strict=True):
        at = now - timedelta(minutes=minutes)
        DBTaskResult.objects.filter(pk=row.pk).update(run_after=at, enqueued_at=at)

    found = background.waiting(now=now, for_longer_than=timedelta(minutes=8))

    assert found == background.Waiting(2, now - timedelta(minutes=9))


def test_the_check_changes_nothing():
    order = orders.order()
    Order.objects.update(expires_at=timezone.now())

    with pytest.raises(CommandError):
        call_command("jobs", "--check")

    order.refresh_from_db()
    assert (order.status, JobRun.objects.count()) == (1, 0)


# --- The loop -------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", range(1, 40))
def test_a_signal_at_any_step_of_the_pause_ends_the_loop(step, monkeypatch, handlers):
    """Also where the pause holds a lock that the signal's handler may want."""
    steps, runs = itertools.count(1), itertools.count(1)

    def at_that_step(frame, event, arg):
        if next(steps) == step:
            signal.raise_signal(signal.SIGTERM)
        return at_that_step

    def run(self):
        if next(runs) == 1:
            sys.settrace(at_that_step)
        else:  # the pause has fewer steps
            sys.settrace(None)
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Command, "_run", run)
    signal.alarm(5)
    call_command("jobs", every=0.02)

    assert next(runs) <= 3


@pytest.fixture
def handlers():
    """Of signals, put back after the test; SIGALRM raises, where a test hangs."""

    def hangs(*_):
        raise TimeoutError

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in numbers}
    signal.signal(signal.SIGALRM, hangs)
    yield
    sys.settrace(None)
    signal.alarm(0)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.slow
def test_the_loop_runs_until_it_is_told_to_end(tmp_path):
    own = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "DEBUG": "on",
        "ENV_FILE": os.devnull,
        "REDIS_URL": "embedded",
        "DJANGO_SETTINGS_MODULE": "luffy.settings",
    }
    env = os.environ | own
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "migrate", "--verbosity=0"], env=env, check=True)

    loop = subprocess.Popen(
        [*manage, "jobs", "--every=1"], env=env, stdout=subprocess.PIPE, text=True
    )
    try:
        assert loop.stdout is not None
        twice = 2 * len(jobs.JOBS) - sum(job.nightly for job in jobs.JOBS)
        said = [loop.stdout.readline() for _ in range(twice)]
        loop.send_signal(signal.SIGTERM)
        assert loop.wait(timeout=60) == 0
    finally:
        loop.kill()
    assert said.count("close unpaid orders: 0\n") == 2
