"""Which coupon records a settlement offers: pure rules, without Redis, ORM, request or clock
(contract §5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from typing import Any


class CouponType(IntEnum):
    """`Coupon.coupon_type`."""

    CASH = 0  # 立减券: takes its value off
    THRESHOLD = 1  # 满减券: takes its value off what reaches its minimum
    DISCOUNT = 2  # 折扣券: leaves so many percent


@dataclass(frozen=True)
class Window:
    """The days on which a coupon record can be used, first and last included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


def window(
    begin: date | None, end: date | None, valid_days: int | None, received: date
) -> Window | None:
    """The days of a record received on the day `received`, or None if there are none.

    Two dates decide where both are set; otherwise `valid_days` counted from the day of receipt,
    which is the first: received on the 1st with 7 days, it is valid from the 1st to the 7th.
    """
    if begin and end:
        return Window(begin, end)
    if valid_days:
        days_left_in_calendar = (date.max - received).days
        return Window(received, received + timedelta(min(valid_days - 1, days_left_in_calendar)))
    return None


def worth_in_words(
    coupon_type: int, money: int | None, off_percent: int | None, minimum: int | None
) -> str:
    """What a coupon does, as its buyers say it: 立减40, 满500减200, 7.9折. Empty while what its
    type needs is missing. `off_percent` 79: one pays 79 %."""
    if coupon_type == CouponType.DISCOUNT:
        return f"{off_percent / 10:g}折" if off_percent else ""
    if not money:
        return ""
    if coupon_type == CouponType.THRESHOLD:
        return f"满{minimum}减{money}" if minimum else ""
    return f"立减{money}"


@dataclass(frozen=True)
class HeldCoupon:
    """A coupon in an account's hands: a record, and what its coupon says.

    `course_id` is the course it is bound to, None for a site-wide one. Money is 元.
    """

    record_id: int
    coupon_type: int
    coupon_display: str
    money_equivalent_value: int
    off_percent: int | None
    minimum_consume: int
    course_id: int | None
    window: Window | None

    def as_offered(self) -> dict[str, Any]:
        """What a settlement shows of it: only what its type uses (contract §5)."""
        shown: dict[str, Any] = {
            "coupon_type": self.coupon_type,
            "coupon_display": self.coupon_display,
        }
        if self.coupon_type == CouponType.DISCOUNT:
            return shown | {"off_percent": self.off_percent}
        shown["money_equivalent_value"] = self.money_equivalent_value
        if self.coupon_type == CouponType.THRESHOLD:
            shown["minimum_consume"] = self.minimum_consume
        return shown


def usable_on(held: Iterable[HeldCoupon], day: date) -> list[HeldCoupon]:
    """Those that are valid on the day, in the order given."""
    return [coupon for coupon in held if coupon.window and coupon.window.holds(day)]
