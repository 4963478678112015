"""The smallest sum from a target up, held against all sums of small lists, each target in turn."""

from itertools import accumulate

import pytest

from api.rules import closest_sums, reachable_sums
from api.rules.reachable_sums import Search

SHORT = [[0, 3], [0, 5, 6]]
ODD = [[0, 7, 19], [0, 26], [0, 1, 40], [0, 33], [0, 52, 53], [0, 90]]
UNITS = [[0, 300, 900], [0, 1200], [0, 2100, 2400]]
FLAT = [[0], [0, 4], [0]]
THREE = [[0, 3], [0, 5, 6], [0, 20, 21]]
FEW_ENDINGS = [[0, 100, 200, 300], [0, 401], [0, 100]]
# More than are put together before it is looked at for the first time, and the second time.
MANY = [[0, 3 + i % 4, 40 + 3 * i] for i in range(18)]
ROUND_AND_ODD = [*([0, 100, 300 + 100 * (i % 3)] for i in range(9)), [0, 1], [0, 98, 250]]
VERY_MANY = [[0, 2 + i % 3] for i in range(70)]


def sums_of(lists: list[list[int]]) -> list[int]:
    sums = {0}
    for amounts in lists:
        sums = {total + amount for total in sums for amount in amounts}
    return sorted(sums)


def assert_smallest(search: Search, lists: list[list[int]], target: int, smallest: int) -> None:
    amounts = search.amounts_from(target)
    assert search.smallest_from(target) == search.bound_from(target) == sum(amounts) == smallest
    assert all(amount in each for amount, each in zip(amounts, lists, strict=True))


@pytest.mark.parametrize(
    "lists", [[], SHORT, THREE, FEW_ENDINGS, ODD, UNITS, FLAT, MANY, ROUND_AND_ODD, VERY_MANY]
)
def test_the_smallest_sum_from_every_target_up_is_found_for_all_together(
    lists: list[list[int]],
) -> None:
    sums = sums_of(lists)
    targets = range(sums[-1] + 1)
    search = Search(lists, targets)
    for target in targets:
        assert_smallest(search, lists, target, min(s for s in sums if s >= target))


@pytest.mark.parametrize(
    "lists", [SHORT, THREE, FEW_ENDINGS, ODD, UNITS, MANY, ROUND_AND_ODD, VERY_MANY]
)
def test_and_for_each_alone(lists: list[list[int]]) -> None:
    sums = sums_of(lists)
    for target in range(0, sums[-1] + 1, max(1, sums[-1] // 150)):
        smallest = min(s for s in sums if s >= target)
        assert_smallest(Search(lists, [target]), lists, target, smallest)


@pytest.fixture
def only_all_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be looked for among some of them."""
    monkeypatch.setattr(reachable_sums, "closest", None)


@pytest.mark.usefixtures("only_all_sums")
@pytest.mark.parametrize("lists", [SHORT, THREE, ODD, MANY])
def test_where_all_sums_can_be_looked_at_they_are(lists: list[list[int]]) -> None:
    for target in range(sum(amounts[-1] for amounts in lists) + 1):
        assert Search(lists, [target]).smallest_from(target) >= target


@pytest.mark.usefixtures("only_all_sums")
@pytest.mark.parametrize(
    ("lists", "targets", "work"),
    [
        # Of the numbers up to 3 with one list, and up to 9 with two, those that can still matter.
        (SHORT, [7], 3 * 1 + 3 * 2),  # 1 to 3, and 7 to 9
        (THREE, [7], 4 * 1 + 10 * 2 + 22 * 2),  # all, all, and 7 to 28
        (THREE, [28], 3 * 1 + 3 * 2 + 3 * 2),  # 1 to 3, 7 to 9, and 28 to 30
        (THREE, [22, 28], 4 * 1 + 9 * 2 + 9 * 2),  # all, 1 to 9, and 22 to 30
        # Either end apart from the other.
        (THREE, [7, 28], 4 * 1 + 10 * 2 + 22 * 2),
    ],
)
def test_all_sums_that_matter_are_looked_at_unless_that_is_too_much_work(
    lists: list[list[int]], targets: list[int], work: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reachable_sums, "MOST_WORK", work)
    smallest = min(total for total in sums_of(lists) if total >= targets[0])
    assert Search(lists, targets).smallest_from(targets[0]) == smallest
    monkeypatch.setattr(reachable_sums, "MOST_WORK", work - 1)
    with pytest.raises(TypeError):
        Search(lists, targets)


@pytest.mark.usefixtures("only_all_sums")
@pytest.mark.parametrize(
    ("lists", "largest"),
    [
        ([[0, 3 + i % 4, 40 + 3 * i] for i in range(80)], [40 + 3 * i for i in range(8)]),
        # The one in odd fen is the first of them, however large it is.
        (
            [*([0, 100 * (2 + i % 3), 100 * (7 + i)] for i in range(40)), [0, 1, 5_001]],
            [5_001, *(100 * (7 + i) for i in range(7))],
        ),
    ],
)
def test_in_the_middle_of_many_lists_a_target_is_met_with_the_smallest_eight_of_them(
    lists: list[list[int]], largest: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sum(amounts[-1] for amounts in lists)
    work = sum((most + 1) * 2 for most in accumulate(largest))
    monkeypatch.setattr(reachable_sums, "MOST_WORK", work)
    for target in (whole * 3 // 1000 * 100, whole // 200 * 100 + 1):
        found = Search(lists, [target])
        assert_smallest(found, lists, target, target)
    monkeypatch.setattr(reachable_sums, "MOST_WORK", work - 1)
    with pytest.raises(TypeError):
        Search(lists, [whole * 3 // 1000 * 100])


@pytest.mark.parametrize(
    ("most_work", "smallest", "bound"),
    [
        (9, 8, 8),  # 1 to 3 once, and 7 to 9 twice
        (8, 8, 8),
        (7, 8, 8),  # with a 9 known: 1 to 3 once, and 7 to 8 twice
        (6, 9, 8),
    ],
)
@pytest.mark.parametrize(("unit", "target"), [(1, 7), (100, 601), (100, 700)])
def test_what_is_too_much_work_is_left_at_something_near(
    most_work: int,
    smallest: int,
    bound: int,
    unit: int,
    target: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reachable_sums, "MOST_WORK", most_work)
    monkeypatch.setattr(closest_sums, "_MOST_WORK", -1)
    lists = [[0, 3 * unit], [0, 5 * unit, 6 * unit]]
    search = Search(lists, [target])
    found = search.amounts_from(target)
    assert sum(found) == search.smallest_from(target) == smallest * unit
    assert all(amount in each for amount, each in zip(found, lists, strict=True))
    assert search.bound_from(target) == bound * unit
