"""Small sums from a target up, where there are too many to look at them all, and how small the
smallest can be at best.

Where there are that many sums, nearly every number is one of them, unless something rules it out:
so a number that `sum_endings` does not rule out is looked for in a few places, by `sum_halves`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.rules.sum_clusters import Span
from api.rules.sum_endings import lower_bounds
from api.rules.sum_halves import Halves, Sum, first_sum

# In how many orders the lists are tried, each with how many sums in a half, and how many
# made for them. In the first ones only
# the bound itself is looked for, which takes a tenth of the time.
_ORDERS, _QUICK, _FEW, _FOR_A_TURN = 6, 3, 10_000, 200_000
# Which shares of what the halves can add are left to them.
_SHARES = (0.5, 0.35, 0.65)
# How many sums a half may have where all lists are to be in one of the two; how many may be made
# and looked at for all targets together.
_MANY, _MOST_WORK = 80_000, 2_000_000


@dataclass(frozen=True, slots=True)
class Closest:
    """A sum from the target up, and what no such sum is below: its total, if it is the smallest."""

    found: Sum
    bound: int

    @property
    def is_smallest(self) -> bool:
        return self.found.total == self.bound


def closest(
    lists: Sequence[Sequence[int]], targets: Sequence[int], prices: Iterable[int]
) -> dict[int, Closest]:
    """For each target the smallest sum found and its bound. The arguments: see `Search`."""
    near = {
        target: Closest(first_sum(lists, target), bound)
        for target, bound in lower_bounds(lists, prices, targets).items()
    }
    work = _look_around(lists, near)
    for target in targets:
        if not near[target].is_smallest and work < _MOST_WORK:
            work += _look_at_all(lists, target, near, _MOST_WORK - work)
    return near


def _look_around(lists: Sequence[Sequence[int]], near: dict[int, Closest]) -> int:
    """Looks for the bounds, and where they are not met for something near. Gives its work."""
    work = 0
    in_order = _in_order(lists)
    for turn in range(_ORDERS):
        missing = [target for target, closest in near.items() if not closest.is_smallest]
        if not missing or work > _MOST_WORK:
            break
        start = turn * len(lists) // _ORDERS
        span = Span(min(missing), max(near[target].found.total for target in missing))
        halves = Halves(
            lists, in_order[start:] + in_order[:start], span, limit=_FEW, most_work=_FOR_A_TURN
        )
        work += halves.work
        for target in missing:
            if work > _MOST_WORK:
                break
            near[target] = _met(halves, target, near[target])
            work += halves.size // 10 * len(_SHARES)
            if turn >= _QUICK or halves.whole:
                near[target] = _nearer(halves, target, near[target])
                work += halves.size * 2
    return work


def _met(halves: Halves, target: int, known: Closest) -> Closest:
    """The bound itself, if it is found."""
    for share in _SHARES:
        met = halves.exactly(known.bound, halves.leaving(target, share))
        if met:
            return Closest(met, met.total)
    return known


def _nearer(halves: Halves, target: int, known: Closest) -> Closest:
    """The smallest sum there is with these halves."""
    if known.is_smallest:
        return known
    found = known.found
    for fixed in (halves.leaving(target, _SHARES[0]), halves.as_in(found)):
        found = _smaller(found, halves.smallest_from(target, fixed))
    return Closest(found, found.total if halves.whole else known.bound)


def _look_at_all(
    lists: Sequence[Sequence[int]], target: int, near: dict[int, Closest], most_work: int
) -> int:
    """Finds the smallest sum of all, if the lists fit into two halves; something near otherwise.
    Gives its work."""
    span = Span(target, near[target].found.total)
    halves = Halves(lists, _in_order(lists), span, limit=_MANY, most_work=most_work)
    near[target] = _nearer(halves, target, near[target])
    return halves.work + 2 * halves.size


def _in_order(lists: Sequence[Sequence[int]]) -> list[int]:
    """Like lists together: their sums are fewest."""
    return sorted(range(len(lists)), key=lambda i: tuple(lists[i]))


def _smaller(known: Sum, other: Sum | None) -> Sum:
    return other if other and other.total < known.total else known
