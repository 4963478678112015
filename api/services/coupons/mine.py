"""The coupons of an account, as it sees them itself (contract §11)."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from api.models import CouponRecord, CouponRecordStatus
from api.rules.coupons import HeldCoupon, Scope
from api.services.coupons.holdings import FIELDS, held_from
from api.services.pages import Page, page_of_all

SOON = 3  # days left, the last one counted


@dataclass(frozen=True, slots=True)
class MyCoupon:
    """A record of the account. `status` is what it is today: one whose days are over is 已过期,
    whether or not the nightly run has said so. `days_left` is 1 on the last day, and None unless
    it is 未使用 and its coupon not switched off; `order_number` is that of the order it is locked
    by or used for."""

    held: HeldCoupon
    number: str
    status: CouponRecordStatus
    order_number: str | None
    days_left: int | None

    @property
    def soon(self) -> bool:
        """Whether it is about to expire."""
        return self.days_left is not None and self.days_left <= SOON


def coupons(
    *, account_id: int, status: int | None, page: int, page_size: int, now: datetime
) -> Page:
    """A page of the account's coupons, of one status or all. The usable ones (0) come by their
    last day, those that expire first at the top; any other list the newest first. One query."""
    records = CouponRecord.objects.filter(account_id=account_id)
    if status is not None:
        past_too = {CouponRecordStatus.UNUSED} if status == CouponRecordStatus.EXPIRED else set()
        records = records.filter(status__in={status} | past_too)
    rows = list(
        records.order_by("-id").values_list(*FIELDS, "number", "order__order_number", named=True)
    )
    today = timezone.localdate(now)
    mine = [
        _mine(held, row.number, row.status, row.order__order_number, today)
        for held, row in zip(held_from(row[: len(FIELDS)] for row in rows), rows, strict=True)
        if held.terms.scope is not Scope.ELSEWHERE
    ]
    found = [coupon for coupon in mine if status in (None, coupon.status)]
    if status == CouponRecordStatus.UNUSED:
        found.sort(key=lambda coupon: (coupon.held.last_day or date.max, coupon.held.record_id))
    return page_of_all(found, page=page, page_size=page_size)


def just_received(record: CouponRecord, *, now: datetime) -> MyCoupon:
    """A new record of the account. No query where its coupon is at hand."""
    terms = record.coupon.terms
    window = terms.days.of_receipt(timezone.localdate(record.get_time))
    held = HeldCoupon(record.pk, terms, window, record.coupon.name)
    return _mine(held, record.number, record.status, None, timezone.localdate(now))


def _mine(
    held: HeldCoupon, number: str, recorded: int, order_number: str | None, today: date
) -> MyCoupon:
    status, left = CouponRecordStatus(recorded), None
    if held.free:
        if held.last_day is None or held.last_day < today:
            status = CouponRecordStatus.EXPIRED
        elif not held.terms.disabled:
            left = (held.last_day - today).days + 1
    return MyCoupon(held, number, status, order_number, left)
