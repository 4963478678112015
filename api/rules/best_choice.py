"""The cheapest choice of coupons for a basket (docs/api.md, the rules of money).

Without a site-wide coupon the best coupon of every course is best. With one it is still best as
long as the sum left reaches the minimum, because the total never falls as the sum left rises: of a
fen more no coupon takes off more than that fen, a discount with a cap included. If the sum left is
below the minimum, some of it has to be put back, by lesser coupons or none: as little as reaches
the minimum. How little that is, `reachable_sums` finds: exactly, or, for a basket that few ever
had, nearly, and then it is known how far it can be off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from api.rules.coupons import HeldCoupon
from api.rules.money import to_yuan
from api.rules.pricing import (
    Basket,
    Choice,
    Line,
    chosen_coupon,
    discount,
    price_of,
    shortfall,
)
from api.rules.reachable_sums import Search

NOTHING = to_yuan(0)


@dataclass(frozen=True, slots=True)
class Alternative:
    """The best total, in 元, if this site-wide coupon (a record id, None for none) is chosen.

    `gap`, in 元: no such total is more than this below; 0 where it is the best.
    """

    coupon: int | None
    total: Decimal
    gap: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Best:
    """The cheapest choice. `alternatives` are none and the site-wide coupons in the order offered,
    without the one that is best.

    `gap`, in 元: no choice is more than this cheaper; 0 where none is cheaper.
    """

    choice: Choice
    alternatives: tuple[Alternative, ...]
    gap: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class _Course:
    """A price in fen; what can be taken off it, ascending from 0, and the coupon that does it."""

    price: int
    coupons: dict[int, HeldCoupon | None]

    @classmethod
    def of(cls, line: Line) -> _Course:
        """Of the coupons that do the same, the one that ends sooner."""
        price = price_of(line)
        coupons: dict[int, HeldCoupon | None] = {0: None}
        for coupon in sorted(line.coupons, key=_sooner):
            coupons.setdefault(discount(coupon, price), coupon)
        return cls(price, dict(sorted(coupons.items())))

    @property
    def most(self) -> int:
        return next(reversed(self.coupons))

    def put_backs(self) -> list[int]:
        """What each coupon, and none, takes off less than the best one, ascending from 0."""
        return [self.most - off for off in reversed(self.coupons)]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The best with a site-wide coupon: the least to put back on the courses, the total, and what
    no total with it is below, in fen. `offs`: what the courses' coupons take off, where known."""

    coupon: HeldCoupon | None
    target: int
    total: int
    bound: int
    offs: tuple[int, ...] | None = None


def best(basket: Basket) -> Best:
    """The choice with the lowest total: at most one coupon a course, at most one site-wide.

    No coupon of it, nor any set of them, could be left out without the total rising. If several
    site-wide coupons (or none) lead to the lowest total: the one that needs fewer coupons in all,
    then none, then the one that ends sooner, then the smaller record id. Where the lowest total
    cannot be found in time: the lowest found, never above that of the present choice, and its
    `gap`. Raises `NotMoney`. The rule: docs/api.md, the rules of money.
    """
    courses = [_Course.of(line) for line in basket.lines]
    plans, search = _plans(basket, courses)
    total = min(plan.total for plan in plans)
    bound = min(plan.bound for plan in plans)
    tied = _soonest(plan for plan in plans if plan.total == total)
    plan, offs = min(((plan, _discounts(plan, courses, search)) for plan in tied), key=_rank)
    choice = Choice(
        lines=tuple(
            _record_id(course.coupons[off]) for course, off in zip(courses, offs, strict=True)
        ),
        global_coupon=_record_id(plan.coupon),
    )
    return Best(
        choice=choice,
        alternatives=tuple(_alternative(other) for other in plans if other is not plan),
        gap=to_yuan(total - bound),
    )


def _plans(basket: Basket, courses: Sequence[_Course]) -> tuple[list[_Plan], Search]:
    """None, then the site-wide coupons in the order offered."""
    highest = sum(course.price for course in courses)
    lowest = highest - sum(course.most for course in courses)
    # Hundreds of records may be of one coupon: what is reckoned of one holds for all.
    alike = {coupon.worth: coupon for coupon in basket.coupons}
    targets = {worth: _target(coupon, lowest, highest) for worth, coupon in alike.items()}
    # Where time is short, it is for those that promise most.
    promising = sorted(
        (_total(coupon, lowest + targets[worth]), targets[worth])
        for worth, coupon in alike.items()
        if targets[worth]
    )
    search = Search(
        [course.put_backs() for course in courses],
        [0, *(target for _, target in promising)],
        [course.price for course in courses],
    )
    planned = {
        worth: _plan(coupon, lowest, targets[worth], search) for worth, coupon in alike.items()
    }
    plans = [_Plan(None, 0, lowest, lowest)]
    for coupon in basket.coupons:
        plan = planned[coupon.worth]
        if plan.coupon is not coupon:
            plan = _Plan(coupon, plan.target, plan.total, plan.bound)
        plans.append(plan)
    return [_or_present(plan, basket) for plan in plans], search


def _soonest(plans: Iterable[_Plan]) -> Iterable[_Plan]:
    """Of those that do the same, the one whose coupon ends sooner."""
    soonest: dict[tuple[object, ...], _Plan] = {}
    for plan in plans:
        same = (plan.coupon and plan.coupon.worth, plan.target, plan.offs)
        other = soonest.get(same)
        if other is None or _end(plan) < _end(other):
            soonest[same] = plan
    return soonest.values()


def _end(plan: _Plan) -> tuple[date, int]:
    return _sooner(plan.coupon) if plan.coupon else (date.max, 0)


def _or_present(plan: _Plan, basket: Basket) -> _Plan:
    """The present choice, if it has this site-wide coupon and is cheaper than what was found."""
    if plan.total == plan.bound or plan.coupon is not chosen_coupon(basket):
        return plan
    prices = [price_of(line) for line in basket.lines]
    offs = [
        discount(chosen_coupon(line), price)
        for line, price in zip(basket.lines, prices, strict=True)
    ]
    total = _total(plan.coupon, sum(prices) - sum(offs))
    return replace(plan, total=total, offs=tuple(offs)) if total < plan.total else plan


def _alternative(plan: _Plan) -> Alternative:
    gap = plan.total - plan.bound
    return Alternative(
        _record_id(plan.coupon), to_yuan(plan.total), to_yuan(gap) if gap else NOTHING
    )


def _target(coupon: HeldCoupon, lowest: int, highest: int) -> int:
    """What has to be put back on the courses for this coupon; 0 if that cannot pay."""
    short = shortfall(coupon, lowest)
    reachable = lowest + short <= highest
    return short if reachable and _total(coupon, lowest + short) <= lowest else 0


def _plan(coupon: HeldCoupon, lowest: int, target: int, search: Search) -> _Plan:
    if not target:  # nothing to put back, so nothing to look for
        total = _total(coupon, lowest)
        return _Plan(coupon, 0, total, total)
    total = _total(coupon, lowest + search.smallest_from(target))
    bound = min(lowest, _total(coupon, lowest + search.bound_from(target)))
    # The smallest sum that reaches the minimum may lie so far above it that it does not pay.
    if total > lowest:
        return _Plan(coupon, 0, lowest, bound)
    return _Plan(coupon, target, total, bound)


def _discounts(plan: _Plan, courses: Sequence[_Course], search: Search) -> list[int]:
    """What is taken off each course, without any coupon that could be left out.

    Leaving one out raises the sum left, and the total never falls as that rises: once a discount
    is too large to be left out, so is every larger one, and any set of them. So one pass, from the
    smallest up, is enough, and leaves out the most.
    """
    if plan.offs is None:
        amounts = search.amounts_from(plan.target)
        offs = [course.most - back for course, back in zip(courses, amounts, strict=True)]
    else:
        offs = list(plan.offs)
    left = sum(course.price for course in courses) - sum(offs)
    for i in sorted(range(len(offs)), key=offs.__getitem__):
        if _total(plan.coupon, left + offs[i]) != plan.total:
            break
        left += offs[i]
        offs[i] = 0
    return offs


def _rank(planned: tuple[_Plan, Sequence[int]]) -> tuple[int, bool, date, int]:
    plan, offs = planned
    if plan.coupon is None:
        return sum(map(bool, offs)), False, *_end(plan)
    return sum(map(bool, offs)) + 1, True, *_end(plan)


def _sooner(coupon: HeldCoupon) -> tuple[date, int]:
    return coupon.last_day or date.max, coupon.record_id


def _total(coupon: HeldCoupon | None, left: int) -> int:
    return left - discount(coupon, left)


def _record_id(coupon: HeldCoupon | None) -> int | None:
    return coupon.record_id if coupon else None
