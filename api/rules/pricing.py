"""What a settlement costs: the rules of money (README, "rules of money") and nothing else.

Pure functions over small frozen types: no database, cache, request or clock. Amounts come in and
go out as `Decimal` in 元. In between they are whole fen (`int`), so that sums are exact and
rounding can only happen where a `Decimal` becomes fen: in `to_fen`, half up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from enum import StrEnum

from api.rules.coupons import CouponType

# Its own context, so that no caller's precision or rounding can change a price.
_MONEY = Context(prec=40, rounding=ROUND_HALF_UP, traps=[InvalidOperation])
_CENT = Decimal("0.01")
_NOTHING = Decimal(0)


class NotMoney(ValueError):
    """An amount that is no amount: NaN, infinite, or too long to be counted in fen."""


class NotOffered(ValueError):
    """A choice names a coupon that is not offered in that place of the settlement."""


class Reason(StrEnum):
    """Why a coupon of the settlement is not at work."""

    NOT_CHOSEN = "not_chosen"
    BELOW_MINIMUM = "below_minimum"
    WORTH_NOTHING = "worth_nothing"


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon as it is offered, under the id of its record.

    `value` (`money_equivalent_value`) and `minimum` (`minimum_consume`) are in 元.
    `percent` (`off_percent`) is what is left to pay: 79 means 79 %. A kind ignores the fields
    that are not its own. `ends` is the last day it can be used; None, if unknown, counts as last.
    """

    record_id: int
    kind: CouponType
    value: Decimal = _NOTHING
    minimum: Decimal = _NOTHING
    percent: int = 100
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A course in the settlement: its price in 元, the coupons offered for it, the one chosen."""

    course_id: int
    price: Decimal
    coupons: tuple[Coupon, ...] = ()
    chosen: int | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """The lines in the order asked for, the site-wide coupons offered, the one chosen.

    A `chosen` that is not among the `coupons` beside it, here or in a line, counts as none.
    """

    lines: tuple[Line, ...]
    coupons: tuple[Coupon, ...] = ()
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
class Quote:
    """A settlement's breakdown, in 元: `subtotal - course_discount - global_discount == total`.

    The lines' `pay` add up to `total`. Every coupon of the settlement is either at work or in
    `idle`: those of the courses in the order of the lines, then the site-wide ones.
    """

    lines: tuple[PricedLine, ...]
    subtotal: Decimal
    course_discount: Decimal
    global_coupon: int | None
    global_discount: Decimal
    total: Decimal
    idle: tuple[IdleCoupon, ...]


def quote(settlement: Settlement) -> Quote:
    """The breakdown of the settlement with its present choices.

    Raises `NotMoney`. The rule: README, rules of money.
    """
    prices = [price_of(line) for line in settlement.lines]
    chosen = [chosen_coupon(line) for line in settlement.lines]
    discounts = [discount(coupon, price) for coupon, price in zip(chosen, prices, strict=True)]
    left = [price - off for price, off in zip(prices, discounts, strict=True)]
    global_coupon = chosen_coupon(settlement)
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
            settlement.lines, prices, chosen, discounts, shares, strict=True
        )
    )
    return Quote(
        lines=lines,
        subtotal=to_yuan(sum(prices)),
        course_discount=to_yuan(sum(discounts)),
        global_coupon=global_coupon.record_id if global_coupon else None,
        global_discount=to_yuan(global_discount),
        total=to_yuan(sum(left) - global_discount),
        idle=(*_idle_on_courses(settlement, prices, left), *_idle_global(settlement, sum(left))),
    )


def choose(settlement: Settlement, choice: Choice) -> Settlement:
    """The same settlement with other choices.

    Raises `NotOffered` for a coupon that is not offered there, ValueError unless the choice has as
    many lines as the settlement.
    """
    lines = tuple(
        replace(line, chosen=_offered(line, record_id))
        for line, record_id in zip(settlement.lines, choice.lines, strict=True)
    )
    return replace(settlement, lines=lines, chosen=_offered(settlement, choice.global_coupon))


def to_fen(yuan: Decimal) -> int:
    """元 rounded half up to whole fen. Nothing else rounds money (README, rules of money).

    Raises `NotMoney` for what cannot be counted, TypeError for a float.
    """
    try:
        return int(_MONEY.multiply(_MONEY.quantize(yuan, _CENT), 100))
    except (InvalidOperation, ValueError) as error:
        raise NotMoney(f"not an amount of money: {yuan}") from error


def to_yuan(fen: int) -> Decimal:
    """Fen as 元 with two places."""
    return _MONEY.scaleb(fen, -2)


def price_of(line: Line) -> int:
    """The price of a course in fen, never below 0. Raises `NotMoney`."""
    return max(0, to_fen(line.price))


def chosen_coupon(place: Line | Settlement) -> Coupon | None:
    """The coupon that is chosen for a course, or site-wide; None if none of those offered."""
    return next((coupon for coupon in place.coupons if coupon.record_id == place.chosen), None)


def discount(coupon: Coupon | None, base: int) -> int:
    """What a coupon takes off a base, both in fen: a course's price, or the sum left of all.

    Always within 0 and the base, whatever another program wrote into the coupon. Raises `NotMoney`.
    The rule: README, rules of money.
    """
    if coupon is None or shortfall(coupon, base):
        return 0
    if coupon.kind is CouponType.DISCOUNT:
        percent = min(max(coupon.percent, 0), 100)
        return base - to_fen(_MONEY.divide(base * percent, 10_000))
    return min(max(to_fen(coupon.value), 0), base)


def shortfall(coupon: Coupon, base: int) -> int:
    """By how much a base misses the coupon's minimum, both in fen; 0 if it does not.

    Only 满减 has a minimum, and a base that equals it reaches it. Raises `NotMoney`.
    """
    return max(0, to_fen(coupon.minimum) - base) if coupon.kind is CouponType.THRESHOLD else 0


def divide(amount: int, weights: Sequence[int]) -> list[int]:
    """The parts of an amount of fen in proportion to the weights, by largest remainder.

    They add up to the amount and, if that is at most the sum of the weights, none is larger
    than its weight. Equal remainders: the earlier one first. The rule: README, rules of money.
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % whole))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def _offered(place: Line | Settlement, record_id: int | None) -> int | None:
    if record_id is not None and all(record_id != coupon.record_id for coupon in place.coupons):
        raise NotOffered(f"coupon record {record_id} is not offered here")
    return record_id


def _idle_on_courses(
    settlement: Settlement, prices: Sequence[int], left: Sequence[int]
) -> Iterator[IdleCoupon]:
    """Another coupon on one course only moves the sum left: no line has to be priced again."""
    global_coupon = chosen_coupon(settlement)
    sum_left = sum(left)
    total = sum_left - discount(global_coupon, sum_left)
    for line, price, rest in zip(settlement.lines, prices, left, strict=True):
        for coupon in line.coupons:
            off = discount(coupon, price)
            if off and coupon.record_id == line.chosen:
                continue
            swapped = sum_left - rest + price - off
            saves = total - (swapped - discount(global_coupon, swapped))
            yield _idle(coupon, line.course_id, price, off, saves)


def _idle_global(settlement: Settlement, sum_left: int) -> Iterator[IdleCoupon]:
    now = discount(chosen_coupon(settlement), sum_left)
    for coupon in settlement.coupons:
        off = discount(coupon, sum_left)
        if not off or coupon.record_id != settlement.chosen:
            yield _idle(coupon, None, sum_left, off, off - now)


def _idle(coupon: Coupon, course_id: int | None, base: int, off: int, saves: int) -> IdleCoupon:
    missing = shortfall(coupon, base)
    short = to_yuan(missing) if missing else None
    if short is not None:
        reason, message = Reason.BELOW_MINIMUM, f"未达到使用门槛，还差 {short} 元"
    elif not off:
        reason, message = Reason.WORTH_NOTHING, "使用此优惠券不会减少金额"
    else:
        reason, message = Reason.NOT_CHOSEN, "未选择此优惠券"
    return IdleCoupon(course_id, coupon.record_id, reason, message, short, to_yuan(saves))
