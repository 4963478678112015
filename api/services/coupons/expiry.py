"""Records whose time is over: which, and setting status 2 已过期 on them.

The rule is coupons.window, asked for each coupon and each day on which records of it were received.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.db.models import F
from django.db.models.functions import TruncDate
from django.utils import timezone

from api.models import Coupon, CouponRecord, CouponRecordStatus
from api.models.coupon import CouponRecordQuerySet
from api.rules.coupons import window

BATCH = 5_000


class Over(NamedTuple):
    """A coupon and the days of receipt whose records' time is over."""

    coupon: Coupon
    received: tuple[date, ...]


def over(today: date) -> Iterator[Over]:
    """The coupons with unused records whose last day was before `today`. A query for every coupon
    that has unused records."""
    held = CouponRecord.objects.filter(status=CouponRecordStatus.UNUSED)
    for coupon in Coupon.objects.filter(pk__in=held.values("coupon")).order_by("pk"):
        received = (
            held.filter(coupon=coupon)
            .annotate(day=TruncDate(F("get_time"), tzinfo=timezone.get_default_timezone()))
            .values_list("day", flat=True)
            .order_by("day")
            .distinct()
        )
        past = tuple(day for day in received if _is_over(coupon, day, today))
        if past:
            yield Over(coupon, past)


def unused(case: Over) -> int:
    """How many records of it are still unused."""
    return sum(_received_on(case.coupon, day).count() for day in case.received)


def expire(case: Over) -> int:
    """Sets their status, BATCH at a time, each batch for itself; says how many. A record that is
    used or taken back meanwhile keeps what happened to it."""
    done = 0
    for day in case.received:
        records = _received_on(case.coupon, day)
        while batch := list(records.values_list("pk", flat=True)[:BATCH]):
            done += records.filter(pk__in=batch).update(status=CouponRecordStatus.EXPIRED)
    return done


def _is_over(coupon: Coupon, received: date, today: date) -> bool:
    days = window(
        coupon.valid_begin_date, coupon.valid_end_date, coupon.coupon_valid_days, received
    )
    return days is not None and days.last < today


def _received_on(coupon: Coupon, day: date) -> CouponRecordQuerySet:
    """The unused ones; a day is one of the shop's time zone."""
    begin = timezone.make_aware(datetime.combine(day, time.min))
    end = timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
    return CouponRecord.objects.filter(
        coupon=coupon,
        status=CouponRecordStatus.UNUSED,
        get_time__gte=begin,
        get_time__lt=end,
    )
