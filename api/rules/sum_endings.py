"""Which sums can be ruled out by what is left of them when they are divided.

Where nearly all amounts are nearly multiples of one step (percentages of one price are, to half a
fen), so are the sums: what they have beyond a multiple of the step, their *ending*, can only be one
of few numbers. That proves of a sum found that nothing lies between it and the target.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import gcd

from api.rules.sum_clusters import clusters_of, first_in

# How many steps are tried, and how much work each may be: bits shifted, a tenth of a second for
# all together.
_STEPS = 8
_MOST_BITS = 60_000_000
# Percentages: their step is a hundredth of the price.
_PARTS = 100


@dataclass(frozen=True, slots=True)
class _Endings:
    """Every sum, times `times`, is a multiple of `step` and one of the endings: bit i stands for
    `base + i`."""

    times: int
    step: int
    base: int
    bits: int

    def first_from(self, target: int) -> int:
        """The smallest number, from the target up, that has such an ending."""
        least = target * self.times
        # An ending is less than the step: none of a multiple before reaches the target.
        for start in itertools.count(least - least % self.step + self.base, self.step):
            first = max(least, start)
            first += -first % self.times
            above = (self.bits >> (first - start)) & self._every_one()
            if above:
                return (first + (above & -above).bit_length() - 1) // self.times
        raise AssertionError("the steps never end")

    def _every_one(self) -> int:
        """A bit for each whole number of `times`."""
        if self.times == 1:
            return -1
        count = self.bits.bit_length() // self.times + 1
        return ((1 << count * self.times) - 1) // ((1 << self.times) - 1)


def lower_bounds(
    lists: Sequence[Sequence[int]], prices: Iterable[int], targets: Iterable[int]
) -> dict[int, int]:
    """For each target, a number that the sums from it up are not below: never below the target.

    `lists`: see `reachable_sums`. `prices`: those of which the amounts may be percentages.
    """
    endings = list(filter(None, (_endings(lists, *step) for step in _steps(lists, prices))))
    clusters = clusters_of(lists)
    return {
        target: max(
            target,
            first_in(clusters, target),
            *(each.first_from(target) for each in endings),
        )
        for target in targets
    }


def _steps(lists: Sequence[Sequence[int]], prices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The steps worth trying, with what sums are multiplied by before: what most lists have in
    common, and hundredths of the prices most met with."""
    common = Counter(gcd(*amounts) for amounts in lists)
    shared: Counter[int] = Counter()
    for (one, many), (other, more) in itertools.combinations_with_replacement(
        common.most_common(4 * _STEPS), 2
    ):
        shared[gcd(one, other)] += many + more
    ranked = sorted(shared, key=lambda step: (-shared[step] * step.bit_length(), step))
    apart = Counter(more - less for amounts in lists for less, more in itertools.pairwise(amounts))
    likely = dict.fromkeys([*ranked[:_STEPS], *(step for step, _ in apart.most_common(_STEPS))])
    yield from ((1, step) for step in likely if step > 1)
    for price, _ in Counter(prices).most_common(_STEPS // 2):
        if price > _PARTS:
            yield 1, round(price / _PARTS)
            yield _PARTS, price


def _endings(lists: Sequence[Sequence[int]], times: int, step: int) -> _Endings | None:
    """None, if that is too much work, or if nothing is ruled out."""
    base, bits, work = 0, 1, 0
    beyond = sorted((_beyond(amounts, times, step) for amounts in lists), key=_width)
    for ends in beyond:
        lowest = min(ends)
        shifted = sorted({end - lowest for end in ends})
        work += (bits.bit_length() + shifted[-1]) * (len(shifted) - 1)
        if work > _MOST_BITS:
            return None
        base += lowest
        bits = _any(bits << shift for shift in shifted)
        if bits.bit_length() > step:
            bits = _folded(bits, step)
            if bits == (1 << step) - 1 and times == 1:
                return None
    return _Endings(times, step, base, bits)


def _beyond(amounts: Sequence[int], times: int, step: int) -> set[int]:
    """What each amount is more, or less, than the nearest multiple of the step."""
    half = step // 2
    return {(amount * times + half) % step - half for amount in amounts}


def _width(ends: set[int]) -> int:
    return max(ends) - min(ends)


def _any(numbers: Iterable[int]) -> int:
    bits = 0
    for number in numbers:
        bits |= number
    return bits


def _folded(bits: int, step: int) -> int:
    """Endings a whole step apart are the same."""
    low = (1 << step) - 1
    folded = 0
    while bits:
        folded |= bits & low
        bits >>= step
    return folded
