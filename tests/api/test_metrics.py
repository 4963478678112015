"""What is counted, and when: tests/api/test_deploy_files.py holds what is asked for to it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, ProgrammingError, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from api.models import CouponRecord, JobRun, Order
from api.services import jobs, waiting
from api.services.counted import count_notification
from api.services.coupons import lifecycle
from api.services.coupons.lifecycle import RecordNotUnused
from api.services.later import later
from api.services.orders import closing
from api.tasks import at_work
from tests.conftest import Customer
from tests.support import orders
from tests.support.factories import CouponRecordFactory
from tests.support.tasks import all_come_due, work_off
from utils import scope
from utils.metrics import requests
from utils.metrics.values import OWN
from utils.optimistic import ATTEMPTS, Contention, until_uncontended
from utils.scope import Scope

pytestmark = pytest.mark.django_db

Grown = Callable[..., float]


@pytest.fixture
def grown() -> Grown:
    """By how much a number has grown since the test began."""
    before = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in OWN.collect()
        for sample in family.samples
    }

    def grown(name: str, **labels: str) -> float:
        now = OWN.get_sample_value(name, labels) or 0
        return now - before.get((name, *sorted(labels.items())), 0)

    return grown


@pytest.fixture
def counting(settings: Any, tmp_path: Path) -> None:
    """Somebody asks for the numbers of requests."""
    settings.METRICS_DIR = tmp_path


# --- The shop -------------------------------------------------------------------------------------


def test_an_order_that_is_placed_is_counted_after_the_commit(
    grown: Grown, django_capture_on_commit_callbacks: Any
):
    with django_capture_on_commit_callbacks(execute=True):
        orders.order()
        assert grown("luffy_orders_total", event="placed") == 0

    assert grown("luffy_orders_total", event="placed") == 1


def test_an_order_that_is_rolled_back_is_not_counted(
    grown: Grown, django_capture_on_commit_callbacks: Any
):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        orders.order()
        transaction.set_rollback(True)

    assert not Order.objects.exists()
    assert grown("luffy_orders_total", event="placed") == 0


def test_an_orders_life_is_counted_step_by_step(
    grown: Grown, django_capture_on_commit_callbacks: Any
):
    with django_capture_on_commit_callbacks(execute=True):
        paid, cancelled, late = (orders.order() for _ in range(3))
        orders.pay(paid)
        number, account = cancelled.order_number, cancelled.account_id
        closing.cancel(account_id=account, order_number=number, now=timezone.now())
        closing.close_due(now=late.expires_at)
        orders.pay(paid, amount=paid.actual_amount)  # the same again

    def of(event: str) -> float:
        return grown("luffy_orders_total", event=event)

    assert (of("placed"), of("paid"), of("cancelled"), of("timed_out")) == (3, 1, 1, 1)


def test_coupons_are_counted_by_their_steps(grown: Grown, django_capture_on_commit_callbacks: Any):
    record = CouponRecordFactory()
    now, by = timezone.now(), lifecycle.SERVICE

    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.void(record_id=record.pk, now=now, by=by, reason="test")
        with pytest.raises(RecordNotUnused):
            lifecycle.void(record_id=record.pk, now=now, by=by, reason="test")

    assert grown("luffy_coupon_records_total", step="voided") == 1


@pytest.mark.parametrize("step", ["claimed", "issued"])
def test_coupons_that_come_are_claimed_by_an_account_or_issued(
    grown: Grown, django_capture_on_commit_callbacks: Any, step: str
):
    given = CouponRecordFactory()
    new = [
        CouponRecordFactory.build(coupon=given.coupon, account=given.account, claim_no=n)
        for n in (7, 8)
    ]
    by = lifecycle.Actor(account_id=given.account_id) if step == "claimed" else lifecycle.SERVICE

    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.come(new, by=by)

    assert CouponRecord.objects.count() == 3
    assert grown("luffy_coupon_records_total", step=step) == 2


def test_nothing_is_counted_of_records_that_are_none(django_capture_on_commit_callbacks: Any):
    with django_capture_on_commit_callbacks() as waiting_for_commit:
        lifecycle.come([])

    assert waiting_for_commit == []


def test_a_notification_is_counted_by_its_verdict(
    anonymous, grown: Grown, django_capture_on_commit_callbacks: Any
):
    with django_capture_on_commit_callbacks(execute=True):
        anonymous.post("/api/wechatpay/", {"a": 1})

    assert grown("luffy_notifications_total", channel="wechat", verdict="signature") == 1


def test_of_a_forged_number_the_log_has_the_beginning(
    caplog, django_capture_on_commit_callbacks: Any
):
    with django_capture_on_commit_callbacks(execute=True):
        count_notification("alipay", "signature", out_trade_no="9" * 5_000)

    assert caplog.records[-1].fields["out_trade_no"] == "9" * 64


def test_a_number_that_cannot_be_counted_stops_nothing(
    monkeypatch, django_capture_on_commit_callbacks: Any
):
    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("api.services.counted._ORDERS.labels", full)

    with django_capture_on_commit_callbacks(execute=True):
        order = orders.order()

    assert Order.objects.filter(pk=order.pk).exists()


def test_an_attempt_that_is_lost_is_counted_and_so_is_giving_up(grown: Grown, monkeypatch):
    monkeypatch.setattr("utils.optimistic.time.sleep", lambda _: None)

    @until_uncontended
    def never() -> None:
        raise Contention

    with pytest.raises(Contention):
        never()

    operation = "test_metrics.never"
    assert grown("luffy_contention_retries_total", operation=operation) == ATTEMPTS - 1
    assert grown("luffy_contention_given_up_total", operation=operation) == 1


# --- Tasks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["successful", "failed"])
def test_a_task_is_counted_by_what_became_of_it(grown: Grown, monkeypatch, outcome: str):
    if outcome == "failed":
        monkeypatch.setattr("api.services.orders.closing.close_if_due", None)
    later("orders.close_order", 1)

    work_off()

    assert grown("luffy_tasks_total", task="orders.close_order", outcome=outcome) == 1
    assert DBTaskResult.objects.get().status == outcome.upper()


def test_every_task_is_known_before_it_ends():
    from api.tasks import coupons, orders, webhooks

    named = {
        f"{module.__name__.removeprefix('api.tasks.')}.{name}"
        for module in (coupons, orders, webhooks)
        for name, found in vars(module).items()
        if hasattr(found, "enqueue")
    }
    assert set(at_work.TASKS) == named


def test_a_task_has_the_id_of_the_request_that_left_it(alice: Customer, caplog, monkeypatch):
    seen: list[Any] = []

    def note(*_: Any, **__: Any) -> bool:
        seen.append(scope.current())
        return False

    monkeypatch.setattr("api.services.orders.closing.close_if_due", note)
    token = scope.begin(Scope("mine"))
    later("orders.close_order", 1)
    scope.end(token)

    work_off()

    assert [at.request_id for at in seen] == ["mine"]
    assert DBTaskResult.objects.get().args_kwargs == {
        "args": [1],
        "kwargs": {},
        "request_id": "mine",
    }
    assert scope.current() is None


def test_a_task_of_an_earlier_version_has_an_id_of_its_own(monkeypatch):
    seen: list[str] = []

    def note(*_: Any, **__: Any) -> bool:
        at = scope.current()
        seen.append(at.request_id if at else "")
        return False

    monkeypatch.setattr("api.services.orders.closing.close_if_due", note)
    later("orders.close_order", 1)
    later("orders.close_order", 2)
    assert "request_id" not in DBTaskResult.objects.first().args_kwargs

    work_off()

    assert len(set(seen)) == 2
    assert all(len(one) == 32 for one in seen)


# --- Requests -------------------------------------------------------------------------------------


def test_a_request_is_counted_by_route_method_status_and_refusal(
    alice: Customer, counting, grown: Grown
):
    alice.get("/api/order/123/")
    alice.get("/api/order/456/")

    labels = {"endpoint": "/api/order/<order:order_number>/", "method": "GET"}
    answered = labels | {"status": "200", "refusal": "order_not_found"}
    assert grown("luffy_requests_total", **answered) == 2
    assert grown("luffy_request_seconds_count", **labels) == 2
    assert grown("luffy_request_seconds_bucket", le="+Inf", **labels) == 2
    assert grown("luffy_request_sql_queries_total", **labels) >= 4  # token and order, twice


def test_round_trips_to_redis_are_counted(alice: Customer, counting, grown: Grown):
    alice.get("/api/payment/")

    labels = {"endpoint": "/api/payment/", "method": "GET"}
    assert grown("luffy_request_redis_round_trips_total", **labels) == 1


def test_whatever_clients_send_the_numbers_stay_few(anonymous, counting):
    def series() -> int:
        return sum(len(family.samples) for family in OWN.collect())

    for path in ("/api/x/", "/x", "/static/x", "/admin/x/"):
        anonymous.get(path)
        anonymous.generic("BREW", path)
    before = series()

    for number in range(20):
        for path in ("/api/x{}/", "/x{}", "/static/x{}", "/admin/x{}/"):
            anonymous.get(path.format(number))
            anonymous.generic(f"BREW{number}", path.format(number))

    assert series() == before


def test_a_crash_is_counted_and_so_is_503(grown: Grown, counting):
    for status in (500, 503, 404, 200):
        requests.observe("/api/x/", "GET", status, "", 0.1, 0, 0)
    requests.observe("/readyz", "GET", 503, "", 0.1, 0, 0)

    assert grown("luffy_requests_failed_total", status="500") == 1
    assert grown("luffy_requests_failed_total", status="503") == 1


def test_where_nobody_asks_requests_are_not_counted(anonymous, settings, grown: Grown):
    settings.METRICS_DIR = None

    anonymous.get("/api/course/")

    labels = {"endpoint": "/api/course/", "method": "GET"}
    assert grown("luffy_request_seconds_count", **labels) == 0


# --- What waits -----------------------------------------------------------------------------------


def gauge(named: str, now: Any = None, /, **labels: str) -> float | None:
    for family in waiting.read(now=now or timezone.now()):
        for sample in family.samples:
            if (sample.name, sample.labels) == (named, labels):
                return sample.value
    return None


def test_orders_that_wait_are_those_that_are_unpaid_or_ask_for_a_refund():
    order, paid = orders.order(), orders.order()
    orders.pay(paid)
    assert gauge("luffy_orders_waiting", state="unpaid") == 1
    assert gauge("luffy_orders_waiting", state="refund_asked") == 0

    at_the_limit = order.expires_at + timedelta(minutes=10)
    assert gauge("luffy_orders_overdue", at_the_limit - timedelta(microseconds=1)) == 0
    assert gauge("luffy_orders_overdue", at_the_limit) == 1


def test_a_task_waits_from_the_moment_it_could_begin():
    order = orders.order()  # and the task that closes it, in half an hour
    assert gauge("luffy_tasks_waiting") == 0
    assert gauge("luffy_tasks_waiting_seconds") == 0

    later_on = order.expires_at + timedelta(seconds=30)
    assert gauge("luffy_tasks_waiting", later_on) == 1
    assert gauge("luffy_tasks_waiting_seconds", later_on) == 30
    all_come_due()
    assert (gauge("luffy_tasks_waiting_seconds") or 0) > 3600


def test_a_job_that_has_never_run_is_late():
    name = jobs.JOBS[0].name
    assert gauge("luffy_job_late", name=name) == 1
    assert gauge("luffy_job_last_success_timestamp_seconds", name=name) is None

    run = JobRun.objects.create(name=name, at=timezone.now())
    assert gauge("luffy_job_late", name=name) == 0
    assert gauge("luffy_job_last_success_timestamp_seconds", name=name) == run.at.timestamp()


def test_where_every_delivery_has_arrived_none_is_told_of_each_state():
    told = {state: gauge("luffy_webhook_deliveries", state=state) for state in ("waiting", "dead")}
    assert told == {"waiting": 0, "dead": 0}


def test_it_reads_as_many_tables_whatever_is_in_them(django_assert_max_num_queries):
    for _ in range(3):
        orders.order()

    with django_assert_max_num_queries(12):  # those of nine looks, and of their transaction
        list(waiting.read(now=timezone.now()))


def test_more_than_can_be_counted_is_told_as_that_many(monkeypatch):
    monkeypatch.setattr(waiting, "MOST", 2)
    for _ in range(3):
        orders.order()

    assert gauge("luffy_orders_waiting", state="unpaid") == 2


def test_a_database_that_is_out_of_reach_is_all_that_is_told(monkeypatch):
    def gone(**_: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("api.services.background.waiting", gone)

    (up,) = waiting.read(now=timezone.now())
    assert [sample.value for sample in up.samples] == [0]
    assert up.name == "luffy_database_up"


def test_a_mistake_is_not_taken_for_an_outage(monkeypatch):
    def wrong(**_: Any) -> None:
        raise ProgrammingError("no such column")

    monkeypatch.setattr("api.services.background.waiting", wrong)

    with pytest.raises(ProgrammingError):
        list(waiting.read(now=timezone.now()))


# --- Showing --------------------------------------------------------------------------------------


def test_without_a_directory_there_is_nothing_to_show(settings):
    settings.METRICS_DIR = None

    with pytest.raises(CommandError, match="METRICS_DIR is not set"):
        call_command("metrics", once=True)
