"""Small sums from a target up, where only some of them can be looked at: what is found of lists
whose sums are far apart, and of lists whose sums are side by side."""

from typing import Any

import pytest

from api.rules import closest_sums
from api.rules.closest_sums import closest
from api.rules.sum_halves import Halves, first_sum
from tests.unit.test_closest_sums import cut_short, sums_of

# Sums so far apart that nothing rules out the numbers in between.
SCATTERED = [
    *([0, 58_650, 84_861], [0, 38_111, 46_704], [0, 8_547, 17_572]),
    *([0, 70_060, 96_763], [0, 31_903, 76_224], [0, 55_685, 93_416]),
    *([0, 35_146, 55_259], [0, 14_607, 17_102], [0, 78_615, 93_798]),
]
NINE = [581_699 * tenth // 10 + tenth for tenth in range(1, 10)]
# Sums so near one another that nearly every number is one.
DENSE = [[0, 3 + i % 4, 40 + 3 * i] for i in range(18)]


def test_halves_of_ten_sums_find_the_smallest_of_many_in_one_of_six_orders() -> None:
    sums = sums_of(DENSE)
    with cut_short(few=10, many=1, most_work=1_000_000):
        for target in range(0, sums[-1] + 1, 5):
            [found] = closest(DENSE, [target], []).values()
            smallest = min(total for total in sums if total >= target)
            assert (found.found.total, found.bound) == (smallest, smallest)
            assert found.is_smallest


def test_where_no_bound_is_met_something_near_is_found_in_the_later_orders() -> None:
    with cut_short(few=27, many=1, most_work=1_000_000):
        for target in NINE:
            [found] = closest(SCATTERED, [target], []).values()
            assert first_sum(SCATTERED, target).total - target > 7_000
            assert found.found.total - target < 600
            assert found.found.total == sum(found.found.amounts)


def test_where_two_halves_hold_all_lists_the_smallest_of_every_target_is_found() -> None:
    sums = sums_of(SCATTERED)
    with cut_short(few=1, many=1000, most_work=1_000_000):
        for target, found in closest(SCATTERED, NINE, []).items():
            assert found.is_smallest
            assert found.found.total == min(total for total in sums if total >= target)


@pytest.mark.parametrize(("few", "many"), [(1, 1), (3, 1), (9, 9), (1, 100)])
@pytest.mark.parametrize("lists", [SCATTERED, DENSE, [[0, 3], [0, 5, 6]], [[0], [0, 100]]])
def test_what_is_found_is_no_farther_than_where_it_began(
    few: int, many: int, lists: list[list[int]]
) -> None:
    sums = sums_of(lists)
    targets = range(0, sums[-1] + 1, sums[-1] // 40 + 1)
    for most_work in (-1, 30, 300, 1_000_000):
        with cut_short(few=few, many=many, most_work=most_work):
            near = closest(lists, targets, [100])
        for target, found in near.items():
            smallest = min(total for total in sums if total >= target)
            assert target <= found.bound <= smallest <= found.found.total
            assert found.found.total <= first_sum(lists, target).total
            assert found.is_smallest == (found.bound == found.found.total)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many sums were made for the halves, each time."""
    found: list[int] = []

    class Counted(Halves):
        def __init__(self, *arguments: Any, **limits: Any) -> None:
            super().__init__(*arguments, **limits)
            found.append(self.work)

    monkeypatch.setattr(closest_sums, "Halves", Counted)
    return found


@pytest.mark.parametrize(
    ("most_work", "last"), [(500, [87, 195]), (2_000, [297, 372, 78]), (4_000, [429, 429, 216])]
)
def test_no_more_sums_are_made_for_all_targets_together_than_there_is_time_for(
    most_work: int, last: list[int], made: list[int]
) -> None:
    with cut_short(few=1, many=1000, most_work=most_work):
        closest(SCATTERED, NINE, [])
    assert made[-len(last) :] == last
    assert sum(made) <= most_work


@pytest.mark.parametrize(
    ("most_work", "times"),
    [
        # 159 sums are made for two halves of 27, and 15 looked at for each of the nine targets,
        # as long as it is not met; and more than a hundred from the fourth time on.
        *((0, 1), (293, 1), (294, 2), (587, 2), (588, 3), (866, 3), (867, 4)),
        *((1763, 4), (1764, 5), (2660, 5), (2661, 6)),
        # Then each target has two halves of its own, of a sum each.
        *((3558, 6), (3559, 7), (3565, 7), (3566, 8)),
    ],
)
def test_another_order_is_tried_as_long_as_there_is_time(
    most_work: int, times: int, made: list[int]
) -> None:
    with cut_short(few=27, many=1, most_work=most_work):
        closest(SCATTERED, NINE, [])
    assert len(made) == times
    assert set(made[:6]) == {159}


def test_where_the_time_ends_within_an_order_the_first_targets_have_had_it() -> None:
    nearer = []
    for most_work in (866, 867, 1025, 1026, 1148, 1149):
        with cut_short(few=27, many=1, most_work=most_work):
            nearer.append(closest(SCATTERED, NINE, []))
    # The fourth order ends before its first target, or behind it, or behind the second one.
    moved = [[t for t in NINE if one[t] != nearer[0][t]] for one in nearer]
    assert moved == [[], [], [], NINE[2:3], NINE[2:3], NINE[2:4]]
