"""In which spans the sums can lie at all, if one amount is taken out of each of several lists.

Where the amounts are either small or large, so are the sums of them: they gather in clusters, with
nothing in between.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from heapq import nlargest
from itertools import accumulate, pairwise
from typing import NamedTuple

# How many spans are told apart, of the sums and of each list's amounts: the others are joined.
_SPANS, _OF_A_LIST = 64, 5


class Span(NamedTuple):
    """Whole numbers, first and last included."""

    low: int
    high: int


def clusters_of(lists: Iterable[Sequence[int]]) -> list[Span]:
    """Spans apart from one another, ascending, outside of which there is no sum."""
    spans = [(0, 0)]
    for amounts in lists:
        steps = _joined([(amount, amount) for amount in amounts], _OF_A_LIST)
        spans = _joined(
            sorted([(low + a, high + b) for a, b in steps for low, high in spans]), _SPANS
        )
    return [Span(*span) for span in spans]


def first_in(spans: Sequence[Span], target: int) -> int:
    """The first number of the spans, from the target up; the last of all, if there is none."""
    at = bisect_left(spans, target, key=lambda span: span.high)
    return max(target, spans[at].low) if at < len(spans) else spans[-1].high


def _joined(spans: Sequence[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """So many spans at most, those that overlap or are nearest to one another joined."""
    reach = list(accumulate((high for _, high in spans), max))
    gaps = [(spans[i][0] - reach[i - 1], i) for i in range(1, len(spans))]
    apart = sorted(i for gap, i in nlargest(most - 1, gaps) if gap > 1)
    return [(spans[first][0], reach[end - 1]) for first, end in pairwise([0, *apart, len(spans)])]
