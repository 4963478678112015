"""A quote: what a settlement costs this moment, and why (contract §8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain

from api.rules.changes import Change
from api.rules.coupons import Worth


@dataclass(frozen=True, slots=True)
class QuotedCoupon:
    """A coupon that the settlement offers, on today's terms, or, if its record is gone, on those
    that it was offered with.

    It is `at_work`, or `code` and `reason` say why not. `short` (元) is what is missing to its
    minimum; `saves` (元) how much the total would fall if it were chosen in its place.
    """

    course_id: int | None
    id: int
    name: str
    worth: Worth
    last_day: date | None
    usable: bool
    chosen: bool
    at_work: bool
    code: str | None
    reason: str | None
    short: Decimal | None
    saves: Decimal


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """What a course costs, in 元: `price - discount - share == pay`. `coupon` is the record
    chosen."""

    course_id: int
    title: str
    img: str
    policy_id: str
    period: str
    period_display: str
    price: Decimal
    coupon: int | None
    coupon_usable: bool | None
    discount: Decimal
    share: Decimal
    pay: Decimal
    changed: Change | None
    coupons: tuple[QuotedCoupon, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """A settlement's breakdown, in 元: `subtotal - discount_total == total`. `version` names
    exactly this breakdown; `settlement` the settlement it is of."""

    course_list: tuple[QuotedLine, ...]
    subtotal: Decimal
    course_discount: Decimal
    global_coupon: int | None
    global_coupon_usable: bool | None
    global_discount: Decimal
    discount_total: Decimal
    total: Decimal
    global_coupons: tuple[QuotedCoupon, ...]
    changes: tuple[Change, ...]
    payable: bool
    version: str
    settlement: str

    @property
    def idle_coupons(self) -> Iterator[QuotedCoupon]:
        """Those of the courses in their order, then the site-wide ones."""
        on_courses = chain.from_iterable(line.coupons for line in self.course_list)
        return (c for c in chain(on_courses, self.global_coupons) if not c.at_work)
