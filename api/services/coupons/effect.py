"""What became of coupons: how many are out, claimed, used, and what they brought, in all and by
day. Counted in SQL, a fixed number of queries whatever there is.

Records are counted where they stand now: one whose order was refunded is free again, and no more
counted as used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from api.models import Coupon, CouponRecord, CouponRecordStatus
from api.services.coupons import turnover
from api.services.coupons.turnover import NOTHING, PAID, Turnover, taken_off
from utils.replica import may_be_old

DAYS = (30, 90)  # how many a page may show
_CLAIMED = Count("claim_no")  # null, and not counted, is that of a record that was issued


@dataclass(frozen=True)
class Effect:
    """Of one coupon. `quantity`: how many there may ever be; `claimed`: the records that accounts
    fetched themselves; `left`: how many are still to be had; `by_status`: the records, by their
    status now."""

    quantity: int
    left: int
    claimed: int
    by_status: dict[int, int]
    turnover: Turnover

    @property
    def issued(self) -> int:
        """The records that ever came into anybody's hands, claimed or issued."""
        return sum(self.by_status.values())

    def of(self, status: CouponRecordStatus) -> int:
        return self.by_status.get(status, 0)

    @property
    def used(self) -> int:
        return self.of(CouponRecordStatus.USED)

    @property
    def claim_rate(self) -> float | None:
        """领取率: the records that were claimed, of all that there may be; 0 to 1."""
        return _share(self.claimed, self.quantity)

    @property
    def use_rate(self) -> float | None:
        """核销率: those that are used, of all that ever came into anybody's hands; 0 to 1."""
        return _share(self.used, self.issued)


@dataclass
class Day:
    """What happened on one day: the records that came, how many of those were claimed, the
    records that were used, and what they took off paid orders, in 元."""

    issued: int = 0
    claimed: int = 0
    used: int = 0
    took_off: Decimal = field(default=NOTHING)


@may_be_old
def of_coupons(coupons: Sequence[Coupon]) -> dict[int, Effect]:
    """By the coupon's id. Two queries."""
    ids = [coupon.pk for coupon in coupons]
    by_status: dict[int, dict[int, int]] = {pk: {} for pk in ids}
    claimed = dict.fromkeys(ids, 0)
    records = CouponRecord.objects.filter(coupon__in=ids).order_by()
    counted = records.values("coupon", "status").annotate(number=Count("pk"), own=_CLAIMED)
    for pk, status, number, own in counted.values_list("coupon", "status", "number", "own"):
        by_status[pk][status] = number
        claimed[pk] += own
    brought = turnover.of_coupons(ids)
    return {
        coupon.pk: Effect(
            quantity=coupon.quantity,
            left=coupon.left,
            claimed=claimed[coupon.pk],
            by_status=by_status[coupon.pk],
            turnover=brought.get(coupon.pk, Turnover()),
        )
        for coupon in coupons
    }


@may_be_old
def by_day(coupon_id: int, *, today: date, days: int) -> dict[date, Day]:
    """Each of so many days, the last of them today, oldest first. Two queries."""
    first = today - timedelta(days=days - 1)
    shown = {first + timedelta(days=at): Day() for at in range(days)}
    since = timezone.make_aware(datetime.combine(first, time.min))
    of_it = CouponRecord.objects.filter(coupon=coupon_id).order_by()
    came = of_it.filter(get_time__gte=since)
    for on, issued, claimed in _daily(came, "get_time", number=Count("pk"), own=_CLAIMED):
        if on in shown:  # a moment of tomorrow is a slip of another program
            shown[on].issued, shown[on].claimed = issued, claimed
    used = of_it.filter(status=CouponRecordStatus.USED, used_time__gte=since)
    off = Coalesce(Sum("off", filter=PAID), NOTHING)
    used = used.annotate(off=taken_off())
    for on, number, took_off in _daily(used, "used_time", number=Count("pk"), took_off=off):
        if on in shown:
            shown[on].used, shown[on].took_off = number, took_off
    return shown


def _daily(records: QuerySet[CouponRecord], moment: str, **sums: Any) -> QuerySet[Any, Any]:
    on = TruncDate(moment, tzinfo=timezone.get_default_timezone())
    grouped = records.annotate(on=on).values("on").annotate(**sums)
    return grouped.values_list("on", *sums)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
