"""Baskets for the rules of money, in a line each."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from api.rules import best_choice
from api.rules.best_choice import Alternative
from api.rules.coupons import CouponType, HeldCoupon, Terms, Window, Worth
from api.rules.pricing import Basket, Breakdown, Choice, breakdown, choose


def held(
    record_id: int,
    kind: CouponType,
    value: Decimal = Decimal(0),
    minimum: Decimal = Decimal(0),
    percent: int | None = None,
    ends: date | None = None,
    most: Decimal | None = None,
) -> HeldCoupon:
    window = None if ends is None else Window(date.min, ends)
    return HeldCoupon(record_id, Terms(Worth(kind, value, minimum, percent, most)), window)


class Taken(NamedTuple):
    """The best choice, and what comes of taking it."""

    choice: Choice
    alternatives: tuple[Alternative, ...]
    basket: Basket
    breakdown: Breakdown
    saves: Decimal
    gap: Decimal


def best(basket: Basket) -> Taken:
    found = best_choice.best(basket)
    chosen = choose(basket, found.choice)
    priced = breakdown(chosen)
    saves = breakdown(basket).total - priced.total
    return Taken(found.choice, found.alternatives, chosen, priced, saves, found.gap)
