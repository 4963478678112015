"""The courses that bring the total down when they are put beside a basket (contract §11).

Another course only adds to the sum left, and of all coupons only 满减 lets the total fall as that
rises: where the sum reaches a minimum. So for each such minimum that the lowest sum left misses, a
course helps that fills the gap: by itself, if it costs as much or more, or together with what is
put back on the courses of the basket by lesser coupons or none, as in `best_choice`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from api.rules import best_choice
from api.rules.coupons import CouponType, HeldCoupon
from api.rules.filling_sums import smallest_sums
from api.rules.money import to_fen, to_yuan
from api.rules.pricing import Basket, Line, breakdown, choose, discount, price_of

MOST = 10
# How many courses are looked at together: in most shops the first few are enough.
_FIRST, _TIMES = 32, 8


@dataclass(frozen=True, slots=True)
class TopUp:
    """A course, the best total with it, and what that is below the best total without, in 元."""

    course_id: int
    total: Decimal
    saves: Decimal


class _Goal(NamedTuple):
    """A site-wide 满减: no total with it is below `bound`. In fen."""

    bound: int
    minimum: int
    value: int


# What a course would add to the sum left, in fen, with one of its coupons or none; and its id.
_Entry = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Open:
    """What can be brought down, in fen: the best `total`, the `lowest` sum left, what can be put
    back on each course, and the minimums that are missed, the most promising first."""

    total: int
    lowest: int
    put_backs: Sequence[Sequence[int]]
    goals: Sequence[_Goal]

    @property
    def most_back(self) -> int:
        """What can be put back on all courses together."""
        return sum(backs[-1] for backs in self.put_backs)

    @property
    def useful(self) -> range:
        """What a course has to add to help with one of the goals at all."""
        least = min(goal.minimum for goal in self.goals) - self.lowest - self.most_back
        most = self.total + max(goal.value for goal in self.goals) - self.lowest
        return range(least, most)


def open_of(basket: Basket) -> Open | None:
    """None if no course whatever could bring the total down. Raises `NotMoney`."""
    put_backs = [_put_backs(line) for line in basket.lines]
    lowest = sum(map(price_of, basket.lines)) - sum(backs[-1] for backs in put_backs)
    total = to_fen(breakdown(choose(basket, best_choice.best(basket).choice)).total)
    goals = [goal for goal in _goals(basket, lowest) if goal.bound < total]
    return Open(total, lowest, put_backs, sorted(goals)) if goals else None


def top_ups(
    opened: Open, prices: Iterable[tuple[int, int]], coupons: Mapping[int, Sequence[HeldCoupon]]
) -> list[TopUp]:
    """The courses that bring the total down, at most MOST: what saves most first, then by id.

    `prices`: the id of each course and its price in fen; `coupons`: those that can be used on them,
    by course. Each total is that of the best choice for the basket with the course in it.
    """
    useful = opened.useful
    entries = sorted(entry for entry in _entries(prices, coupons) if entry[0] in useful)
    top = _Top(opened.total)
    for goal in opened.goals:
        if top.is_beyond(goal.bound, 0):
            break
        gap = goal.minimum - opened.lowest
        enough = bisect_left(entries, (gap, 0))
        _alone(goal, opened, entries[enough:], top)
        little = bisect_left(entries, (gap - opened.most_back, 0))
        _together(goal, opened, entries[little:enough], top)
    return [
        TopUp(course_id, to_yuan(total), to_yuan(opened.total - total))
        for total, course_id in top.best
    ]


def _put_backs(line: Line) -> list[int]:
    """What each coupon, and none, takes off less than the best one, ascending from 0."""
    price = price_of(line)
    offs = {0, *(discount(coupon, price) for coupon in line.coupons)}
    return sorted(max(offs) - off for off in offs)


def _goals(basket: Basket, lowest: int) -> Iterator[_Goal]:
    """Of several with one minimum, the one that takes most off."""
    values: dict[int, int] = {}
    for coupon in basket.coupons:
        worth = coupon.worth
        if worth.coupon_type is CouponType.THRESHOLD:
            minimum, value = to_fen(worth.minimum_consume), to_fen(worth.money_equivalent_value)
            values[minimum] = max(value, values.get(minimum, 0))
    for minimum, value in values.items():
        if minimum > lowest:
            yield _Goal(max(minimum - value, 0), minimum, value)


def _entries(
    prices: Iterable[tuple[int, int]], coupons: Mapping[int, Sequence[HeldCoupon]]
) -> Iterator[_Entry]:
    for course_id, price in prices:
        yield price, course_id
        if course_id in coupons:
            for off in {discount(coupon, price) for coupon in coupons[course_id]} - {0}:
                yield price - off, course_id


class _Top:
    """The best courses so far: totals with their ids, ascending, all below a limit."""

    def __init__(self, limit: int) -> None:
        self.best: list[tuple[int, int]] = []
        self._limit = limit

    def is_beyond(self, total: int, course_id: int) -> bool:
        """Whether such a total would not be among the best any more."""
        if total >= self._limit:
            return True
        return len(self.best) == MOST and (total, course_id) > self.best[-1]

    def offer(self, total: int, course_id: int) -> None:
        if self.is_beyond(total, course_id):
            return
        for known in self.best:
            if known[1] == course_id:
                if known[0] <= total:
                    return
                self.best.remove(known)
                break
        insort(self.best, (total, course_id))
        del self.best[MOST:]


def _alone(goal: _Goal, opened: Open, entries: Iterable[_Entry], top: _Top) -> None:
    """Those that fill the gap by themselves, the cheapest first: the total rises with what they
    add, once it is above 0."""
    for adds, course_id in entries:
        total = max(opened.lowest + adds - goal.value, 0)
        if top.is_beyond(total, 0):
            break
        top.offer(total, course_id)


def _together(goal: _Goal, opened: Open, entries: Sequence[_Entry], top: _Top) -> None:
    """Those that fill the gap together with the smallest sum put back that does. Where that fills
    it exactly, there is nothing better, so they are looked at by their ids."""
    by_id = sorted(entries, key=itemgetter(1))
    for some in _portions(by_id):
        if top.is_beyond(goal.bound, some[0][1]):
            return
        short = [goal.minimum - opened.lowest - adds for adds, _ in some]
        backs = smallest_sums(opened.put_backs, short)
        for (adds, course_id), back in zip(some, backs, strict=True):
            top.offer(max(opened.lowest + adds + back - goal.value, 0), course_id)


def _portions(entries: Sequence[_Entry]) -> Iterator[Sequence[_Entry]]:
    """Small ones first, then larger ones."""
    at, size = 0, _FIRST
    while at < len(entries):
        yield entries[at : at + size]
        at, size = at + size, size * _TIMES
