"""What the desk's home page shows: aggregates, a fixed number of queries whatever there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db.models import Case, Count, DateField, F, Q, When
from django.db.models.functions import Least, TruncDate
from django.utils import timezone

from api.models import Coupon, CouponRecord, CouponRecordStatus, CouponState

CHARTED_DAYS = 30
SOON_DAYS = 7
MOST_USED = 5
ENDING_SHOWN = 20


class Used(NamedTuple):
    coupon: Coupon
    number: int


@dataclass(frozen=True)
class Figures:
    """`by_day`: for each of the charted days, the records received then, by their status now."""

    running: int
    by_status: dict[int, int]
    by_day: dict[date, dict[int, int]]
    ending: Sequence[Any]
    most_used: Sequence[Used]

    @property
    def issued(self) -> int:
        return sum(self.by_status.values())


def figures(today: date) -> Figures:
    """Six queries."""
    coupons = Coupon.objects.with_state(today)
    return Figures(
        running=coupons.filter(Q(state=CouponState.RUNNING)).count(),
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


def _ending(today: date) -> list[Any]:
    """The running coupons that cannot be had, or cannot be used, after the next SOON_DAYS days."""
    fixed = Q(valid_begin_date__isnull=False, valid_end_date__isnull=False)
    last = Case(
        When(fixed, then=Least("close_date", "valid_end_date")),
        default=F("close_date"),
        output_field=DateField(),
    )
    coupons = Coupon.objects.with_state(today).with_issued().annotate(last=last)
    soon = coupons.filter(Q(state=CouponState.RUNNING), last__lte=today + timedelta(days=SOON_DAYS))
    return list(soon.order_by("last", "pk")[:ENDING_SHOWN])


def _most_used() -> list[Used]:
    """Ranked by the records alone; their coupons are fetched for the few that are left."""
    used = CouponRecord.objects.filter(status=CouponRecordStatus.USED).values_list("coupon")
    ranked = dict(used.annotate(used=Count("pk")).order_by("-used", "coupon")[:MOST_USED])
    coupons = Coupon.objects.in_bulk(ranked)
    return [Used(coupons[pk], number) for pk, number in ranked.items()]
