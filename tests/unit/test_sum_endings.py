"""Which sums are ruled out by what they leave when they are divided, worked out by hand."""

import pytest

from api.rules.sum_endings import lower_bounds


def bounds(
    lists: list[list[int]], targets: list[int], prices: list[int] | None = None
) -> list[int]:
    return list(lower_bounds(lists, prices or [], targets).values())


def test_of_multiples_of_one_number_only_its_multiples_are_sums() -> None:
    lists = [list(range(0, 110, 10))] * 4
    assert bounds(lists, [0, 1, 9, 10, 11, 99, 399]) == [0, 10, 10, 10, 20, 100, 400]
    assert bounds([list(range(0, 22, 2))] * 4, [0, 11, 12]) == [0, 12, 12]


def test_multiples_of_different_numbers_have_in_common_what_divides_both() -> None:
    # The numbers are so large that nothing less than their common thousand can be looked at.
    lists = [[0, *(1000 * part * 999_983 for part in (2, 3, 7))], [0, 1000 * 998_244_353]] * 3
    assert bounds(lists, [5_000_000_001, 5_000_001_001]) == [5_000_001_000, 5_000_002_000]


def test_amounts_a_little_above_a_step_end_a_little_above_it_together() -> None:
    lists = [[0, *range(7, 7000, 1000)]] * 3
    targets = [1, 8, 15, 22, 1000, 1001, 1022]
    assert bounds(lists, targets) == [7, 14, 21, 1000, 1000, 1007, 2000]


def test_amounts_a_little_below_a_step_end_a_little_below_it_together() -> None:
    lists = [[0, *range(993, 8000, 1000)]] * 3
    targets = [4001, 4979, 4980, 4987, 4994, 5000, 5001]
    assert bounds(lists, targets) == [4979, 4979, 4986, 4993, 5000, 5000, 5979]


def test_endings_that_reach_beyond_the_step_begin_anew() -> None:
    # Up to four times 3 beyond a multiple of 10: so it ends in 0, 3, 6, 9 or 2.
    lists = [[0, *range(3, 63, 10)]] * 4
    assert bounds(lists, list(range(100, 111))) == [
        *(100, 102, 102, 103, 106, 106, 106, 109, 109, 109, 110),
    ]


def test_endings_that_fall_below_nothing_begin_anew_from_above() -> None:
    # Up to four times 3 short of a multiple of 10: so it ends in 0, 7, 4, 1 or 8.
    lists = [[0, *range(7, 67, 10)]] * 4
    assert bounds(lists, list(range(100, 111))) == [
        *(100, 101, 104, 104, 104, 107, 107, 107, 108, 110, 110),
    ]


def test_where_every_ending_can_be_had_nothing_is_ruled_out() -> None:
    lists = [[0, *range(1, 61, 10)]] * 9
    assert bounds(lists, list(range(100, 111))) == list(range(100, 111))


def test_percentages_of_a_price_are_near_its_hundredths_however_these_are_rounded() -> None:
    # Of 123.45: 243 hundredths of it are 299.98, and 244 are 301.22.
    lists = [
        [0, *((12_345 * percent + 50) // 100 for percent in percents)]
        for percents in [
            *((9, 18, 73, 98), (16, 33, 64, 98), (49, 58, 61, 84), (4, 13, 27, 63)),
            *((50, 56, 78, 98), (1, 58, 90, 99), (30, 35, 76, 93), (3, 4, 14, 41)),
            *((2, 4, 70, 84), (28, 49, 55, 88), (4, 29, 68, 93), (57, 64, 71, 98)),
        ]
    ]
    targets = [29_995, 30_001, 30_017, 30_124, 30_130, 30_250, 30_400]
    found = bounds(lists, targets, [12_345])
    assert found == [29_996, 30_001, 30_120, 30_124, 30_243, 30_367, 30_490]


def test_of_percentages_only_whole_fen_are_sums() -> None:
    # Parts of a fen could add up to 163.97 and a bit; the first whole fen is 163.98.
    percents = ((15, 61, 98), (19, 51, 88), (6, 15, 18), (30, 69, 92), (18, 19, 97), (5, 85, 95))
    lists = [[0, *((9_999 * part + 50) // 100 for part in parts)] for parts in percents]
    assert bounds(lists, [16_300, 16_340], [9_999]) == [16_398, 16_398]


def test_steps_far_apart_and_endings_far_above_them_are_looked_at_too() -> None:
    lists = [[0, *range(100_003, 10_000_000, 1_000_000)]] * 5
    targets = [10_500_015, 10_500_016, 11_000_001]
    assert bounds(lists, targets) == [10_500_015, 11_000_000, 11_100_003]


def test_the_step_that_most_lists_have_in_common_is_tried_before_those_of_a_few() -> None:
    # Twenty lists of whole thousands, too large to try them by themselves, and nine of a few fen.
    large = [[0, 1000 * (1_000_003 + 50_021 * i)] for i in range(20)]
    small = [[0, prime] for prime in (2, 3, 5, 7, 11, 13, 17, 19, 23)]
    targets = [15_000_000_100, 15_000_000_101]
    assert bounds(large + small, targets) == [15_000_000_100, 15_000_001_000]


def test_courses_without_coupons_and_prices_of_a_few_fen_are_no_obstacle() -> None:
    prices = [0, 1, 30, 99, 100, 101]
    assert bounds([[0], [0]], [0], prices) == [0]
    assert bounds([[0], *[list(range(0, 110, 10))] * 4], [0, 11], prices) == [0, 20]


def test_without_lists_the_only_sum_is_nothing() -> None:
    assert lower_bounds([], [12_345], [0]) == {0: 0}


@pytest.mark.parametrize("target", [0, 1, 31])
def test_a_bound_is_never_below_its_target(target: int) -> None:
    assert bounds([[0, 1, 2, 3, 4]] * 8, [target]) == [target]
