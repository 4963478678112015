"""What waits, as the tables say it at this moment, for an operator's Prometheus: by indexes that
hold little more than what waits, whatever number of orders there has ever been."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from prometheus_client.core import GaugeMetricFamily

from api.models import Order, WebhookDelivery
from api.rules.orders import OrderStatus
from api.services import background, jobs
from utils.outages import is_out_of_reach

MOST = 100_000  # of each that are counted; where there are more, the number is this one
LONGEST = 1_000  # ms that a statement may take; a table that is locked must not keep anybody
OVERDUE = timedelta(minutes=10)  # beyond an order's time; the jobs run every minute


def read(*, now: datetime) -> Iterator[GaugeMetricFamily]:
    """Nine queries at most, in one transaction. Where the database is out of reach, or too slow,
    only that it is so."""
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL statement_timeout = {LONGEST}")
            found = [*_orders(now), *_tasks(now), *_jobs(now), _deliveries()]
    except Exception as error:
        if not is_out_of_reach(error):
            raise
        found = []
    up = GaugeMetricFamily("luffy_database_up", "Whether the database has said what waits.")
    up.add_metric([], bool(found))
    yield from [up, *found]


def _orders(now: datetime) -> Iterator[GaugeMetricFamily]:
    unpaid = Order.objects.filter(status=OrderStatus.UNPAID.value)
    asked = Order.objects.filter(status=OrderStatus.REFUND_ASKED.value)
    waiting = GaugeMetricFamily(
        "luffy_orders_waiting", "Orders that wait, by their state.", labels=["state"]
    )
    waiting.add_metric(["unpaid"], _number(unpaid))
    waiting.add_metric(["refund_asked"], _number(asked))
    yield waiting
    overdue = _number(unpaid.filter(expires_at__lte=now - OVERDUE))
    yield GaugeMetricFamily(
        "luffy_orders_overdue", "Unpaid orders that should have been closed by now.", overdue
    )


def _tasks(now: datetime) -> Iterator[GaugeMetricFamily]:
    left = background.waiting(now=now, for_longer_than=timedelta(0))
    seconds = (now - left.since).total_seconds() if left else 0
    number = left.number if left else 0
    yield GaugeMetricFamily("luffy_tasks_waiting", "Tasks that a worker could begin now.", number)
    yield GaugeMetricFamily(
        "luffy_tasks_waiting_seconds", "How long the first of them has waited.", seconds
    )


def _jobs(now: datetime) -> Iterator[GaugeMetricFamily]:
    last = jobs.last_runs()
    at = GaugeMetricFamily(
        "luffy_job_last_success_timestamp_seconds", "When a job last went well.", labels=["name"]
    )
    late = GaugeMetricFamily(
        "luffy_job_late", "Whether a job has not gone well in its time.", labels=["name"]
    )
    for job in jobs.JOBS:
        if job.name in last:
            at.add_metric([job.name], last[job.name].timestamp())
        late.add_metric([job.name], job.is_late(last.get(job.name), now))
    yield from (at, late)


def _deliveries() -> GaugeMetricFamily:
    found = GaugeMetricFamily(
        "luffy_webhook_deliveries", "Deliveries that have not arrived.", labels=["state"]
    )
    for state in (WebhookDelivery.Status.WAITING, WebhookDelivery.Status.DEAD):
        deliveries = WebhookDelivery.objects.filter(status=state)
        found.add_metric([state.name.lower()], _number(deliveries))
    return found


def _number(rows: QuerySet[Any, Any]) -> int:
    return rows.order_by()[:MOST].count()
