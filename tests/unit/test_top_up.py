"""The cheapest top-up, held against the best choice with every course, one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import filling_sums
from api.rules.coupons import CouponType, HeldCoupon
from api.rules.filling_sums import smallest_sums
from api.rules.pricing import Basket, Line
from api.rules.top_up import MOST, TopUp, open_of, top_ups
from tests.support.baskets import best, held
from tests.unit.test_pricing_properties import BRIEFLY, fen, off, settlements, sums_left, yuan

Own = Mapping[int, Sequence[HeldCoupon]]


def lowest(basket: Basket) -> int:
    """The lowest total there is, by trying every combination."""
    sums = sums_left(basket)
    return min(left - off(c, left) for c in (None, *basket.coupons) for left in sums)


def by_brute_force(basket: Basket, prices: Sequence[tuple[int, int]], own: Own) -> list[TopUp]:
    without = lowest(basket)
    found = []
    for course_id, price in prices:
        line = Line(course_id, yuan(price), tuple(own.get(course_id, ())))
        total = lowest(replace(basket, lines=(*basket.lines, line)))
        if total < without:
            found.append(TopUp(course_id, yuan(total), yuan(without - total)))
    return sorted(found, key=lambda one: (-one.saves, one.course_id))[:MOST]


def found(basket: Basket, prices: Sequence[tuple[int, int]], own: Own) -> list[TopUp]:
    opened = open_of(basket)
    return top_ups(opened, prices, own) if opened else []


@st.composite
def shops(draw: st.DrawFn) -> tuple[Basket, list[tuple[int, int]], dict[int, list[HeldCoupon]]]:
    """A settlement whose minimums lie a little out of its reach, and a few other courses."""
    basket = draw(settlements())
    ids = draw(st.permutations(range(100, 116)))
    prices = st.sampled_from([0, 1, 2, 49, 50, 99, 100, 101, 333, 666, 5000, 99_900])
    some = draw(st.lists(prices, max_size=16))
    courses = list(zip(ids, some, strict=False))
    out_of_reach = max(sums_left(basket)) + draw(st.sampled_from([0, 1, 49, 100, 700]))
    values = draw(st.lists(st.sampled_from([0, 1, 60, 100, 900, 99_999]), max_size=3))
    goals = (
        held(50 + i, CouponType.THRESHOLD, yuan(value), yuan(out_of_reach + i))
        for i, value in enumerate(values)
    )
    basket = replace(basket, coupons=(*basket.coupons, *goals))
    own: dict[int, list[HeldCoupon]] = {}
    for course_id in draw(st.lists(st.sampled_from(ids), max_size=3, unique=True)):
        kind = draw(st.sampled_from(list(CouponType)))
        value, percent = yuan(draw(st.sampled_from([1, 30, 50]))), draw(st.sampled_from([50, 79]))
        own[course_id] = [held(60 + len(own), kind, value, value, percent)]
    return basket, courses, own


@BRIEFLY
@given(shops())
def test_it_finds_exactly_the_courses_that_bring_the_total_down(
    shop: tuple[Basket, list[tuple[int, int]], dict[int, list[HeldCoupon]]],
) -> None:
    assert found(*shop) == by_brute_force(*shop)


@BRIEFLY
@given(shops())
def test_so_it_does_where_the_sums_are_too_many_to_look_at_them_all(
    shop: tuple[Basket, list[tuple[int, int]], dict[int, list[HeldCoupon]]],
) -> None:
    filling_sums._all_sums.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filling_sums, "_MOST_WORK", -1)
        assert found(*shop) == by_brute_force(*shop)
    filling_sums._all_sums.cache_clear()


@BRIEFLY
@given(shops())
def test_each_total_is_that_of_the_best_choice_with_the_course(
    shop: tuple[Basket, list[tuple[int, int]], dict[int, list[HeldCoupon]]],
) -> None:
    basket, courses, own = shop
    prices = dict(courses)
    for one in found(*shop):
        line = Line(one.course_id, yuan(prices[one.course_id]), tuple(own.get(one.course_id, ())))
        with_it = best(replace(basket, lines=(*basket.lines, line)))
        assert with_it.breakdown.total == one.total
        assert best(basket).breakdown.total - one.total == one.saves


# --- Case by case ---------------------------------------------------------------------------------


def threshold(minimum: int, value: int) -> HeldCoupon:
    return held(9, CouponType.THRESHOLD, Decimal(value), Decimal(minimum))


def basket_of(price: int, *coupons: HeldCoupon, cash: int = 0) -> Basket:
    own = (held(1, CouponType.CASH, Decimal(cash)),) if cash else ()
    return Basket((Line(1, Decimal(price), own),), coupons)


def ids_and_totals(basket: Basket, *prices: tuple[int, int]) -> list[tuple[int, int]]:
    return [
        (one.course_id, int(one.total))
        for one in found(basket, [(i, 100 * price) for i, price in prices], {})
    ]


def test_a_course_that_fills_the_gap_and_costs_less_than_it_saves_is_found() -> None:
    basket = basket_of(450, threshold(500, 200))
    assert ids_and_totals(basket, (2, 49), (3, 50), (4, 199), (5, 200)) == [(3, 300), (4, 449)]


def test_what_was_taken_off_may_have_to_be_put_back() -> None:
    # 450 less 40 is 410: with 60 more it misses 500 by 30, unless the 40 stay where they are.
    assert ids_and_totals(basket_of(450, threshold(500, 200), cash=40), (2, 60)) == [(2, 310)]


def test_of_equal_ones_the_smaller_ids_are_given_and_no_more_than_ten() -> None:
    courses = [(course_id, 50) for course_id in range(40, 20, -1)]
    ids = [i for i, _ in ids_and_totals(basket_of(450, threshold(500, 200)), *courses)]
    assert ids == list(range(21, 31))


def test_where_the_total_is_nothing_the_price_does_not_count() -> None:
    basket = basket_of(450, threshold(500, 900))
    assert ids_and_totals(basket, (4, 60), (3, 400), (2, 451)) == [(3, 0), (4, 0), (2, 1)]


def test_the_smallest_id_is_among_the_ten_that_cost_nothing_however_dear_it_is() -> None:
    courses = [(2, 400), *((course_id, 50 + course_id) for course_id in range(10, 21))]
    ids = [i for i, _ in ids_and_totals(basket_of(450, threshold(500, 900)), *courses)]
    assert ids == [2, *range(10, 19)]


@pytest.mark.parametrize(
    "coupon",
    [
        threshold(450, 200),  # reached already
        threshold(1000, 200),  # out of reach of what it saves
        held(9, CouponType.CASH, Decimal(100)),
        held(9, CouponType.DISCOUNT, percent=50, most=Decimal(10)),
    ],
    ids=["reached", "too far", "cash", "discount"],
)
def test_no_course_helps_where_no_minimum_is_just_out_of_reach(coupon: HeldCoupon) -> None:
    assert ids_and_totals(basket_of(450, coupon), (2, 1), (3, 50), (4, 500), (5, 600)) == []


def test_an_empty_basket_cannot_be_brought_down() -> None:
    assert open_of(Basket((), (threshold(100, 200),))) is None


@BRIEFLY
@given(
    st.lists(st.sets(st.sampled_from([1, 2, 40, 100, 101, 200, 500]), max_size=4), max_size=6),
    st.lists(st.floats(0, 1), max_size=8),
    st.sampled_from([1, 7, 100]),
)
def test_the_smallest_sum_from_each_target_is_found(
    amounts: list[set[int]], places: list[float], unit: int
) -> None:
    lists = [sorted({0, *(amount * unit for amount in each)}) for each in amounts]
    sums = {0}
    for each in lists:
        sums = {total + amount for total in sums for amount in each}
    targets = [round(place * max(sums)) for place in places]
    assert smallest_sums(lists, targets) == [min(s for s in sums if s >= t) for t in targets]


def test_a_random_large_shop_agrees_with_the_best_choice_of_each_course() -> None:
    random = Random(7)
    lines = tuple(
        Line(
            i,
            Decimal(random.randint(5_000, 50_000)) / 100,
            tuple(
                held(10 * i + k, CouponType.CASH, Decimal(random.randint(1, 40))) for k in (1, 2)
            ),
        )
        for i in range(1, 9)
    )
    whole = sum(fen(line.price) for line in lines)
    goals = tuple(
        held(900 + i, CouponType.THRESHOLD, Decimal(400 + 40 * i), Decimal(whole // 100 + 20 * i))
        for i in range(4)
    )
    basket = Basket(lines, goals)
    courses = [(1000 + i, random.randint(100, 30_000)) for i in range(300)]
    without = best(basket).breakdown.total
    expected = []
    for course_id, price in courses:
        line = Line(course_id, yuan(price))
        total = best(replace(basket, lines=(*lines, line))).breakdown.total
        if total < without:
            expected.append(TopUp(course_id, total, without - total))
    expected.sort(key=lambda one: (-one.saves, one.course_id))
    assert len(expected) > MOST
    assert found(basket, courses, {}) == expected[:MOST]
