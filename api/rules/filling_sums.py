"""The smallest reachable sums from very many targets up, if one amount is taken out of each of a
few lists.

`reachable_sums` looks for few targets among sums without number. Here the sums are few enough to
be looked at all, mostly, and the targets are thousands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from math import gcd

from api.rules.reachable_sums import Search

# How many bits may be shifted to have all sums: some hundredths of a second.
_MOST_WORK = 60_000_000
_NOT_EMPTY = re.compile(rb"[^\0]")


def smallest_sums(lists: Sequence[Sequence[int]], targets: Sequence[int]) -> list[int]:
    """For each target the smallest sum that is not below it; `lists` and `targets` as `Search` has
    them."""
    sums = _all_sums(tuple(map(tuple, lists)))
    if sums is not None:
        return [sums.first_from(target) for target in targets]
    search = Search(lists, dict.fromkeys(targets))
    return [search.smallest_from(target) for target in targets]


class _Sums:
    """All sums, as bits: bit i stands for i units."""

    def __init__(self, bits: int, unit: int) -> None:
        self._octets = bits.to_bytes(-(-bits.bit_length() // 8), "little")
        self._unit = unit

    def first_from(self, target: int) -> int:
        octet, bit = divmod(-(-target // self._unit), 8)
        above = self._octets[octet] >> bit << bit
        if not above:
            found = _NOT_EMPTY.search(self._octets, octet + 1)
            if found is None:
                raise ValueError(f"no sum from {target} up")
            octet, above = found.start(), self._octets[found.start()]
        return (8 * octet + (above & -above).bit_length() - 1) * self._unit


@lru_cache(maxsize=1)  # asked again for the next targets of the same lists
def _all_sums(lists: tuple[tuple[int, ...], ...]) -> _Sums | None:
    """None where there are too many."""
    unit = gcd(*(amount for amounts in lists for amount in amounts)) or 1
    bits, most, work = 1, 0, 0
    for amounts in sorted(lists, key=lambda amounts: amounts[-1]):
        most += amounts[-1] // unit
        work += most * (len(amounts) - 1)
        if work > _MOST_WORK:
            return None
        grown = bits
        for amount in amounts[1:]:
            grown |= bits << amount // unit
        bits = grown
    return _Sums(bits, unit)
