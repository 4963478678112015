"""The tasks as the database keeps them: what waits, what failed, and what can be forgotten.

With another backend than the database's the table is empty, and so is what this says.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Case, F, Q, When
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

KEPT_FOR = timedelta(days=7)  # those that went well; a failed one four times as long
BATCH = 5_000


class Waiting(NamedTuple):
    """Tasks that a worker should have begun by now: how many, and since when the first one
    waits."""

    number: int
    since: datetime


def waiting(*, now: datetime, for_longer_than: timedelta) -> Waiting | None:
    """None where no task has waited for so long. Two queries."""
    # What is not put off has a date of the year 9999: it could begin when it was asked for.
    ready = DBTaskResult.objects.filter(status=TaskResultStatus.READY)
    put_off = Q(run_after__year__lt=9999)
    could_begin = Case(When(put_off, then=F("run_after")), default=F("enqueued_at"))
    ready = ready.filter(Q(run_after__lte=now - for_longer_than) | ~put_off)
    ready = ready.filter(enqueued_at__lte=now - for_longer_than)
    first = ready.annotate(begin=could_begin).order_by("begin").values_list("begin", flat=True)
    number = ready.count()
    return Waiting(number, first[0]) if number else None


def failed(*, since: datetime) -> int:
    """How many tasks have failed since. One query."""
    return DBTaskResult.objects.failed().filter(finished_at__gte=since).count()


def forget_old(*, now: datetime) -> int:
    """Deletes what finished long ago, and what a killed worker has left unfinished; says how many.
    In batches."""
    old = DBTaskResult.objects.filter(
        Q(status=TaskResultStatus.SUCCESSFUL, finished_at__lte=now - KEPT_FOR)
        | Q(status=TaskResultStatus.FAILED, finished_at__lte=now - 4 * KEPT_FOR)
        | Q(status=TaskResultStatus.RUNNING, started_at__lte=now - 4 * KEPT_FOR)
    )
    deleted = 0
    while ids := list(old.order_by().values_list("pk", flat=True)[:BATCH]):
        deleted += DBTaskResult.objects.filter(pk__in=ids).delete()[0]
    return deleted
