"""What must hold after a process was killed in the middle of what it did, and the jobs ran once."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone

from api.models import Account, Order, ShopEvent
from api.services import audit, jobs
from tests.support.crashes import killed_at_every_line


def nothing_is_half_done(now: datetime | None = None) -> None:
    """After one run of the jobs."""
    ran = list(jobs.run(now=now or timezone.now()))
    assert None not in [one.number for one in ran]
    assert [str(one) for one in (*audit.miscounted(), *audit.findings())] == []
    assert not Account.objects.filter(ordered_settlement__isnull=False).exists()


def events_of(order: Order) -> list[str]:
    """What was told of the order, without what was told of its coupons."""
    own = ShopEvent.objects.filter(order=order).exclude(kind__startswith="coupon.")
    return list(own.order_by("pk").values_list("kind", flat=True))


def each_crash(
    steps: tuple[str, ...],
    make: Callable[[], Callable[[], Any]],
    *,
    at_least: int,
    after: Callable[[], datetime] = timezone.now,
) -> Iterator[str]:
    """`killed_at_every_line`, of at least so many; goes on after each crash, and after what the
    jobs did then: at the moment that `after` gives."""
    died = []
    for where in killed_at_every_line(steps, make):
        died.append(where)
        nothing_is_half_done(after())
        yield where
    assert len(died) > at_least, died  # the lines are found
