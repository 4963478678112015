"""Which sums can be reached by taking one amount out of each of several lists.

Counts combinations by their sums, never one by one: the reachable sums of the first few lists are
the bits of one large integer (a *layer*), and a further list adds shifted copies of it.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import gcd

# What all layers together may hold: 100 lists of amounts up to 100,000 need about 500 million bits
# at the very worst (64 MB, 0.4 s); a settlement with real coupons, a few million.
MOST_BITS = 600_000_000
# After so many lists it pays to look whether a target is already met exactly.
_LOOK_AFTER = frozenset({0, 8, 16, 32, 64})
# Round amounts are multiples of this: in fen, whole 元. Only the speed depends on it.
_ROUND = 100


class TooLargeToSearch(ValueError):
    """The amounts are so large that an exact answer would take too much memory and time."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """The reachable sums from `base` up: bit i stands for `base + i`."""

    base: int
    bits: int

    def __contains__(self, total: int) -> bool:
        return total >= self.base and bool(self.bits >> (total - self.base) & 1)

    def first_from(self, total: int) -> int:
        above = self.bits >> (total - self.base)
        return total + (above & -above).bit_length() - 1

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

    `lists`: each with distinct whole amounts, ascending from 0. `targets`: from 0 up to the sum
    of the largest amounts. Raises `TooLargeToSearch`. The same arguments, the same answer.
    """

    def __init__(self, lists: Sequence[Sequence[int]], targets: Collection[int]) -> None:
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
        wanted = {self._in_units(target) for target in targets}
        # Near either end of the range few sums matter, so the two ends are searched apart.
        middle = self._most[-1] // 2
        self._search({target for target in wanted if target <= middle})
        self._search({target for target in wanted if target > middle})

    def smallest_from(self, target: int) -> int:
        """The smallest reachable sum that is not below one of the targets."""
        hit = self._hits[self._in_units(target)]
        return (hit.total + sum(hit.taken)) * self._unit

    def amounts_from(self, target: int) -> tuple[int, ...]:
        """The amounts that make up that sum, one out of each list."""
        hit = self._hits[self._in_units(target)]
        taken, rest = list(hit.taken), hit.total
        for i in reversed(range(len(hit.layers) - 1)):
            taken.append(next(a for a in self._lists[i] if rest - a in hit.layers[i]))
            rest -= taken[-1]
        by_list = dict(zip(reversed(self._order), taken, strict=True))
        return tuple(by_list[i] * self._unit for i in range(len(by_list)))

    def _in_units(self, target: int) -> int:
        return -(-target // self._unit)

    def _search(self, targets: set[int]) -> None:
        layers, kept = [_Layer(0, 1)], 0
        for count, amounts in enumerate(self._lists, 1):
            if count - 1 in _LOOK_AFTER:
                targets = self._not_met_exactly(targets, layers)
            if not targets:
                return
            # What the lists to come can still add bounds the sums that matter from below; from
            # above, the largest step: adding list after list, no gap is wider.
            low = max(0, min(targets) - (self._most[-1] - self._most[count]))
            high = min(self._most[count], max(targets) + self._largest)
            kept += high - low + 1
            if kept > MOST_BITS:
                raise TooLargeToSearch(f"more than {MOST_BITS} sums to look at")
            layers.append(layers[-1].grown(amounts, low, high))
        for target in targets:
            self._hits[target] = _Hit(layers, layers[-1].first_from(target))

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
