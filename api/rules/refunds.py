"""Refunds (contract §10): what a course gives back, and until when. Pure rules."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum


class RefundState(Enum):
    """What a gateway says of a refund."""

    ABSENT = "absent"  # it knows no such refund
    PENDING = "pending"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Bought:
    """A line of a paid order: what it cost in that order, what of it went back, the coupon record
    that was spent on it, and whether it was returned."""

    detail_id: int
    course_id: int
    price: Decimal
    refunded: Decimal
    coupon: int | None
    returned: bool


@dataclass(frozen=True, slots=True)
class Due:
    """What a refund would give back: an amount for each line, and coupon records."""

    lines: tuple[tuple[Bought, Decimal], ...]
    coupons: tuple[int, ...]

    @property
    def amount(self) -> Decimal:
        """All of it, in 元."""
        return sum((amount for _, amount in self.lines), Decimal("0.00"))


def due(bought: Sequence[Bought], course_ids: Collection[int], site_wide: Iterable[int]) -> Due:
    """Of those of the courses that were not returned yet (none named: of all of them), each its
    price less what went back. A course's coupon comes back with it, the site-wide ones with the
    last course. So all refunds together are exactly what was paid, in whatever order."""
    left = [line for line in bought if not line.returned]
    chosen = [line for line in left if not course_ids or line.course_id in course_ids]
    coupons = [line.coupon for line in chosen if line.coupon is not None]
    if chosen and len(chosen) == len(left):
        coupons += site_wide
    lines = tuple((line, line.price - line.refunded) for line in chosen)
    return Due(lines, tuple(coupons))


def in_time(paid: date, today: date, days: int) -> bool:
    """Whether an order that was paid on that day can be refunded today: to the last day,
    included."""
    return today <= paid + timedelta(days=days)
