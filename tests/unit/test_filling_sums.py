"""The smallest sums from many targets up, looked up among all of them."""

from collections.abc import Iterable, Sequence

import pytest

from api.rules import filling_sums
from api.rules.filling_sums import smallest_sums
from api.rules.reachable_sums import Search


def test_every_target_has_the_smallest_sum_that_is_not_below_it() -> None:
    assert smallest_sums([[0, 3], [0, 5]], range(9)) == [0, 3, 3, 3, 5, 5, 8, 8, 8]
    lists = [[0, 2, 9, 40], [0, 11], [0, 200]]
    sums = sorted(a + b + c for a in lists[0] for b in lists[1] for c in lists[2])
    targets = range(sums[-1] + 1)
    assert smallest_sums(lists, targets) == [min(s for s in sums if s >= t) for t in targets]


def test_targets_between_the_multiples_of_what_all_amounts_have_in_common() -> None:
    lists = [[0, 300], [0, 500, 700]]
    targets = [0, 1, 299, 300, 301, 501, 701, 999, 1000]
    assert smallest_sums(lists, targets) == [0, 300, 300, 300, 500, 700, 800, 1000, 1000]


def test_the_same_target_may_be_asked_for_twice() -> None:
    assert smallest_sums([[0, 3], [0, 5]], [4, 1, 4]) == [5, 3, 5]


def test_without_amounts_the_only_sum_is_nothing() -> None:
    assert smallest_sums([], [0]) == smallest_sums([[0], [0]], [0]) == [0]


def test_beyond_the_largest_sum_there_is_none() -> None:
    with pytest.raises(ValueError, match="no sum from 7 up"):
        smallest_sums([[0, 1], [0, 2, 5]], [7])


@pytest.mark.parametrize("most_work", [-1, 12, 13, 60_000_000])
def test_whether_all_sums_are_looked_at_or_a_few_the_answer_is_the_same(
    most_work: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling_sums, "_MOST_WORK", most_work)
    filling_sums._all_sums.cache_clear()
    assert smallest_sums([[0, 3], [0, 5]], range(9)) == [0, 3, 3, 3, 5, 5, 8, 8, 8]
    filling_sums._all_sums.cache_clear()


@pytest.mark.parametrize(("most_work", "all_at_once"), [(23, True), (22, False)])
def test_all_sums_are_looked_at_where_that_is_not_too_much_work(
    most_work: int, all_at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Up to 3 hundreds with one list, and then up to 10 with both, twice.
    lists = [[0, 500, 700], [0, 300]]
    asked: list[list[int]] = []

    class Asked(Search):
        def __init__(self, lists: Sequence[Sequence[int]], targets: Iterable[int]) -> None:
            asked.append(list(targets))
            super().__init__(lists, targets)

    monkeypatch.setattr(filling_sums, "Search", Asked)
    monkeypatch.setattr(filling_sums, "_MOST_WORK", most_work)
    filling_sums._all_sums.cache_clear()
    assert smallest_sums(lists, [1, 301, 1]) == [300, 500, 300]
    assert asked == ([] if all_at_once else [[1, 301]])
    filling_sums._all_sums.cache_clear()
