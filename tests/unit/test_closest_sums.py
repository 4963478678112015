"""The search for the best choice where there are too many sums to look at them all: held against
brute force with its time cut short, and against an independent solver on large baskets."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

from api.rules import closest_sums, reachable_sums
from api.rules.best_choice import Alternative
from api.rules.coupons import CouponType, HeldCoupon
from api.rules.pricing import Basket, Choice, Line, breakdown
from api.rules.reachable_sums import Search
from api.rules.sum_clusters import clusters_of
from api.rules.sum_endings import lower_bounds
from tests.support.baskets import best, held
from tests.unit.test_pricing_properties import BRIEFLY, fen, off, settlements, sums_left


@contextmanager
def cut_short(*, few: int, many: int, most_work: int) -> Iterator[None]:
    """No time to look at all sums, and only so much to look for one near."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reachable_sums, "MOST_WORK", -1)
        patch.setattr(closest_sums, "_FEW", few)
        patch.setattr(closest_sums, "_MANY", many)
        patch.setattr(closest_sums, "_MOST_WORK", most_work)
        yield


CUTS = st.fixed_dictionaries(
    {
        "few": st.sampled_from([1, 3, 20, 1000]),
        "many": st.sampled_from([1, 5, 1000]),
        "most_work": st.sampled_from([-1, 50, 100_000]),
    }
)
AMOUNTS = st.one_of(
    st.sets(st.integers(1, 400), max_size=5),
    st.sets(st.sampled_from([1, 2, 40, 99, 100, 101, 200, 201, 500]), max_size=5),
    st.sets(st.sampled_from([1, 3, 5000, 5001, 9998]), max_size=5),
)
LISTS = st.lists(AMOUNTS.map(lambda amounts: sorted({0, *amounts})), max_size=6)
PLACES = st.lists(st.floats(0, 1), min_size=1, max_size=4)


def sums_of(lists: list[list[int]]) -> list[int]:
    sums = {0}
    for amounts in lists:
        sums = {total + amount for total in sums for amount in amounts}
    return sorted(sums)


@BRIEFLY
@given(LISTS, PLACES, CUTS)
def test_a_search_cut_short_finds_a_sum_and_how_far_it_can_be_from_the_smallest(
    lists: list[list[int]], places: list[float], cuts: dict[str, int]
) -> None:
    sums = sums_of(lists)
    targets = [round(place * sums[-1]) for place in places]
    with cut_short(**cuts):
        search = Search(lists, targets, [500, 5000])
    for target in targets:
        smallest = min(total for total in sums if total >= target)
        found = search.amounts_from(target)
        assert all(amount in amounts for amount, amounts in zip(found, lists, strict=True))
        assert sum(found) == search.smallest_from(target)
        assert target <= search.bound_from(target) <= smallest <= sum(found)


@BRIEFLY
@given(LISTS, PLACES)
def test_where_all_lists_fit_into_two_halves_the_smallest_sum_is_found_and_known_to_be_it(
    lists: list[list[int]], places: list[float]
) -> None:
    sums = sums_of(lists)
    targets = [round(place * sums[-1]) for place in places]
    with cut_short(few=2, many=100_000, most_work=10_000_000):
        search = Search(lists, targets)
    for target in targets:
        smallest = min(total for total in sums if total >= target)
        assert search.smallest_from(target) == search.bound_from(target) == smallest


@BRIEFLY
@given(LISTS, PLACES, st.lists(st.integers(0, 10_000), max_size=4))
def test_no_sum_from_a_target_up_is_below_its_bound(
    lists: list[list[int]], places: list[float], prices: list[int]
) -> None:
    sums = sums_of(lists)
    targets = [round(place * sums[-1]) for place in places]
    for target, bound in lower_bounds(lists, prices, targets).items():
        assert target <= bound <= min(total for total in sums if total >= target)


@BRIEFLY
@given(LISTS)
def test_every_sum_is_in_a_cluster_and_the_clusters_are_apart(lists: list[list[int]]) -> None:
    clusters = clusters_of(lists)
    assert all(any(low <= total <= high for low, high in clusters) for total in sums_of(lists))
    assert all(one.high + 1 < other.low for one, other in pairwise(clusters))


def test_percentages_of_one_price_leave_few_endings() -> None:
    # 1 % of 9,999.99 is a hair below 100.00: no sum is between 20 and 30 hundreds but near them.
    lists = [[0, *(round(999_999 * percent / 100) for percent in (10, 20, 50))] for _ in range(90)]
    [bound] = lower_bounds(lists, [999_999], [3_050_000]).values()
    assert 3_099_900 <= bound <= 3_100_000


@BRIEFLY
@given(settlements(), CUTS)
def test_a_best_choice_cut_short_is_never_dearer_than_the_present_one_and_tells_its_gap(
    basket: Basket, cuts: dict[str, int]
) -> None:
    sums = sums_left(basket)
    lowest = {
        coupon.record_id if coupon else None: min(left - off(coupon, left) for left in sums)
        for coupon in (None, *basket.coupons)
    }
    with cut_short(**cuts):
        found = best(basket)
    total = fen(found.breakdown.total)
    assert found.saves >= 0
    assert total - fen(found.gap) <= min(lowest.values()) <= total
    assert len(found.alternatives) == len(basket.coupons)
    for other in found.alternatives:
        assert fen(other.total) - fen(other.gap) <= lowest[other.coupon] <= fen(other.total)


def test_a_present_choice_that_is_cheaper_than_what_was_found_is_kept() -> None:
    # 150 must be put back of 10, 70, 80 and 90: cut short, it puts back 160 or more.
    backs = (10, 70, 80, 90)
    lines = tuple(
        Line(i, Decimal(100), (held(i, CouponType.CASH, Decimal(back)),), chosen)
        for i, (back, chosen) in enumerate(zip(backs, (0, None, None, 3), strict=True))
    )
    site_wide = held(9, CouponType.THRESHOLD, Decimal(290), Decimal(300))
    basket = Basket(lines, (site_wide,), 9)
    with cut_short(few=1, many=1, most_work=-1):
        found = best(basket)
    assert (found.breakdown.total, found.saves) == (Decimal(10), Decimal(0))
    assert found.gap == 0


def cash_each(price: int, *values: int) -> tuple[Line, ...]:
    """Courses at this price, each with a coupon that takes so much off it."""
    return tuple(
        Line(i, Decimal(price), (held(i, CouponType.CASH, Decimal(value)),))
        for i, value in enumerate(values)
    )


def threshold(record_id: int, minimum: int, value: int) -> HeldCoupon:
    return held(record_id, CouponType.THRESHOLD, Decimal(value), Decimal(minimum))


def test_a_present_choice_that_is_dearer_than_what_was_found_is_not_kept() -> None:
    # 150 must be put back of 10, 70, 80 and 90; now all is put back.
    basket = Basket(cash_each(100, 10, 70, 80, 90), (threshold(9, 300, 290),), 9)
    with cut_short(few=1, many=1, most_work=-1):
        found = best(basket)
    assert (breakdown(basket).total, found.breakdown.total) == (Decimal(110), Decimal(30))
    assert (found.saves, found.gap) == (Decimal(80), Decimal(20))


def test_a_minimum_out_of_reach_leaves_no_doubt_however_short_the_time_is() -> None:
    basket = Basket(cash_each(100, 10, 20), (threshold(9, 201, 150),))
    with cut_short(few=1, many=1, most_work=-1):
        found = best(basket)
    assert (found.choice, found.gap) == (Choice((0, 1), None), 0)
    assert found.alternatives == (Alternative(9, Decimal(170)),)


@pytest.mark.parametrize(
    ("near", "far", "first"),
    [(1000, 1000, Alternative(8, Decimal(247))), (900, 1100, Alternative(9, Decimal(217)))],
)
@pytest.mark.parametrize("turned", [False, True])
def test_where_time_is_short_it_is_for_the_coupon_that_promises_most(
    near: int, far: int, first: Alternative, turned: bool
) -> None:
    # 1096 are left at best; of what can be put back, 151 is the least from 150, and 221 from 220.
    coupons = (threshold(8, 1096 + 150, near), threshold(9, 1096 + 220, far))
    lines = cash_each(200, 13, 29, 41, 57, 71, 83, 97, 113)
    with cut_short(few=1, many=1000, most_work=100):
        found = best(Basket(lines, coupons[::-1] if turned else coupons))
    _, other = found.alternatives
    assert (found.choice.global_coupon, found.breakdown.total) == (first.coupon, first.total)
    assert found.gap == 0 < other.gap


# Large baskets


def percents(price: str, courses: int, each: int, odd: int = 0) -> tuple[Line, ...]:
    """Courses at this price, some odd ones a fen cheaper, with so many 折扣券 each."""
    random = Random(courses + each)
    lines = []
    for course_id in range(courses):
        fen_less = Decimal("0.01") * (course_id < odd)
        chosen = random.sample(range(1, 100), each)
        coupons = (
            held(course_id * 100 + percent, CouponType.DISCOUNT, percent=percent)
            for percent in chosen
        )
        lines.append(Line(course_id, Decimal(price) - fen_less, tuple(coupons)))
    return tuple(lines)


def with_minimums(lines: tuple[Line, ...]) -> Basket:
    """Twenty 满减券 that are worth it, their minimums anywhere above what is left at best."""
    random = Random(len(lines))
    whole = fen(sum((line.price for line in lines), Decimal(0)))
    return Basket(
        lines,
        tuple(
            held(
                1_000_000 + i,
                CouponType.THRESHOLD,
                value=Decimal(whole * 9 // 10) / 100,
                minimum=Decimal(random.randint(whole // 2, whole)) / 100,
            )
            for i in range(20)
        ),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("price", "courses", "each", "odd"),
    [
        ("3000", 100, 5, 1),
        ("2987.65", 100, 5, 0),
        ("9876.54", 50, 5, 0),
        ("10000", 100, 99, 0),
        ("99999.99", 100, 20, 0),
        ("100000", 100, 20, 1),
        ("98765.43", 100, 1, 0),
        ("98765.43", 30, 5, 0),
    ],
)
def test_a_large_basket_has_an_exact_best_choice(
    price: str, courses: int, each: int, odd: int
) -> None:
    basket = with_minimums(percents(price, courses, each, odd))
    found = best(basket)
    assert found.gap == 0
    assert found.choice.global_coupon is not None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("courses", "each", "top"), [(100, 20, 100_000), (30, 5, 10_000)])
def test_a_large_search_agrees_with_an_independent_solver(
    seed: int, courses: int, each: int, top: int
) -> None:
    random = Random(seed)
    lists = [
        [0, *sorted(random.sample(range(1, top * 100), random.randint(1, each)))]
        for _ in range(courses)
    ]
    target = int(sum(amounts[-1] for amounts in lists) * (0.1 + 0.8 * random.random()))

    search = Search(lists, [target])

    solved, at_least = solve(lists, target)
    assert search.bound_from(target) <= solved
    assert search.smallest_from(target) >= at_least
    assert target <= search.smallest_from(target) <= solved


def solve(lists: list[list[int]], target: int) -> tuple[int, int]:
    """A sum from the target up, and what no such sum is below, as HiGHS finds them in some time."""
    amounts = np.array([amount for each in lists for amount in each], dtype=float)
    one_of_each = np.zeros((len(lists), len(amounts)))
    ends = np.cumsum([len(each) for each in lists])
    for row, end, each in zip(one_of_each, ends, lists, strict=True):
        row[end - len(each) : end] = 1
    result = milp(
        amounts,
        integrality=np.ones_like(amounts),
        bounds=(0, 1),
        constraints=[
            LinearConstraint(one_of_each, 1, 1),
            LinearConstraint(amounts[np.newaxis, :], target, np.inf),
        ],
        options={"time_limit": 5},
    )
    assert result.x is not None
    total = round(float(amounts @ np.round(result.x)))
    # It reckons in floats: a solution may miss the target by a hair.
    return max(total, target), int(result.mip_dual_bound - 1)
