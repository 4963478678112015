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


def test_of_equal_ones_those_that_need_something_put_back_are_given_by_their_ids_too() -> None:
    # Of 410 left at best, 90 more fill the gap, or 50 more with the 40 put back.
    alone = [(course_id, 90) for course_id in range(100, 112)]
    basket = basket_of(450, threshold(500, 200), cash=40)
    ids = [i for i, _ in ids_and_totals(basket, (200, 50), *alone, (2, 50))]
    assert ids == [2, *range(100, 109)]


def test_a_small_id_is_found_among_many_that_cost_more_and_are_as_good() -> None:
    # Whatever a course adds, from 50 to 89, as much can be put back that the gap is filled.
    own = tuple(held(i, CouponType.CASH, Decimal(i)) for i in range(1, 41))
    basket = Basket((Line(1, Decimal(450), own),), (threshold(500, 200),))
    courses = [*((i, i - 50) for i in range(100, 132)), (150, 85), (2, 86)]
    ids = [i for i, _ in ids_and_totals(basket, *courses)]
    assert ids == [2, *range(100, 109)]


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
        threshold(400, 200),
        threshold(1000, 200),  # out of reach of what it saves
        threshold(650, 200),
        held(9, CouponType.CASH, Decimal(100)),
        held(9, CouponType.DISCOUNT, percent=50, most=Decimal(10)),
    ],
    ids=["reached", "reached by far", "too far", "at what it saves", "cash", "discount"],
)
def test_no_course_helps_where_no_minimum_is_just_out_of_reach(coupon: HeldCoupon) -> None:
    assert open_of(basket_of(450, coupon)) is None
    assert ids_and_totals(basket_of(450, coupon), (2, 1), (3, 50), (4, 500), (5, 600)) == []


def test_an_empty_basket_cannot_be_brought_down() -> None:
    assert open_of(Basket((), (threshold(100, 200),))) is None


def test_a_course_is_found_that_saves_one_fen_and_none_that_saves_nothing() -> None:
    basket = basket_of(450, threshold(500, 200))
    assert found(basket, [(2, 19_999), (3, 20_000)], {}) == [
        TopUp(2, Decimal("449.99"), Decimal("0.01"))
    ]


def test_the_last_fen_of_a_total_is_saved_too() -> None:
    basket = Basket(
        (Line(1, Decimal("0.01")),), (held(9, CouponType.THRESHOLD, *[Decimal("0.02")] * 2),)
    )
    assert found(basket, [(2, 1)], {}) == [TopUp(2, Decimal(0), Decimal("0.01"))]


def test_a_coupon_of_a_single_fen_on_the_course_counts() -> None:
    own = {2: [held(20, CouponType.CASH, Decimal("0.01"))]}
    assert found(basket_of(450, threshold(500, 200)), [(2, 20_000)], own) == [
        TopUp(2, Decimal("449.99"), Decimal("0.01"))
    ]


def test_a_course_that_fills_the_gap_only_if_everything_is_put_back_is_found() -> None:
    # 450 less 40 is 410: 50 more, and the 40 put back, are 500.
    basket = basket_of(450, threshold(500, 200), cash=40)
    assert ids_and_totals(basket, (2, 49), (3, 50), (4, 51)) == [(3, 300), (4, 301)]


def test_between_two_lesser_coupons_the_one_is_taken_that_puts_back_enough() -> None:
    # At best 380 are left; 30, 60 or 100 can be put back, and 120 are missing.
    own = tuple(held(i, CouponType.CASH, Decimal(off)) for i, off in enumerate((40, 100, 70), 1))
    basket = Basket((Line(1, Decimal(480), own),), (threshold(500, 200),))
    assert ids_and_totals(basket, (2, 90), (3, 61), (4, 60), (5, 50), (6, 19)) == [
        (2, 300),
        (4, 300),
        (3, 301),
        (5, 330),
    ]


def test_a_course_costs_what_its_own_coupon_leaves_of_it() -> None:
    own = {2: [held(20, CouponType.CASH, Decimal(40)), held(21, CouponType.CASH, Decimal(10))]}
    basket = basket_of(450, threshold(500, 200))
    assert found(basket, [(2, 10_000)], own) == [TopUp(2, Decimal(310), Decimal(140))]


def test_the_coupon_of_a_course_is_left_where_with_it_the_gap_would_stay() -> None:
    own = {2: [held(20, CouponType.CASH, Decimal(40))], 3: [held(30, CouponType.CASH, Decimal(9))]}
    basket = basket_of(450, threshold(500, 200))
    assert found(basket, [(2, 8_900), (3, 5_900)], own) == [
        TopUp(3, Decimal(300), Decimal(150)),
        TopUp(2, Decimal(339), Decimal(111)),
    ]


def test_a_course_dearer_than_what_it_saves_is_found_if_its_own_coupon_makes_up_for_it() -> None:
    own = {2: [held(20, CouponType.CASH, Decimal(900))]}
    basket = basket_of(450, threshold(500, 200))
    assert found(basket, [(2, 95_000)], own) == [TopUp(2, Decimal(300), Decimal(150))]


@pytest.mark.parametrize("values", [(200, 100), (100, 200)])
def test_of_two_coupons_with_one_minimum_the_one_that_takes_more_off_counts(
    values: tuple[int, int],
) -> None:
    coupons = [
        held(9 + i, CouponType.THRESHOLD, Decimal(v), Decimal(500)) for i, v in enumerate(values)
    ]
    assert ids_and_totals(basket_of(450, *coupons), (2, 60)) == [(2, 310)]


def test_each_course_is_given_once_with_the_minimum_that_saves_most() -> None:
    # With 60 more the first minimum is reached, with 160 the second one too.
    coupons = [
        held(8, CouponType.THRESHOLD, Decimal(100), Decimal(500)),
        held(9, CouponType.THRESHOLD, Decimal(300), Decimal(600)),
    ]
    basket = basket_of(450, *coupons)
    assert ids_and_totals(basket, (2, 60), (3, 160), (4, 20), (5, 80)) == [
        (3, 310),
        (2, 410),
        (5, 430),
    ]


def test_a_course_that_costs_more_than_the_minimum_that_it_reaches_saves_is_not_found() -> None:
    # The second minimum saves more, and is out of reach of the first of the two courses.
    coupons = [threshold(500, 200), held(8, CouponType.THRESHOLD, Decimal(210), Decimal(655))]
    assert ids_and_totals(basket_of(450, *coupons), (2, 201), (3, 205), (4, 200)) == [(3, 445)]


def test_a_minimum_already_reached_is_no_goal_but_counts_for_what_is_paid_now() -> None:
    coupons = [
        held(8, CouponType.THRESHOLD, Decimal(100), Decimal(450)),
        held(9, CouponType.THRESHOLD, Decimal(200), Decimal(500)),
    ]
    assert ids_and_totals(basket_of(450, *coupons), (2, 60), (3, 99), (4, 100)) == [
        (2, 310),
        (3, 349),
    ]


def test_the_best_of_many_courses_is_found_wherever_its_id_stands() -> None:
    # All of them need something put back; only the last one nothing but the 40.
    basket = basket_of(450, threshold(500, 200), cash=40)
    courses = [(i, 51 + i % 20) for i in range(100, 400)] + [(400, 50)]
    expected = sorted((251 + adds - 1, i) for i, adds in courses)[:MOST]
    assert ids_and_totals(basket, *courses) == [(i, total) for total, i in expected]


@pytest.mark.parametrize(
    ("minimum", "value", "total"),
    [(600, 350, 260), (580, 280, 330), (610, 410, 200), (560, 230, 380)],
)
def test_of_two_minimums_that_a_course_reaches_the_one_with_the_lower_total_counts(
    minimum: int, value: int, total: int
) -> None:
    coupons = [threshold(500, 200), held(8, CouponType.THRESHOLD, Decimal(value), Decimal(minimum))]
    assert ids_and_totals(basket_of(450, *coupons), (2, 160)) == [(2, total)]


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
