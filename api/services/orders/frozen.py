"""The breakdown that an order was consented to, as `Order.quote` keeps it (contract §9)."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils import timezone

from api.models import Order
from api.rules.coupons import HeldCoupon
from api.services.checkout.quote import Quote, QuotedCoupon, QuotedLine


def freeze(quote: Quote, now: datetime) -> dict[str, Any]:
    """The breakdown as it was consented to, and why it is that price; `taken` is the day on which
    its coupons were taken."""
    return {
        "taken": timezone.localdate(now).isoformat(),
        "course_list": [_frozen_line(line) for line in quote.course_list],
        "global_coupon": next((c.id for c in quote.global_coupons if c.at_work), None),
        "global_coupons": [_frozen_coupon(coupon) for coupon in quote.global_coupons],
        "discount_total": str(quote.discount_total),
        "total": str(quote.total),
    }


def _frozen_line(line: QuotedLine) -> dict[str, Any]:
    amounts = {name: str(getattr(line, name)) for name in ("price", "discount", "share", "pay")}
    return {
        "course_id": line.course_id,
        "title": line.title,
        "img": line.img,
        "policy_id": line.policy_id,
        "period_display": line.period_display,
        **amounts,
        "coupons": [_frozen_coupon(coupon) for coupon in line.coupons],
    }


def _frozen_coupon(coupon: QuotedCoupon) -> dict[str, Any]:
    worth = asdict(coupon.worth)
    return {
        "id": coupon.id,
        "name": coupon.name,
        "words": coupon.worth.words,
        "worth": {name: None if value is None else str(value) for name, value in worth.items()},
        "last_day": coupon.last_day and coupon.last_day.isoformat(),
        "at_work": coupon.at_work,
        "reason": coupon.reason,
    }


def take_again(order: Order, held: Iterable[HeldCoupon], now: datetime) -> None:
    """Writes down, for a closed order that comes back to life, that its coupons are taken on this
    day, and their last days as they are now. The caller saves the order."""
    last_days = {coupon.record_id: coupon.last_day for coupon in held}
    order.quote["taken"] = timezone.localdate(now).isoformat()
    for coupon in coupons_of(order):
        if last_day := last_days.get(coupon["id"]):
            coupon["last_day"] = last_day.isoformat()


def coupons_of(order: Order) -> Iterator[dict[str, Any]]:
    """The coupons of the breakdown: of the courses in their order, then the site-wide ones."""
    for line in order.quote["course_list"]:
        yield from line["coupons"]
    yield from order.quote["global_coupons"]


def spent_records(order: Order) -> list[int]:
    """The ids of the records that the order spends."""
    return [coupon["id"] for coupon in coupons_of(order) if coupon["at_work"]]
