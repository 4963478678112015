"""A small sum from a target up, found by meeting in the middle.

The sums of some lists, and those of others, are two sets; whether two of them add up to a number is
soon seen. What the lists left over add is fixed beforehand, in several ways. Where no list is left
over, no combination is, and the smallest sum found is the smallest there is.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from api.rules.sum_clusters import Span

# Beyond any sum.
_FAR = 1 << 200


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum, and what makes it up: an amount out of each list, in their order."""

    total: int
    amounts: tuple[int, ...]


@dataclass(slots=True)
class _Half:
    """The sums of some of the lists; `before[i]` are those without the list `places[i]` and the
    ones after it."""

    places: list[int] = field(default_factory=list)
    before: list[set[int]] = field(default_factory=list)
    sums: set[int] = field(default_factory=lambda: {0})
    most: int = 0

    def with_list(self, amounts: Sequence[int], least: int, high: int) -> set[int]:
        sums: set[int] = set()
        for amount in amounts:
            sums.update([total + amount for total in self.sums])
        return {total for total in sums if least <= total <= high}

    def made_up(self, total: int, lists: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
        """Places, and the amounts taken there."""
        for place, before in zip(reversed(self.places), reversed(self.before), strict=True):
            amount = next(a for a in lists[place] if total - a in before)
            yield place, amount
            total -= amount


class Halves:
    """Two sets of sums, out of lists taken from both ends of the order, and the lists left over.

    Neither set grows beyond `limit` sums, nor any further once `most_work` have been made, which
    `work` counts.
    """

    def __init__(
        self,
        lists: Sequence[Sequence[int]],
        order: Sequence[int],
        span: Span,
        *,
        limit: int,
        most_work: int,
    ) -> None:
        self._lists = lists
        self._most = sum(amounts[-1] for amounts in lists)
        self._halves = (_Half(), _Half())
        self.rest = list(order)
        self.work = 0
        while self.rest and self._grow(span, limit, most_work):
            pass
        self._largest_first = sorted(self.rest, key=lambda place: -lists[place][-1])
        self._sorted = [sorted(half.sums) for half in self._halves]

    @property
    def whole(self) -> bool:
        """Whether no list is left over."""
        return not self.rest

    @property
    def size(self) -> int:
        """How many sums both sets have together."""
        return sum(map(len, self._sorted))

    def _grow(self, span: Span, limit: int, most_work: int) -> bool:
        first, last = self._halves
        half, at = (first, 0) if len(first.sums) <= len(last.sums) else (last, -1)
        amounts = self._lists[self.rest[at]]
        made = len(half.sums) * len(amounts)
        if made > 4 * limit or self.work + made > most_work:
            return False
        self.work += made
        # What all other lists can still add bounds from below the sums that matter.
        others = self._most - half.most - amounts[-1]
        sums = half.with_list(amounts, span.low - others, span.high)
        if len(sums) > limit:
            return False
        half.before.append(half.sums)
        half.places.append(self.rest.pop(at))
        half.sums, half.most = sums, half.most + amounts[-1]
        return True

    def exactly(self, total: int, fixed: Mapping[int, int]) -> Sum | None:
        """This very sum, if it is met with these amounts for the lists left over."""
        rest = total - sum(fixed.values())
        smaller, larger = sorted(self._halves, key=lambda half: len(half.sums))
        for one in smaller.sums:
            if rest - one in larger.sums:
                parts = {id(smaller): one, id(larger): rest - one}
                return self._sum(fixed, *(parts[id(half)] for half in self._halves))
        return None

    def smallest_from(self, target: int, fixed: Mapping[int, int]) -> Sum | None:
        """The smallest sum from the target up that is met with these amounts for the others."""
        rest = target - sum(fixed.values())
        ones, others = self._sorted
        best, parts = _FAR, (0, 0)
        descending = itertools.chain(reversed(others), itertools.repeat(-_FAR))
        above, other = _FAR, next(descending)
        for one in ones:
            missing = rest - one
            while other >= missing:
                above, other = other, next(descending)
            if above - missing < best:
                best, parts = above - missing, (one, above)
                if not best:
                    break
        return self._sum(fixed, *parts) if best < _FAR >> 1 else None

    def as_in(self, known: Sum) -> dict[int, int]:
        """For the lists left over, the amounts that another sum has."""
        return {place: known.amounts[place] for place in self.rest}

    def leaving(self, target: int, share: float) -> dict[int, int]:
        """Amounts for the lists left over, the largest first, so that about this share of what the
        halves can add is left to them to reach the target."""
        spare = target - int(share * sum(half.most for half in self._halves))
        return greedily(self._lists, self._largest_first, spare)

    def _sum(self, fixed: Mapping[int, int], *parts: int) -> Sum:
        amounts = dict(fixed)
        for half, part in zip(self._halves, parts, strict=True):
            amounts.update(half.made_up(part, self._lists))
        return Sum(sum(amounts.values()), tuple(amounts[i] for i in range(len(self._lists))))


def greedily(lists: Sequence[Sequence[int]], places: Iterable[int], most: int) -> dict[int, int]:
    """Of each of these lists in turn, the largest amount within what is left."""
    taken = {}
    for place in places:
        amounts = lists[place]
        taken[place] = amounts[bisect_right(amounts, max(0, most)) - 1]
        most -= taken[place]
    return taken


def first_sum(lists: Sequence[Sequence[int]], target: int) -> Sum:
    """Some sum from the target up, not far above it."""
    order = sorted(range(len(lists)), key=lambda i: -lists[i][-1])
    taken = greedily(lists, order, target)
    missing = target - sum(taken.values())
    for place in sorted(order, key=lambda i: lists[i][-1]):
        if missing <= 0:
            break
        amounts = lists[place]
        more = amounts[min(bisect_left(amounts, taken[place] + missing), len(amounts) - 1)]
        missing -= more - taken[place]
        taken[place] = more
    return Sum(sum(taken.values()), tuple(taken[i] for i in range(len(lists))))
