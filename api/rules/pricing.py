"""What a basket costs (docs/api.md, the rules of money): pure functions over frozen values.

Amounts come in and go out as `Decimal` in 元; in between they are whole fen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from api.rules.coupons import CouponType, HeldCoupon, Worth
from api.rules.money import divide, percent_of, to_fen, to_yuan


class NotOffered(ValueError):
    """A choice names a coupon that is not offered in that place of the basket."""


class Reason(StrEnum):
    """Why a coupon of the basket is not at work."""

    NOT_CHOSEN = "not_chosen"
    BELOW_MINIMUM = "below_minimum"
    WORTH_NOTHING = "worth_nothing"


@dataclass(frozen=True, slots=True)
class Line:
    """A course in the basket: its price in 元, the coupons offered for it, the one chosen."""

    course_id: int
    price: Decimal
    coupons: tuple[HeldCoupon, ...] = ()
    chosen: int | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """The lines in the order asked for, the site-wide coupons offered, the one chosen.

    A `chosen` that is not among the `coupons` beside it, here or in a line, counts as none.
    """

    lines: tuple[Line, ...]
    coupons: tuple[HeldCoupon, ...] = ()
    chosen: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The record ids of the coupons to choose, None for none: for each line in order, site-wide."""

    lines: tuple[int | None, ...]
    global_coupon: int | None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """What a line costs, in 元: `price - discount - share == pay`.

    `coupon` is the record id of the one chosen, even if it takes nothing off.
    `share` is the line's part of the site-wide discount.
    """

    course_id: int
    price: Decimal
    coupon: int | None
    discount: Decimal
    share: Decimal
    pay: Decimal


@dataclass(frozen=True, slots=True)
class IdleCoupon:
    """A coupon that takes nothing off now: not chosen, or chosen in vain.

    `course_id` is None for a site-wide one. `message` is the reason as the user reads it.
    `short`, in 元, is what is missing to its minimum; None, unless that is the reason.
    `saves`, in 元, is how much the total would fall if it were chosen in place of what is chosen
    there now; negative, if the total would rise.
    """

    course_id: int | None
    coupon: int
    reason: Reason
    message: str
    short: Decimal | None
    saves: Decimal


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A basket's breakdown, in 元: `subtotal - course_discount - global_discount == total`.

    The lines' `pay` add up to `total`. Every coupon of the basket is either at work or in
    `idle`: those of the courses in the order of the lines, then the site-wide ones.
    """

    lines: tuple[PricedLine, ...]
    subtotal: Decimal
    course_discount: Decimal
    global_coupon: int | None
    global_discount: Decimal
    total: Decimal
    idle: tuple[IdleCoupon, ...]


def breakdown(basket: Basket) -> Breakdown:
    """The breakdown of the basket with its present choices.

    Raises `NotMoney`. The rule: docs/api.md, the rules of money.
    """
    prices = [price_of(line) for line in basket.lines]
    chosen = [chosen_coupon(line) for line in basket.lines]
    discounts = [discount(coupon, price) for coupon, price in zip(chosen, prices, strict=True)]
    left = [price - off for price, off in zip(prices, discounts, strict=True)]
    global_coupon = chosen_coupon(basket)
    global_discount = discount(global_coupon, sum(left))
    shares = divide(global_discount, left)
    lines = tuple(
        PricedLine(
            course_id=line.course_id,
            price=to_yuan(price),
            coupon=coupon.record_id if coupon else None,
            discount=to_yuan(off),
            share=to_yuan(share),
            pay=to_yuan(price - off - share),
        )
        for line, price, coupon, off, share in zip(
            basket.lines, prices, chosen, discounts, shares, strict=True
        )
    )
    return Breakdown(
        lines=lines,
        subtotal=to_yuan(sum(prices)),
        course_discount=to_yuan(sum(discounts)),
        global_coupon=global_coupon.record_id if global_coupon else None,
        global_discount=to_yuan(global_discount),
        total=to_yuan(sum(left) - global_discount),
        idle=(*_idle_on_courses(basket, prices, left), *_idle_global(basket, sum(left))),
    )


def total_of(basket: Basket) -> Decimal:
    """The total of the breakdown, in 元, without all the rest. Raises `NotMoney`."""
    left = sum(_left(line) for line in basket.lines)
    return to_yuan(left - discount(chosen_coupon(basket), left))


def _left(line: Line) -> int:
    price = price_of(line)
    return price - discount(chosen_coupon(line), price)


def choose(basket: Basket, choice: Choice) -> Basket:
    """The same basket with other choices.

    Raises `NotOffered` for a coupon that is not offered there, ValueError unless the choice has as
    many lines as the basket.
    """
    lines = tuple(
        replace(line, chosen=_offered(line, record_id))
        for line, record_id in zip(basket.lines, choice.lines, strict=True)
    )
    return replace(basket, lines=lines, chosen=_offered(basket, choice.global_coupon))


def price_of(line: Line) -> int:
    """The price of a course in fen, never below 0. Raises `NotMoney`."""
    return max(0, to_fen(line.price))


def chosen_coupon(place: Line | Basket) -> HeldCoupon | None:
    """The coupon that is chosen for a course, or site-wide; None if none of those offered."""
    return next((coupon for coupon in place.coupons if coupon.record_id == place.chosen), None)


def discount(coupon: HeldCoupon | None, base: int) -> int:
    """What a coupon takes off a base, both in fen: a course's price, or the sum left of all.

    Always within 0 and the base, whatever another program wrote into the coupon. Raises `NotMoney`.
    The rule: docs/api.md, the rules of money.
    """
    if coupon is None:
        return 0
    worth = coupon.terms.worth
    if worth.coupon_type is CouponType.DISCOUNT:
        percent = 100 if worth.off_percent is None else worth.off_percent
        off = base - percent_of(base, min(max(percent, 0), 100))
        return off if worth.max_off is None else min(off, max(to_fen(worth.max_off), 0))
    if _missing(worth, base):
        return 0
    return min(max(to_fen(worth.money_equivalent_value), 0), base)


def shortfall(coupon: HeldCoupon, base: int) -> int:
    """By how much a base misses the coupon's minimum, both in fen; 0 if it does not.

    Only 满减 has a minimum, and a base that equals it reaches it. Raises `NotMoney`.
    """
    return _missing(coupon.terms.worth, base)


def _missing(worth: Worth, base: int) -> int:
    if worth.coupon_type is not CouponType.THRESHOLD:
        return 0
    return max(0, to_fen(worth.minimum_consume) - base)


def _offered(place: Line | Basket, record_id: int | None) -> int | None:
    if record_id is not None and all(record_id != coupon.record_id for coupon in place.coupons):
        raise NotOffered(f"coupon record {record_id} is not offered here")
    return record_id


def _idle_on_courses(
    basket: Basket, prices: Sequence[int], left: Sequence[int]
) -> Iterator[IdleCoupon]:
    """Another coupon on one course only moves the sum left: no line has to be priced again."""
    global_coupon = chosen_coupon(basket)
    sum_left = sum(left)
    total = sum_left - discount(global_coupon, sum_left)
    for line, price, rest in zip(basket.lines, prices, left, strict=True):
        for coupon in line.coupons:
            off = discount(coupon, price)
            if off and coupon.record_id == line.chosen:
                continue
            swapped = sum_left - rest + price - off
            saves = total - (swapped - discount(global_coupon, swapped))
            yield _idle(coupon, line.course_id, price, off, saves)


def _idle_global(basket: Basket, sum_left: int) -> Iterator[IdleCoupon]:
    now = discount(chosen_coupon(basket), sum_left)
    for coupon in basket.coupons:
        off = discount(coupon, sum_left)
        if not off or coupon.record_id != basket.chosen:
            yield _idle(coupon, None, sum_left, off, off - now)


def _idle(coupon: HeldCoupon, course_id: int | None, base: int, off: int, saves: int) -> IdleCoupon:
    missing = shortfall(coupon, base)
    short = to_yuan(missing) if missing else None
    if short is not None:
        reason, message = Reason.BELOW_MINIMUM, f"未达到使用门槛，还差 {short} 元"
    elif not off:
        reason, message = Reason.WORTH_NOTHING, "使用此优惠券不会减少金额"
    else:
        reason, message = Reason.NOT_CHOSEN, "未选择此优惠券"
    return IdleCoupon(course_id, coupon.record_id, reason, message, short, to_yuan(saves))
