"""The spans in which sums can lie, and the first number in them, worked out by hand."""

import pytest

from api.rules.sum_clusters import Span, clusters_of, first_in


def test_without_lists_the_only_sum_is_nothing() -> None:
    assert clusters_of([]) == [(0, 0)]


def test_amounts_side_by_side_are_one_span_and_others_are_apart() -> None:
    assert clusters_of([[0, 1, 3, 4, 5, 8]]) == [(0, 1), (3, 5), (8, 8)]


def test_every_amount_of_a_list_is_added_to_every_span() -> None:
    assert clusters_of([[0, 1], [0, 100, 300]]) == [(0, 1), (100, 101), (300, 301)]
    assert clusters_of([[0, 10], [0, 10, 19]]) == [(0, 0), (10, 10), (19, 20), (29, 29)]


def test_a_span_within_another_does_not_shorten_it() -> None:
    # 0 to 50, 5 to 55, 52, and 57.
    assert clusters_of([[0, 5], [*range(51), 52]]) == [(0, 55), (57, 57)]


def test_of_a_list_with_many_amounts_the_nearest_are_joined() -> None:
    assert clusters_of([[0, 10, 30, 60, 100, 150]]) == [
        (0, 10),
        (30, 30),
        (60, 60),
        (100, 100),
        (150, 150),
    ]


def test_of_many_sums_the_nearest_are_joined() -> None:
    # Of numbers written with 0 and 1: 128 sums, of which two and two are 10 apart, and none nearer.
    clusters = clusters_of([[0, 10**place] for place in range(1, 8)])
    assert len(clusters) == 64
    assert all(high == low + 10 for low, high in clusters)


@pytest.mark.parametrize(
    ("target", "first"),
    [(0, 0), (5, 5), (6, 20), (19, 20), (20, 20), (21, 40), (40, 40), (50, 50), (51, 50)],
)
def test_the_first_number_from_a_target_up_is_the_target_or_begins_the_next_span(
    target: int, first: int
) -> None:
    assert first_in([Span(0, 5), Span(20, 20), Span(40, 50)], target) == first
