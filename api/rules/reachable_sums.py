"""Which sums can be reached by taking one amount out of each of several lists.

Counts combinations by their sums, never one by one: the reachable sums of the first few lists are
the bits of one large integer (a *layer*), and a further list adds shifted copies of it. Where that
would take too long, `closest_sums` goes on.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import gcd

from api.rules.closest_sums import Closest, closest
from api.rules.sum_clusters import Span

# How many bits may be shifted in all layers together: half a second. A settlement with real coupons
# needs some millions. It is counted, not timed, so that the same basket has the same answer.
MOST_WORK = 600_000_000
# After so many lists it pays to look whether a target is already met exactly.
_LOOK_AFTER = (0, 8, 16, 32, 64)
# Round amounts are multiples of this: in fen, whole 元. Only the speed depends on it.
_ROUND = 100


@dataclass(frozen=True)
class _Layer:
    """The reachable sums from `base` up: bit i stands for `base + i`."""

    base: int
    bits: int

    def __contains__(self, total: int) -> bool:
        octet, bit = divmod(total - self.base, 8)
        return 0 <= octet < len(self._octets) and bool(self._octets[octet] >> bit & 1)

    @cached_property
    def _octets(self) -> bytes:
        """The bits once more: of an integer, looking at one costs as much as looking at all."""
        return self.bits.to_bytes(-(-self.bits.bit_length() // 8), "little")

    def first_from(self, total: int) -> int | None:
        above = self.bits >> (total - self.base)
        return total + (above & -above).bit_length() - 1 if above else None

    def grown(self, amounts: Sequence[int], low: int, high: int) -> _Layer:
        """Adds a list; keeps only the sums from low to high."""
        bits = self.bits
        for amount in amounts[1:]:
            bits |= self.bits << amount
        base = max(self.base, low)
        bits >>= base - self.base
        if bits.bit_length() > high - base + 1:
            bits &= (1 << (high - base + 1)) - 1
        return _Layer(base, bits)


@dataclass(frozen=True, slots=True)
class _Hit:
    """A sum in the last of some layers, and what was taken before out of the lists that follow.

    `taken` begins with the last list.
    """

    layers: Sequence[_Layer]
    total: int
    taken: tuple[int, ...] = ()


class Search:
    """For each target, the smallest reachable sum that is not below it, and what makes it up.

    `lists`: each with distinct whole amounts, ascending from 0. `targets`: from 0 up to the sum of
    the largest amounts, those that matter most first. `prices`: those of which amounts may be
    percentages, as they so often are. Where there is not time enough to find the smallest sum, a
    small one, and what no reachable sum is below (`bound_from`). The same arguments, the same
    answer.
    """

    def __init__(
        self, lists: Sequence[Sequence[int]], targets: Iterable[int], prices: Iterable[int] = ()
    ) -> None:
        # Odd amounts first, so that a few of them among round ones are soon dealt with; then small
        # ones, which keep the layers short. A unit common to all makes them shorter still.
        self._order = sorted(range(len(lists)), key=lambda i: (_all_round(lists[i]), lists[i][-1]))
        self._unit = gcd(*(amount for amounts in lists for amount in amounts)) or 1
        self._lists = [[amount // self._unit for amount in lists[i]] for i in self._order]
        self._most = list(itertools.accumulate((amounts[-1] for amounts in self._lists), initial=0))
        self._largest = max((amounts[-1] for amounts in self._lists), default=0)
        self._endings = {0}
        for amounts in self._lists:
            self._endings = {(end + a) % _ROUND for end in self._endings for a in amounts}
        self._hits: dict[int, _Hit] = {}
        self._closest: dict[int, Closest] = {}
        wanted = dict.fromkeys(self._in_units(target) for target in targets)
        # Near either end of the range few sums matter, so the two ends are searched apart.
        middle = self._most[-1] // 2
        self._search({target for target in wanted if target <= middle})
        self._search({target for target in wanted if target > middle})
        left = [target for target in wanted if target not in self._hits]
        if left:
            self._search_closely(left, lists, prices)

    def smallest_from(self, target: int) -> int:
        """The smallest sum found that is not below one of the targets."""
        units = self._in_units(target)
        if units in self._hits:
            hit = self._hits[units]
            return (hit.total + sum(hit.taken)) * self._unit
        return self._closest[units].found.total

    def bound_from(self, target: int) -> int:
        """What no reachable sum from this target up is below: `smallest_from`, where that is the
        smallest."""
        units = self._in_units(target)
        return self.smallest_from(target) if units in self._hits else self._closest[units].bound

    def amounts_from(self, target: int) -> tuple[int, ...]:
        """The amounts that make up that sum, one out of each list."""
        units = self._in_units(target)
        if units not in self._hits:
            return self._closest[units].found.amounts
        by_list = dict(zip(reversed(self._order), self._taken(self._hits[units]), strict=True))
        return tuple(by_list[i] * self._unit for i in range(len(by_list)))

    def _in_units(self, target: int) -> int:
        return -(-target // self._unit)

    def _taken(self, hit: _Hit) -> list[int]:
        """The amounts that make up a sum, out of the last list first."""
        taken, rest = list(hit.taken), hit.total
        for i in reversed(range(len(hit.layers) - 1)):
            taken.append(next(a for a in self._lists[i] if rest - a in hit.layers[i]))
            rest -= taken[-1]
        return taken

    def _search(self, targets: set[int]) -> None:
        """Settles those that are met exactly by few lists, and the others if all can be looked at
        in time."""
        layers, work = [_Layer(0, 1)], 0
        for looked, until in itertools.pairwise((*_LOOK_AFTER, len(self._lists))):
            if looked >= len(self._lists):
                break
            targets = self._not_met_exactly(targets, layers)
            if not targets:
                return
            span = Span(min(targets), max(targets) + self._largest)
            until = min(until, len(self._lists))
            work += self._work(span, looked, until)
            if work > MOST_WORK:
                return
            self._grow(layers, span, until)
        for target in targets:
            self._settle(target, layers)

    def _settle(self, target: int, layers: Sequence[_Layer]) -> None:
        total = layers[-1].first_from(target)
        if total is not None:
            self._hits[target] = _Hit(layers, total)

    def _search_closely(
        self, targets: Sequence[int], lists: Sequence[Sequence[int]], prices: Iterable[int]
    ) -> None:
        """For those that are left. Knowing one sum narrows which others matter: so now it may be
        that all can be looked at in time."""
        unit, count, work = self._unit, len(self._lists), 0
        found = closest(lists, [target * unit for target in targets], prices)
        for target in targets:
            near = found[target * unit]
            self._closest[target] = replace(near, bound=self._in_units(near.bound) * unit)
            span = Span(target, near.found.total // unit - 1)
            narrow = self._work(span, 0, count)
            if self._closest[target].bound < near.found.total and work + narrow <= MOST_WORK:
                work += narrow
                layers = [_Layer(0, 1)]
                self._grow(layers, span, count)
                self._closest[target] = replace(near, bound=near.found.total)
                self._settle(target, layers)

    def _spans(self, span: Span, first: int, end: int) -> Iterator[Span]:
        """Which sums matter after each of these lists, if these matter in the end.

        What the lists to come can still add bounds them from below; from above, the largest step:
        adding list after list, no gap is wider.
        """
        for most in self._most[first + 1 : end + 1]:
            yield Span(max(0, span.low - (self._most[-1] - most)), min(most, span.high))

    def _work(self, span: Span, first: int, end: int) -> int:
        return sum(
            (each.high - each.low + 1) * (len(amounts) - 1)
            for each, amounts in zip(
                self._spans(span, first, end), self._lists[first:end], strict=True
            )
        )

    def _grow(self, layers: list[_Layer], span: Span, end: int) -> None:
        """Adds the next lists to the layers, up to this one."""
        first = len(layers) - 1
        for each, amounts in zip(
            self._spans(span, first, end), self._lists[first:end], strict=True
        ):
            layers.append(layers[-1].grown(amounts, each.low, each.high))

    def _not_met_exactly(self, targets: set[int], layers: Sequence[_Layer]) -> set[int]:
        """Settles the targets that are met exactly, as nothing can be better; gives the others.

        Exactly: by the first number from the target up whose ending any sum can have. Out of the
        lists to come, last first, take as much as leaves the middle of the layer to be reached:
        nearly every sum with such an ending is there.
        """
        count = len(layers) - 1
        for target in targets:
            rest = next(n for n in itertools.count(target) if n % _ROUND in self._endings)
            taken = []
            for amounts in reversed(self._lists[count:]):
                spare = max(0, rest - self._most[count] // 2)
                taken.append(amounts[bisect_right(amounts, spare) - 1])
                rest -= taken[-1]
            if rest in layers[-1]:
                self._hits[target] = _Hit(tuple(layers), rest, tuple(taken))
        return targets - self._hits.keys()


def _all_round(amounts: Sequence[int]) -> bool:
    return all(amount % _ROUND == 0 for amount in amounts)
