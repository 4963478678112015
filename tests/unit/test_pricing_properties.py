"""The pricing held against brute force, on random settlements.

The brute force is written from the rules of money (docs/api.md), in whole fen, and shares no
arithmetic with the code under test. ``PRICING_EXAMPLES`` says how many settlements `best` is tried
on.
"""

import os
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations, product
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.rules import pricing
from api.rules.coupons import CouponType, HeldCoupon
from api.rules.money import divide
from api.rules.pricing import Basket, Breakdown, Choice, Line, breakdown, choose
from api.rules.reachable_sums import Search
from tests.support.baskets import best, held

EXAMPLES = int(os.environ.get("PRICING_EXAMPLES", "300"))
SLOWLY = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
BRIEFLY = settings(SLOWLY, max_examples=min(EXAMPLES, 1000))


# The rules of money once more, by hand.


def fen(yuan: Decimal) -> int:
    whole = yuan * 100
    assert whole == int(whole)
    return int(whole)


def off(coupon: HeldCoupon | None, base: int) -> int:
    if coupon is None:
        return 0
    worth = coupon.worth
    if worth.coupon_type == CouponType.DISCOUNT:
        percent = 100 if worth.off_percent is None else worth.off_percent
        leaves, rest = divmod(base * percent, 100)
        leaves += rest >= 50
        off = max(base - leaves, 0)
        return off if worth.max_off is None else min(off, fen(worth.max_off))
    if worth.coupon_type == CouponType.THRESHOLD and base < fen(worth.minimum_consume):
        return 0
    return min(fen(worth.money_equivalent_value), base)


def total_of(
    lines: Iterable[tuple[int, HeldCoupon | None]], global_coupon: HeldCoupon | None
) -> int:
    left = sum(price - off(coupon, price) for price, coupon in lines)
    return left - off(global_coupon, left)


def sums_left(basket: Basket) -> set[int]:
    """The sum left of every combination of course coupons."""
    pays = [
        {fen(line.price) - off(coupon, fen(line.price)) for coupon in (None, *line.coupons)}
        for line in basket.lines
    ]
    return {sum(combination) for combination in product(*pays)}


def coupon_of(coupons: Iterable[HeldCoupon], record_id: int | None) -> HeldCoupon | None:
    return next((coupon for coupon in coupons if coupon.record_id == record_id), None)


# Random settlements: small amounts, so that sums meet, and minimums where they matter.


def yuan(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


# CouponType, percentage, end and whether it has a most in one draw: drawing is what takes the time.
KINDS = [(CouponType.CASH, 100, False)] * 6 + [(CouponType.THRESHOLD, 100, False)] * 6
KINDS += [
    (CouponType.DISCOUNT, percent, capped)
    for percent in (0, 1, 37, 50, 79, 99, 100, 107)
    for capped in (False, percent in (0, 1, 37, 50, 79))
]
ENDS = [None, *(date(2024, 5, 1) + timedelta(days=i) for i in range(3))]
COUNTS = st.sampled_from([0, 1, 1, 2, 2, 3, 4])
SHAPES = st.sampled_from(
    [(kind, percent, end, capped) for kind, percent, capped in KINDS for end in ENDS]
)


@st.composite
def settlements(draw: st.DrawFn) -> Basket:
    unit = draw(st.sampled_from([1, 1, 50, 100, 333]))
    top = draw(st.sampled_from([4, 20, 120, 999]))
    amounts = st.integers(0, top).map(lambda amount: amount * unit)
    ids = iter(draw(st.permutations(range(1, 25))))

    def coupon(minimum: int) -> HeldCoupon:
        kind, percent, ends, capped = draw(SHAPES)
        value = yuan(draw(amounts))
        most = value if capped else None
        return held(next(ids), kind, value, yuan(max(minimum, 0)), percent, ends, most)

    lines = []
    for course_id in range(draw(st.integers(0, 5))):
        price = draw(amounts)
        coupons = tuple(
            coupon(price + draw(st.sampled_from([-unit, -1, 0, 0, 1]))) for _ in range(draw(COUNTS))
        )
        chosen = draw(st.sampled_from([None, *(c.record_id for c in coupons)]))
        lines.append(Line(course_id, yuan(price), coupons, chosen))
    reachable = sorted(sums_left(Basket(tuple(lines))))
    global_coupons = tuple(
        coupon(draw(st.sampled_from(reachable)) + draw(st.sampled_from([-1, 0, 0, 1])))
        for _ in range(draw(st.integers(0, 4)))
    )
    chosen = draw(st.sampled_from([None, *(c.record_id for c in global_coupons)]))
    return Basket(tuple(lines), global_coupons, chosen)


def assert_adds_up(priced: Breakdown) -> None:
    for line in priced.lines:
        assert line.price - line.discount - line.share == line.pay
        assert min(line.price, line.discount, line.share, line.pay) >= 0
    assert sum(line.pay for line in priced.lines) == priced.total
    assert sum(line.price for line in priced.lines) == priced.subtotal
    assert sum(line.discount for line in priced.lines) == priced.course_discount
    assert sum(line.share for line in priced.lines) == priced.global_discount


@SLOWLY
@given(settlements())
def test_best_has_the_lowest_total_there_is_with_every_site_wide_coupon(
    basket: Basket,
) -> None:
    sums = sums_left(basket)
    expected = {
        coupon.record_id if coupon else None: min(left - off(coupon, left) for left in sums)
        for coupon in (None, *basket.coupons)
    }
    found = best(basket)
    assert fen(found.breakdown.total) == min(expected.values())
    totals = {alternative.coupon: fen(alternative.total) for alternative in found.alternatives}
    assert totals | {found.choice.global_coupon: fen(found.breakdown.total)} == expected
    assert len(totals) == len(expected) - 1
    assert found.saves == breakdown(basket).total - found.breakdown.total >= 0
    assert found.basket == choose(basket, found.choice)
    assert found.breakdown == breakdown(found.basket)
    assert_adds_up(found.breakdown)
    assert_none_too_many(basket, found.choice, min(expected.values()))
    assert_sooner_ending(basket, found.choice)


def assert_none_too_many(basket: Basket, choice: Choice, total: int) -> None:
    """Whatever is left out of the chosen coupons, one or several, the total rises."""
    prices = [fen(line.price) for line in basket.lines]
    chosen = [
        coupon_of(line.coupons, record_id)
        for line, record_id in zip(basket.lines, choice.lines, strict=True)
    ]
    chosen.append(coupon_of(basket.coupons, choice.global_coupon))
    assert total_of(zip(prices, chosen[:-1], strict=True), chosen[-1]) == total
    used = [place for place, coupon in enumerate(chosen) if coupon]
    for count in range(1, len(used) + 1):
        for out in combinations(used, count):
            kept = [None if place in out else coupon for place, coupon in enumerate(chosen)]
            assert total_of(zip(prices, kept[:-1], strict=True), kept[-1]) > total


def assert_sooner_ending(basket: Basket, choice: Choice) -> None:
    for line, record_id in zip(basket.lines, choice.lines, strict=True):
        chosen = coupon_of(line.coupons, record_id)
        price = fen(line.price)
        if chosen:
            same = [c for c in line.coupons if off(c, price) == off(chosen, price)]
            assert chosen == min(same, key=lambda c: (c.last_day or date.max, c.record_id))


@BRIEFLY
@given(settlements(), st.randoms(use_true_random=False))
def test_best_does_not_depend_on_the_order_of_the_coupons_or_the_present_choice(
    basket: Basket, random: Random
) -> None:
    def shuffled(coupons: tuple[HeldCoupon, ...]) -> tuple[HeldCoupon, ...]:
        return tuple(random.sample(coupons, len(coupons)))

    lines = tuple(Line(line.course_id, line.price, shuffled(line.coupons)) for line in basket.lines)
    other = Basket(lines, shuffled(basket.coupons))
    assert best(other).choice == best(basket).choice


@BRIEFLY
@given(settlements())
def test_a_quote_adds_up_and_tells_of_every_coupon_what_choosing_it_would_save(
    basket: Basket,
) -> None:
    priced = breakdown(basket)
    assert pricing.total_of(basket) == priced.total
    assert_adds_up(priced)
    prices = [fen(line.price) for line in basket.lines]
    present = [coupon_of(line.coupons, line.chosen) for line in basket.lines]
    global_coupon = coupon_of(basket.coupons, basket.chosen)
    total = total_of(zip(prices, present, strict=True), global_coupon)
    assert fen(priced.total) == total

    savess: dict[int, int] = {}
    for i, line in enumerate(basket.lines):
        for coupon in line.coupons:
            swapped = [*present[:i], coupon, *present[i + 1 :]]
            after = total_of(zip(prices, swapped, strict=True), global_coupon)
            savess[coupon.record_id] = total - after
        if present[i] and off(present[i], prices[i]):
            del savess[line.chosen or 0]
    for coupon in basket.coupons:
        after = total_of(zip(prices, present, strict=True), coupon)
        savess[coupon.record_id] = total - after
    if global_coupon and priced.global_discount:
        del savess[global_coupon.record_id]
    assert {idle.coupon: fen(idle.saves) for idle in priced.idle} == savess


@BRIEFLY
@given(st.lists(st.integers(0, 50), max_size=8), st.data())
def test_parts_add_up_and_are_never_more_than_their_weights(
    weights: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(weights)))
    parts = divide(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - amount * weight) < max(sum(weights), 1)


@BRIEFLY
@given(
    st.integers(1, 7).flatmap(
        lambda unit: st.lists(
            st.sets(st.sampled_from([1, 2, 40, 100, 101, 200, 500]).map(lambda n: n * unit)).map(
                lambda amounts: sorted({0, *amounts})
            ),
            max_size=20,
        )
    ),
    st.lists(st.floats(0, 1), max_size=4),
)
def test_the_search_finds_the_smallest_sum_from_every_target(
    lists: list[list[int]], places: list[float]
) -> None:
    reachable = {0}
    for amounts in lists:
        reachable = {total + amount for total in reachable for amount in amounts}
    targets = {round(place * max(reachable)) for place in places}
    search = Search(lists, targets)
    for target in targets:
        expected = min(total for total in reachable if total >= target)
        assert search.smallest_from(target) == expected
        found = search.amounts_from(target)
        assert sum(found) == expected
        assert all(amount in amounts for amount, amounts in zip(found, lists, strict=True))
