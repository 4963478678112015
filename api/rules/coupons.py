"""What a coupon is: its worth, its binding, its days (contract §5). Pure rules: no Redis, ORM,
request or clock.

A coupon's rule is one value, `Terms`; in somebody's hands it is a `HeldCoupon`.
"""

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum

_NOTHING = Decimal(0)


class CouponType(IntEnum):
    """`Coupon.coupon_type`."""

    CASH = 0  # 立减券: takes its value off
    THRESHOLD = 1  # 满减券: takes its value off what reaches its minimum
    DISCOUNT = 2  # 折扣券: leaves so many percent

    @property
    def display(self) -> str:
        """As the shop's people say it."""
        return {self.CASH: "立减券", self.THRESHOLD: "满减券", self.DISCOUNT: "折扣券"}[self]


class Scope(StrEnum):
    """What a coupon works on."""

    SITE_WIDE = "site_wide"
    COURSE = "course"
    ELSEWHERE = "elsewhere"  # a degree course, say: no settlement offers it


class State(StrEnum):
    """Where a day stands among the days of receipt (领取), or of use (使用), of a coupon."""

    PENDING = "pending"
    RUNNING = "running"
    ENDED = "ended"
    DISABLED = "disabled"  # of use: switched off (停用), whatever the day


@dataclass(frozen=True, slots=True)
class Window:
    """Days, first and last included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last

    def state_on(self, day: date) -> State:
        if day < self.first:
            return State.PENDING
        return State.RUNNING if day <= self.last else State.ENDED


@dataclass(frozen=True, slots=True)
class Worth:
    """What a coupon takes off. Money is 元; `off_percent` 79 means that one pays 79 %, `max_off`
    that a discount takes at most so much off (None: whatever it comes to).

    Made by `of`, which drops what the type does not use: equal worths do the same.
    """

    coupon_type: CouponType
    money_equivalent_value: Decimal = _NOTHING
    minimum_consume: Decimal = _NOTHING
    off_percent: int | None = None
    max_off: Decimal | None = None

    @classmethod
    def of(
        cls,
        coupon_type: int,
        money_equivalent_value: Decimal | int | None,
        minimum_consume: Decimal | int | None,
        off_percent: int | None,
        max_off: Decimal | int | None,
    ) -> "Worth":
        """Raises ValueError for an unknown type."""
        kind = CouponType(coupon_type)
        if kind is CouponType.DISCOUNT:
            most = None if max_off is None else Decimal(max_off)
            return cls(kind, off_percent=off_percent, max_off=most)
        money = Decimal(money_equivalent_value or 0)
        if kind is CouponType.THRESHOLD:
            return cls(kind, money, Decimal(minimum_consume or 0))
        return cls(kind, money)

    @property
    def words(self) -> str:
        """As buyers say it: 立减40, 满500减200, 7.9折, or 8折，最高减100. Empty while what it takes
        off is missing; a minimum of 0, which other programs may write, is said as it is."""
        if self.coupon_type is CouponType.DISCOUNT:
            most = "" if self.max_off is None else f"，最高减{_plain(self.max_off)}"
            return f"{self.off_percent / 10:g}折{most}" if self.off_percent else ""
        if not self.money_equivalent_value:
            return ""
        money = _plain(self.money_equivalent_value)
        if self.coupon_type is CouponType.THRESHOLD:
            return f"满{_plain(self.minimum_consume)}减{money}"
        return f"立减{money}"

    @property
    def most(self) -> Decimal | None:
        """What one such coupon takes off at most, in 元; None for a discount without `max_off`,
        which is bounded by the price alone."""
        if self.coupon_type is CouponType.DISCOUNT:
            return self.max_off
        return self.money_equivalent_value


@dataclass(frozen=True, slots=True)
class UseDays:
    """On which days a record can be used: between two dates where both are set; otherwise for
    `coupon_valid_days` days, of which the day of receipt is the first; otherwise never."""

    valid_begin_date: date | None = None
    valid_end_date: date | None = None
    coupon_valid_days: int | None = None

    @property
    def fixed(self) -> Window | None:
        """The days where two dates decide, for every holder."""
        if self.valid_begin_date and self.valid_end_date:
            return Window(self.valid_begin_date, self.valid_end_date)
        return None

    def of_receipt(self, received: date, valid_until: date | None = None) -> Window | None:
        """The days of a record received on the day `received`; None if there are none.

        `valid_until`, where the record has it, is its last day instead (contract §9).
        """
        window = self.fixed
        if window is None and self.coupon_valid_days:
            most = (date.max - received).days
            window = Window(received, received + timedelta(min(self.coupon_valid_days - 1, most)))
        if valid_until is None:
            return window
        return Window(min(window.first if window else received, valid_until), valid_until)

    def is_over(self, received: date, today: date, valid_until: date | None = None) -> bool:
        """Whether such a record can be used neither today nor later. One that has no days at all
        is over."""
        window = self.of_receipt(received, valid_until)
        return window is None or window.last < today

    def state_on(self, today: date, receipt: Window) -> State:
        """Whether holders can use it: not yet, now, or no more. Where the days count from receipt,
        of those who received it within the days of receipt."""
        first = self.of_receipt(receipt.first)
        last = self.of_receipt(receipt.last)
        if first is None or last is None:
            return State.ENDED
        return Window(first.first, last.last).state_on(today)

    def last_day(self, receipt: Window) -> date | None:
        """The last day on which anybody who received it in the days of receipt can use it."""
        window = self.of_receipt(receipt.last)
        return window.last if window else None


@dataclass(frozen=True, slots=True)
class Terms:
    """What holders have of a coupon: worth, binding, and the days of use; and whether it is
    switched off (停用) for all of them."""

    worth: Worth
    days: UseDays = UseDays()
    scope: Scope = Scope.SITE_WIDE
    course_id: int | None = None  # set where the scope is COURSE
    disabled: bool = False

    def use_state_on(self, today: date, receipt: Window) -> State:
        """Whether holders can use it: `UseDays.state_on`, unless it is switched off."""
        return State.DISABLED if self.disabled else self.days.state_on(today, receipt)


@dataclass(frozen=True, slots=True)
class HeldCoupon:
    """A coupon in an account's hands: a record under its id, what it does, and its own days.

    `window` is None if the record has no days, or if they are not known. `free` is whether the
    record is unused: neither spent nor locked, expired or taken back.
    """

    record_id: int
    terms: Terms
    window: Window | None = None
    name: str = ""
    free: bool = True

    @property
    def worth(self) -> Worth:
        return self.terms.worth

    @property
    def last_day(self) -> date | None:
        return self.window.last if self.window else None

    def usable_on(self, day: date) -> bool:
        return not self.terms.disabled and self._would_be_usable_on(day)

    def only_disabled_on(self, day: date) -> bool:
        """Whether it could be used on that day if its coupon were not switched off."""
        return self.terms.disabled and self._would_be_usable_on(day)

    def _would_be_usable_on(self, day: date) -> bool:
        return self.free and self.window is not None and self.window.holds(day)

    def works_on(self, course_id: int | None) -> bool:
        """Whether it is bound to this course, or (None) site-wide."""
        if course_id is None:
            return self.terms.scope is Scope.SITE_WIDE
        return self.terms.course_id == course_id


def scope_of(object_id: int | None, bound_model: str | None, course_model: str) -> Scope:
    """The scope of a coupon bound to `object_id` of the content type `bound_model` (None where
    that was never filled in: a course then, as the lesson reads it). 0 binds to nothing."""
    if not object_id:
        return Scope.SITE_WIDE
    return Scope.COURSE if bound_model in (None, course_model) else Scope.ELSEWHERE


def claim_code(typed: str) -> str:
    """A 口令 as it is kept and compared: without spaces, in capitals, and with plain letters and
    digits for the full-width ones of a Chinese keyboard (contract §11). Empty if nothing is
    left."""
    plain = unicodedata.normalize("NFKC", typed)
    return "".join(plain.split()).upper()


def _plain(money: Decimal) -> str:
    """40, not 40.00; 0.5, not 0.50."""
    return f"{money.normalize():f}"
