"""Sums found by meeting in the middle, worked out by hand: each digit comes out of a list."""

import pytest

from api.rules.sum_clusters import Span
from api.rules.sum_halves import Halves, Sum, first_sum, greedily

DIGITS = [[0, 1], [0, 10], [0, 100], [0, 1000]]
ALL = Span(0, 1111)


def halves_of(
    lists: list[list[int]],
    span: Span = ALL,
    *,
    order: list[int] | None = None,
    limit: int = 1000,
    most_work: int = 1000,
) -> Halves:
    places = list(range(len(lists))) if order is None else order
    return Halves(lists, places, span, limit=limit, most_work=most_work)


# How far the halves grow


def test_lists_are_taken_from_both_ends_in_turn_until_none_is_left() -> None:
    halves = halves_of(DIGITS)
    assert (halves.whole, halves.rest) == (True, [])
    assert (halves.size, halves.work) == (4 + 4, 2 + 2 + 4 + 4)


def test_the_half_with_fewer_sums_grows() -> None:
    # After 0 and 1 on the one side and three sums on the other, the one side is next.
    assert halves_of([[0, 1], [0, 10], [0, 100, 200]]).size == 4 + 3


def test_no_half_grows_beyond_the_limit() -> None:
    halves = halves_of(DIGITS, limit=3)
    assert (halves.whole, halves.rest, halves.size) == (False, [1, 2], 2 + 2)
    halves = halves_of(DIGITS, order=[3, 1, 0, 2], limit=2)
    assert (halves.rest, halves.size) == ([1, 0], 2 + 2)
    assert halves_of(DIGITS, limit=4).whole


def test_a_list_that_is_far_too_long_is_not_even_tried() -> None:
    tried = halves_of([list(range(8))], limit=2)
    assert (tried.rest, tried.size, tried.work) == ([0], 2, 8)
    not_tried = halves_of([list(range(9))], limit=2)
    assert (not_tried.rest, not_tried.size, not_tried.work) == ([0], 2, 0)


def test_the_halves_end_where_the_work_does() -> None:
    for most_work, rest in ((0, [0, 1, 2, 3]), (1, [0, 1, 2, 3]), (2, [1, 2, 3]), (3, [1, 2, 3])):
        assert halves_of(DIGITS, most_work=most_work).rest == rest
    assert halves_of(DIGITS, most_work=11).rest == [2]
    assert halves_of(DIGITS, most_work=12).whole


def test_sums_that_cannot_end_within_the_span_are_not_kept() -> None:
    # Of 1100 and more, the thousand and the hundred are a part for certain.
    halves = halves_of(DIGITS, Span(1100, 1111))
    assert (halves.whole, halves.size, halves.work) == (True, 2 + 2, 2 + 2 + 2 + 2)
    assert halves.smallest_from(1100, {}) == Sum(1100, (0, 0, 100, 1000))
    assert halves.exactly(1000, {}) is None
    # Of 11 at most, neither is.
    halves = halves_of(DIGITS, Span(0, 11))
    assert (halves.whole, halves.size) == (True, 2 + 2)
    assert halves.exactly(11, {}) == Sum(11, (1, 10, 0, 0))
    assert halves.exactly(100, {}) is None


def test_what_all_other_lists_can_add_keeps_a_sum_within_the_span() -> None:
    # 21 are met only with the 20, and 12 with any of them.
    lists = [[0, 1, 5], [0, 10, 20]]
    assert halves_of(lists, Span(21, 25)).size == 2 + 1
    assert halves_of(lists, Span(21, 25)).exactly(21, {}) == Sum(21, (1, 20))
    assert halves_of(lists, Span(12, 25)).exactly(15, {}) == Sum(15, (5, 10))


def test_the_ends_of_the_span_are_kept() -> None:
    assert halves_of(DIGITS, Span(1111, 1111)).exactly(1111, {}) == Sum(1111, (1, 10, 100, 1000))
    assert halves_of(DIGITS, Span(0, 1000)).exactly(1000, {}) == Sum(1000, (0, 0, 0, 1000))


# What they find


@pytest.mark.parametrize(
    ("target", "amounts"),
    [
        (0, (0, 0, 0, 0)),
        (1, (1, 0, 0, 0)),
        (2, (0, 10, 0, 0)),
        (12, (0, 0, 100, 0)),
        (112, (0, 0, 0, 1000)),
        (1002, (0, 10, 0, 1000)),
        (1011, (1, 10, 0, 1000)),
        (1012, (0, 0, 100, 1000)),
        (1111, (1, 10, 100, 1000)),
    ],
)
def test_the_smallest_sum_from_a_target_up_and_what_makes_it_up(
    target: int, amounts: tuple[int, ...]
) -> None:
    assert halves_of(DIGITS).smallest_from(target, {}) == Sum(sum(amounts), amounts)
    assert halves_of(DIGITS).exactly(sum(amounts), {}) == Sum(sum(amounts), amounts)
    assert halves_of(DIGITS).exactly(target, {}) == (
        Sum(target, amounts) if target == sum(amounts) else None
    )


def test_above_the_largest_sum_there_is_none() -> None:
    assert halves_of(DIGITS).smallest_from(1112, {}) is None
    assert halves_of(DIGITS).exactly(1112, {}) is None


def test_a_half_of_many_sums_and_one_of_few_meet_too() -> None:
    # The longer one is the first, and then the last.
    for lists, amounts in (
        ([[0, 1, 2, 3, 4], [0, 10]], (3, 10)),
        ([[0, 10], [0, 1, 2, 3]], (10, 3)),
    ):
        halves = halves_of(lists)
        assert halves.exactly(13, {}) == halves.smallest_from(13, {}) == Sum(13, amounts)
        assert halves.exactly(9, {}) is None


def test_what_the_lists_left_over_add_is_fixed_beforehand() -> None:
    halves = halves_of(DIGITS, limit=2)
    assert halves.rest == [1, 2]
    assert halves.exactly(1010, {1: 10, 2: 0}) == Sum(1010, (0, 10, 0, 1000))
    assert halves.exactly(1010, {1: 0, 2: 100}) is None
    assert halves.smallest_from(1010, {1: 0, 2: 100}) == Sum(1100, (0, 0, 100, 1000))
    assert halves.smallest_from(12, {1: 10, 2: 0}) == Sum(1010, (0, 10, 0, 1000))
    assert halves.smallest_from(1012, {1: 10, 2: 0}) is None


def test_for_the_lists_left_over_another_sum_may_say_what_they_add() -> None:
    halves = halves_of(DIGITS, limit=2)
    assert halves.as_in(Sum(1110, (0, 10, 100, 1000))) == {1: 10, 2: 100}
    assert halves_of(DIGITS).as_in(Sum(1110, (0, 10, 100, 1000))) == {}


@pytest.mark.parametrize(
    ("target", "share", "fixed"),
    [
        # The halves can add 0, 1, 1000 and 1001.
        (1111, 1, {1: 10, 2: 100}),
        (1110, 1, {1: 0, 2: 100}),
        (1101, 1, {1: 0, 2: 100}),
        (1100, 1, {1: 10, 2: 0}),
        (1011, 1, {1: 10, 2: 0}),
        (1010, 1, {1: 0, 2: 0}),
        (600, 0.5, {1: 0, 2: 100}),
        (599, 0.5, {1: 10, 2: 0}),
        (5, 0.5, {1: 0, 2: 0}),
    ],
)
def test_the_lists_left_over_leave_a_share_to_the_halves_the_largest_first(
    target: int, share: float, fixed: dict[int, int]
) -> None:
    assert halves_of(DIGITS, limit=2).leaving(target, share) == fixed


def test_the_largest_is_the_list_with_the_largest_amount_of_all() -> None:
    halves = halves_of([[0, 50], [0, 5, 100], [0, 3, 30]], limit=1)
    assert halves.leaving(100, 1) == {1: 100, 0: 0, 2: 0}


def test_a_share_is_one_of_the_largest_amounts_in_the_halves() -> None:
    halves = halves_of([[0, 1, 2], [0, 10, 20, 30, 40], [0, 100, 200]], limit=3)
    assert (halves.rest, halves.size) == ([1], 3 + 3)
    assert halves.leaving(131, 0.5) == {1: 30}
    assert halves.leaving(130, 0.5) == {1: 20}


# Without halves


def test_greedily_each_list_in_turn_gives_the_most_that_is_left_of_it() -> None:
    lists = [[0, 3, 7], [0, 5], [0, 2, 4]]
    assert greedily(lists, [0, 1, 2], 12) == {0: 7, 1: 5, 2: 0}
    assert greedily(lists, [2, 1, 0], 12) == {2: 4, 1: 5, 0: 3}
    assert greedily(lists, [0, 1], 6) == {0: 3, 1: 0}
    assert greedily(lists, [0, 2], -1) == {0: 0, 2: 0}
    assert greedily([[0, 1, 2]], [0], 0) == {0: 0}


@pytest.mark.parametrize(
    ("target", "amounts"),
    [
        (0, (0, 0, 0)),
        (1, (3, 0, 0)),
        (3, (3, 0, 0)),
        (4, (3, 5, 0)),
        (8, (3, 5, 0)),
        (9, (0, 0, 9)),
        (10, (3, 0, 9)),
        (13, (3, 5, 9)),
        (14, (0, 5, 9)),
        (17, (3, 5, 9)),
    ],
)
def test_some_sum_from_a_target_up_is_what_fits_and_then_the_least_that_is_missing(
    target: int, amounts: tuple[int, ...]
) -> None:
    assert first_sum([[0, 3], [0, 5], [0, 9]], target) == Sum(sum(amounts), amounts)


@pytest.mark.parametrize(
    ("target", "amounts"),
    [
        (9, (9, 0, 0)),
        (10, (9, 0, 2)),
        (13, (9, 0, 4)),
        (14, (9, 5, 0)),
        (15, (9, 5, 2)),
        (12, (9, 0, 4)),
    ],
)
def test_of_what_is_missing_the_list_that_adds_least_is_asked_first(
    target: int, amounts: tuple[int, ...]
) -> None:
    assert first_sum([[0, 1, 9], [0, 5], [0, 2, 4]], target) == Sum(sum(amounts), amounts)
