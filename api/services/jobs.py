"""The periodic jobs: what is done again and again, by `manage.py jobs` (contract §9).

Each is safe to run twice, and at once: whatever a run finds done, or being done by another, it
leaves alone. What a killed process or a lost task left over, the next run does.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from api.gateways.channels import CHANNELS, is_local
from api.models import JobRun
from api.services import background, idempotency
from api.services.coupons import expiry, making_codes, planning
from api.services.events import delivering, forgetting
from api.services.orders import closing, tidying
from api.services.payments import asking, notices
from api.services.reconciling import fetching
from api.services.refunds import sending

logger = logging.getLogger(__name__)

LATE = timedelta(minutes=10)  # beyond a job's time, after which somebody should look


class Job(NamedTuple):
    """`work` gets the moment, and says how many of what it is about it did. A nightly job is done
    by the first run after midnight that succeeds, any other by every run."""

    name: str
    work: Callable[[datetime], int]
    nightly: bool = False

    def is_due(self, last: datetime | None, now: datetime) -> bool:
        if last is None or not self.nightly:
            return True
        return timezone.localdate(last) < timezone.localdate(now)

    def is_late(self, last: datetime | None, now: datetime) -> bool:
        return last is None or now - last > (timedelta(days=1) if self.nightly else LATE) + LATE


class Ran(NamedTuple):
    """What came of a job: how many, or None where it failed."""

    name: str
    number: int | None

    def __str__(self) -> str:
        return f"{self.name}: {'FAILED' if self.number is None else self.number}"


def _expire(now: datetime) -> int:
    cases = expiry.over(timezone.localdate(now))
    return sum(expiry.expire(case, now=now) for case in cases)


def _fetch_bills(now: datetime) -> int:
    """Not those of the gateway that runs here: it has no day of the demo's, and may not be served
    yet when the jobs begin. `manage.py reconcile` asks it."""
    channels = [channel for channel in CHANNELS if not is_local(channel)]
    return fetching.fetch_due(now=now, channels=channels)


JOBS = (
    Job("close unpaid orders", lambda now: closing.close_due(now=now)),
    Job("ask for payments", lambda now: asking.ask_waiting(now=now).asked),
    Job("go on with refunds", lambda now: sending.send_waiting(now=now).done),
    Job("fetch the gateways' bills", _fetch_bills),
    Job("clear up Redis after orders", lambda now: tidying.tidy_all()),
    Job("deliver events", lambda now: delivering.deliver()),
    Job("make coupon codes", lambda now: making_codes.make_waiting()),
    Job("issue planned coupons", lambda now: planning.run_due(now=now)),
    Job("expire coupons", _expire, nightly=True),
    Job("forget idempotency keys", lambda now: idempotency.forget_old(now=now), nightly=True),
    Job(
        "forget forged notifications",
        lambda now: notices.forget_forgeries(now=now),
        nightly=True,
    ),
    Job("forget delivered events", lambda now: forgetting.forget_old(now=now), nightly=True),
    Job("forget finished tasks", lambda now: background.forget_old(now=now), nightly=True),
)


def run(*, now: datetime) -> Iterator[Ran]:
    """Runs the jobs that are due, one after another; one that fails, whatever for, is logged and
    does not keep the others from running."""
    last = last_runs()
    for job in JOBS:
        if job.is_due(last.get(job.name), now):
            yield _run(job, now)


def last_runs() -> dict[str, datetime]:
    """When each job last went well. One query."""
    return dict(JobRun.objects.values_list("name", "at"))


def late(*, now: datetime) -> list[str]:
    """The names of the jobs that have not gone well in their time. One query."""
    last = last_runs()
    return [job.name for job in JOBS if job.is_late(last.get(job.name), now)]


def _run(job: Job, now: datetime) -> Ran:
    try:
        number = job.work(now)
        JobRun.objects.update_or_create(name=job.name, defaults={"at": now, "done": number})
    except Exception:
        logger.exception("job %s", job.name)
        return Ran(job.name, None)
    return Ran(job.name, number)
