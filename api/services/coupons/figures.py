"""What the desk's home page shows: aggregates, a fixed number of queries whatever there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from api.models import Coupon, CouponRecord, CouponRecordStatus, CouponState
from utils.replica import may_be_old

CHARTED_DAYS = 30
SOON_DAYS = 7
MOST_USED = 5
ENDING_SHOWN = 20


class Ending(NamedTuple):
    coupon: Coupon
    last_day: date


class Used(NamedTuple):
    coupon: Coupon
    number: int


@dataclass(frozen=True)
class Figures:
    """`running`: the coupons that are handed out today. `by_day`: for each of the charted days, the
    records received then, by their status now."""

    running: int
    by_status: dict[int, int]
    by_day: dict[date, dict[int, int]]
    ending: Sequence[Ending]
    most_used: Sequence[Used]

    @property
    def issued(self) -> int:
        return sum(self.by_status.values())


@may_be_old
def figures(today: date) -> Figures:
    """Six queries."""
    coupons = Coupon.objects.with_states(today)
    return Figures(
        running=coupons.filter(Q(receipt_state=CouponState.RUNNING)).count(),
        by_status=_by_status(),
        by_day=_by_day(today),
        ending=_ending(today),
        most_used=_most_used(),
    )


def _by_status() -> dict[int, int]:
    counted = dict(CouponRecord.objects.order_by().values_list("status").annotate(Count("pk")))
    return {status: counted.get(status, 0) for status in CouponRecordStatus.values}


def _by_day(today: date) -> dict[date, dict[int, int]]:
    first = today - timedelta(days=CHARTED_DAYS - 1)
    since = timezone.make_aware(datetime.combine(first, time.min))
    shop = timezone.get_default_timezone()
    counted = (
        CouponRecord.objects.filter(get_time__gte=since)
        .order_by()
        .values_list(TruncDate("get_time", tzinfo=shop), "status")
        .annotate(Count("pk"))
    )
    days: dict[date, dict[int, int]] = {
        first + timedelta(days=day): {} for day in range(CHARTED_DAYS)
    }
    for day, status, number in counted:
        if day in days:  # a moment of tomorrow is a slip of another program
            days[day][status] = number
    return days


def _ending(today: date) -> list[Ending]:
    """The coupons that nobody can use after the next SOON_DAYS days, soonest first; also those
    that are no longer handed out."""
    coupons: QuerySet[Any] = Coupon.objects.with_states(today)
    soon = coupons.filter(Q(use_days_left__gte=0, use_days_left__lte=SOON_DAYS))
    return [
        Ending(coupon, today + timedelta(days=coupon.use_days_left))
        for coupon in soon.order_by("use_days_left", "pk")[:ENDING_SHOWN]
    ]


def _most_used() -> list[Used]:
    """Ranked by the records alone; their coupons are fetched for the few that are left."""
    used = CouponRecord.objects.filter(status=CouponRecordStatus.USED).values_list("coupon")
    ranked = dict(used.annotate(used=Count("pk")).order_by("-used", "coupon")[:MOST_USED])
    coupons = Coupon.objects.in_bulk(ranked)
    return [Used(coupons[pk], number) for pk, number in ranked.items()]
