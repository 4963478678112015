"""Records whose time is over: which, and setting status 2 已过期 on them; and taking that back
where a coupon got other days.

The rule is `UseDays.is_over`, asked for each coupon and each set of its records that were received
on one day (and have one last day of their own, if they have any).
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import F
from django.db.models.functions import TruncDate
from django.utils import timezone

from api.models import Coupon, CouponRecord, CouponRecordStatus
from api.models.coupon_record import CouponRecordQuerySet
from api.rules.coupons import UseDays
from api.services.coupons import lifecycle
from api.services.coupons.lifecycle import Actor


class Receipt(NamedTuple):
    """What decides, beside the coupon, on which days a record can be used."""

    day: date
    valid_until: date | None


class Over(NamedTuple):
    """A coupon and the receipts whose records' time is over."""

    coupon: Coupon
    receipts: tuple[Receipt, ...]


def over(today: date) -> Iterator[Over]:
    """The coupons with unused records that can be used neither today nor later. A query for every
    coupon that has unused records."""
    unused = CouponRecord.objects.filter(status=CouponRecordStatus.UNUSED)
    for coupon in Coupon.objects.filter(pk__in=unused.values("coupon")).order_by("pk"):
        days = coupon.terms.days
        past = tuple(
            receipt
            for receipt in _receipts(coupon, CouponRecordStatus.UNUSED)
            if _is_over(days, receipt, today)
        )
        if past:
            yield Over(coupon, past)


def unused(case: Over) -> int:
    """How many records of it are still unused."""
    return _number(case.coupon, CouponRecordStatus.UNUSED, case.receipts)


def expire(case: Over, *, now: datetime) -> int:
    """Sets their status, in batches, each for itself; says how many."""
    return sum(_expire(case.coupon.pk, receipt, now) for receipt in case.receipts)


def _expire(coupon_id: int, receipt: Receipt, now: datetime) -> int:
    """Each batch under the lock of the coupon's row, and by the days it has then: whoever gives it
    other days came before, or finds the batch expired. A coupon that is locked just now, because it
    is saved or issued, is left to the next run."""
    done = 0
    unlocked = Coupon.objects.select_for_update(skip_locked=True, no_key=True)
    while True:
        with transaction.atomic():
            coupon = unlocked.filter(pk=coupon_id).first()
            if coupon is None or not _is_over(coupon.terms.days, receipt, timezone.localdate(now)):
                return done
            records = _records(coupon, CouponRecordStatus.UNUSED, receipt)
            number = lifecycle.expire(records, now=now)
        if not number:
            return done
        done += number


def revive(coupon: Coupon, before: UseDays, *, now: datetime, by: Actor) -> int:
    """Sets 未使用 on those expired records of the coupon whose time was over by the days that it
    had `before`, and is not by those it has; says how many. To be called in the transaction that
    changes the days, which holds the lock of the coupon's row."""
    today = timezone.localdate(now)
    days = coupon.terms.days
    done = 0
    for receipt in _receipts(coupon, CouponRecordStatus.EXPIRED):
        if _is_over(before, receipt, today) and not _is_over(days, receipt, today):
            records = _records(coupon, CouponRecordStatus.EXPIRED, receipt)
            while number := lifecycle.revive(records, now=now, by=by, reason="有效期已修改"):
                done += number
    return done


def newly_over(coupon: Coupon, before: UseDays, *, today: date) -> int:
    """How many unused records of the coupon are over by its days, and were not by those it had
    `before`. They are useless at once; the nightly run sets their status."""
    days = coupon.terms.days
    past = tuple(
        receipt
        for receipt in _receipts(coupon, CouponRecordStatus.UNUSED)
        if _is_over(days, receipt, today) and not _is_over(before, receipt, today)
    )
    return _number(coupon, CouponRecordStatus.UNUSED, past)


def _is_over(days: UseDays, receipt: Receipt, today: date) -> bool:
    return days.is_over(receipt.day, today, receipt.valid_until)


def _number(coupon: Coupon, status: CouponRecordStatus, receipts: tuple[Receipt, ...]) -> int:
    return sum(_records(coupon, status, receipt).count() for receipt in receipts)


def _receipts(coupon: Coupon, status: CouponRecordStatus) -> list[Receipt]:
    """Those of its records of this status; a day is one of the shop's time zone."""
    rows = (
        CouponRecord.objects.filter(coupon=coupon, status=status)
        .annotate(day=TruncDate(F("get_time"), tzinfo=timezone.get_default_timezone()))
        .values_list("day", "valid_until")
        .order_by("day", "valid_until")
        .distinct()
    )
    return [Receipt(*row) for row in rows]


def _records(coupon: Coupon, status: CouponRecordStatus, receipt: Receipt) -> CouponRecordQuerySet:
    begin = timezone.make_aware(datetime.combine(receipt.day, time.min))
    end = timezone.make_aware(datetime.combine(receipt.day + timedelta(days=1), time.min))
    received = CouponRecord.objects.filter(
        coupon=coupon, status=status, get_time__gte=begin, get_time__lt=end
    )
    if receipt.valid_until is None:
        return received.filter(valid_until__isnull=True)
    return received.filter(valid_until=receipt.valid_until)
