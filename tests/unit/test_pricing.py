"""The rules of money, case by case. Amounts are worked out by hand."""

from datetime import date
from decimal import Decimal, localcontext

import pytest

from api.rules.best_choice import Alternative
from api.rules.coupons import CouponType, HeldCoupon
from api.rules.money import NotMoney, divide, to_fen
from api.rules.pricing import Basket, Choice, Line, NotOffered, Reason, breakdown, choose
from tests.support.baskets import best, held

D = Decimal


def cut(record_id: int, value: str, ends: date | None = None) -> HeldCoupon:
    return held(record_id, CouponType.CASH, value=D(value), ends=ends)


def threshold(record_id: int, minimum: str, value: str) -> HeldCoupon:
    return held(record_id, CouponType.THRESHOLD, value=D(value), minimum=D(minimum))


def percent(record_id: int, percent: int, most: str | None = None) -> HeldCoupon:
    at_most = None if most is None else D(most)
    return held(record_id, CouponType.DISCOUNT, percent=percent, most=at_most)


def course(price: str, *coupons: HeldCoupon, chosen: int | None = None, course_id: int = 1) -> Line:
    return Line(course_id, D(price), coupons, chosen)


def one(price: str, coupon: HeldCoupon) -> Basket:
    return Basket((course(price, coupon, chosen=coupon.record_id),))


def bare(*prices: str) -> tuple[Line, ...]:
    return tuple(course(price, course_id=i) for i, price in enumerate(prices))


# Rounding


@pytest.mark.parametrize(
    ("yuan", "fen"),
    [("599.0", 59900), ("0.005", 1), ("0.0049", 0), ("0.015", 2), ("0.025", 3), ("1E+2", 10000)],
)
def test_an_amount_is_rounded_half_up_to_fen(yuan: str, fen: int) -> None:
    assert to_fen(D(yuan)) == fen


def test_the_rounding_is_not_swayed_by_the_callers_context() -> None:
    with localcontext() as context:
        context.prec, context.rounding = 3, "ROUND_DOWN"
        priced = breakdown(one("12345.675", percent(1, 50)))
    assert (priced.subtotal, priced.total) == (D("12345.68"), D("6172.84"))


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+60"])
def test_what_cannot_be_counted_is_refused(amount: str) -> None:
    with pytest.raises(NotMoney):
        breakdown(Basket((course(amount),)))


def test_a_float_never_enters() -> None:
    with pytest.raises(TypeError):
        to_fen(0.1)  # type: ignore[arg-type]  # no type that it takes


def test_a_price_with_more_than_two_places_is_rounded_before_any_coupon() -> None:
    priced = breakdown(one("10.005", percent(1, 50)))
    assert (priced.subtotal, priced.total) == (D("10.01"), D("5.01"))


def test_every_amount_has_two_places() -> None:
    priced = breakdown(one("599.0", cut(1, "60")))
    assert [str(priced.subtotal), str(priced.total)] == ["599.00", "539.00"]
    assert str(priced.global_discount) == "0.00"


# A coupon on a course


def test_a_cut_takes_its_value_off() -> None:
    assert breakdown(one("122.0", cut(1, "40"))).total == D("82.00")


def test_a_cut_takes_at_most_the_price_off() -> None:
    assert breakdown(one("12.5", cut(1, "40"))).lines[0].discount == D("12.50")


def test_a_threshold_works_at_exactly_its_minimum() -> None:
    assert breakdown(one("100.00", threshold(1, "100", "60"))).total == D("40.00")


def test_a_threshold_one_fen_below_takes_nothing_off_and_says_what_is_missing() -> None:
    priced = breakdown(one("99.99", threshold(1, "100", "60")))
    assert (priced.total, priced.lines[0].coupon) == (D("99.99"), 1)
    [idle] = priced.idle
    assert (idle.reason, idle.short) == (Reason.BELOW_MINIMUM, D("0.01"))
    assert idle.message == "未达到使用门槛，还差 0.01 元"


def test_a_percentage_is_what_is_left_to_pay() -> None:
    assert breakdown(one("599.0", percent(1, 79))).total == D("473.21")


def test_a_discount_without_a_percentage_takes_nothing_off() -> None:
    assert breakdown(one("599.0", held(1, CouponType.DISCOUNT))).total == D("599.00")


@pytest.mark.parametrize(
    ("price", "total"),
    [("499.99", "399.99"), ("500", "400.00"), ("500.01", "400.01"), ("900", "800.00")],
)
def test_a_discount_takes_at_most_its_most_off(price: str, total: str) -> None:
    assert breakdown(one(price, percent(1, 80, "100"))).total == D(total)


def test_a_discount_below_its_most_is_as_without_it() -> None:
    # 80 % of 0.03 is 0.024, rounded to 0.02; and of 499.97 it is 399.976, rounded to 399.98.
    for price, total in (("0.03", "0.02"), ("499.97", "399.98")):
        assert breakdown(one(price, percent(1, 80, "100"))).total == D(total)


def test_a_most_below_0_takes_nothing_off() -> None:
    assert breakdown(one("500", percent(1, 80, "-1"))).total == D(500)


def test_a_site_wide_discount_takes_its_most_once_and_not_for_each_course() -> None:
    priced = breakdown(Basket(bare("300", "600"), (percent(1, 50, "90"),), 1))
    assert (priced.total, priced.global_discount) == (D(810), D(90))
    assert [line.share for line in priced.lines] == [D(30), D(60)]


def test_the_best_choice_sees_where_a_most_makes_a_discount_the_lesser_one() -> None:
    capped, cash = percent(1, 50, "100"), cut(2, "120")
    for price, record_id in (("200", 2), ("239.99", 2), ("1000", 2)):
        assert best(Basket((course(price, capped, cash),))).choice.lines == (record_id,)
    capped = percent(1, 50, "130")
    for price, record_id in (("239.98", 2), ("240.02", 1), ("1000", 1)):
        assert best(Basket((course(price, capped, cash),))).choice.lines == (record_id,)


def test_half_a_fen_left_by_a_percentage_is_rounded_up() -> None:
    assert breakdown(one("0.01", percent(1, 50))).total == D("0.01")


@pytest.mark.parametrize(
    ("coupon", "total"),
    [
        (percent(1, 120), "10.00"),
        (percent(1, -5), "0.00"),
        (cut(1, "-3"), "10.00"),
        (threshold(1, "-100", "3"), "7.00"),
        (threshold(1, "0", "1E+15"), "0.00"),
    ],
)
def test_a_strange_coupon_never_raises_a_price_nor_makes_it_negative(
    coupon: HeldCoupon, total: str
) -> None:
    assert breakdown(one("10", coupon)).total == D(total)


def test_a_negative_price_counts_as_free() -> None:
    assert breakdown(Basket(bare("-1", "3"))).total == D("3.00")


# A site-wide coupon


def test_a_site_wide_minimum_is_judged_on_the_sum_left() -> None:
    lines = (course("100", cut(1, "0.01"), chosen=1), course("100", course_id=2))
    priced = breakdown(Basket(lines, (threshold(9, "200", "50"),), 9))
    assert (priced.global_coupon, priced.global_discount) == (9, D("0.00"))
    assert priced.idle[-1].short == D("0.01")


def test_a_site_wide_discount_is_shared_by_what_is_left_of_each_course() -> None:
    lines = (course("100", cut(1, "50"), chosen=1), course("150", course_id=2))
    priced = breakdown(Basket(lines, (cut(9, "20"),), 9))
    assert [line.share for line in priced.lines] == [D("5.00"), D("15.00")]
    assert [line.pay for line in priced.lines] == [D("45.00"), D("135.00")]


def test_the_largest_remainder_gets_the_fen_left_over() -> None:
    assert divide(10, [1, 5, 8]) == [1, 3, 6]  # 0.71, 3.57, 5.71


def test_of_equal_remainders_the_earlier_course_gets_the_fen() -> None:
    assert divide(5, [7, 7, 7]) == [2, 2, 1]


def test_a_free_course_has_no_share() -> None:
    assert divide(1, [0, 3, 0]) == [0, 1, 0]
    assert divide(0, [0, 0]) == [0, 0]


def test_a_site_wide_cut_larger_than_the_sum_leaves_nothing() -> None:
    priced = breakdown(Basket(bare("1.01", "0", "2.02"), (cut(9, "50"),), 9))
    assert [line.pay for line in priced.lines] == [D("0.00")] * 3
    assert priced.global_discount == D("3.03")


def test_nothing_settled_costs_nothing() -> None:
    priced = breakdown(Basket((), (percent(9, 50),), 9))
    assert (priced.lines, priced.total) == ((), D("0.00"))
    assert priced.idle[0].reason is Reason.WORTH_NOTHING


def test_a_chosen_id_that_is_not_offered_counts_as_none() -> None:
    priced = breakdown(Basket((course("5", chosen=7),), (), 8))
    assert (priced.lines[0].coupon, priced.global_coupon, priced.total) == (None, None, D("5.00"))


# What is not at work, and what choosing it would save


def test_a_coupon_at_work_is_not_idle() -> None:
    assert breakdown(one("10", cut(1, "1"))).idle == ()


def test_a_coupon_not_chosen_says_what_it_would_save() -> None:
    [idle] = breakdown(Basket((course("10", cut(1, "4"), course_id=3),))).idle
    assert (idle.course_id, idle.coupon, idle.reason) == (3, 1, Reason.NOT_CHOSEN)
    assert (idle.saves, idle.short, idle.message) == (D("4.00"), None, "未选择此优惠券")


def test_a_chosen_coupon_that_takes_nothing_is_worth_nothing_and_would_save_nothing() -> None:
    [idle] = breakdown(one("0", cut(1, "4"))).idle
    assert (idle.reason, idle.saves) == (Reason.WORTH_NOTHING, D("0.00"))


def test_a_coupon_below_its_minimum_replaces_a_better_one_at_a_loss() -> None:
    line = course("50", cut(1, "10"), threshold(2, "100", "30"), chosen=1)
    [idle] = breakdown(Basket((line,))).idle
    assert (idle.reason, idle.short, idle.saves) == (
        Reason.BELOW_MINIMUM,
        D("50.00"),
        D("-10.00"),
    )


def test_a_course_coupon_that_undoes_the_site_wide_one_has_a_negative_saves() -> None:
    lines = (course("599", cut(1, "40")), course("122", course_id=2))
    [idle] = breakdown(Basket(lines, (threshold(9, "700", "200"),), 9)).idle
    assert (idle.coupon, idle.saves) == (1, D("-160.00"))  # 521 now, 681 with it


def test_choosing_what_is_not_offered_there_is_refused() -> None:
    basket = Basket((course("1", cut(1, "1")),), (cut(9, "1"),))
    for choice in (Choice((9,), None), Choice((None,), 1)):
        with pytest.raises(NotOffered):
            choose(basket, choice)


@pytest.mark.parametrize("lines", [(), (None, None)])
def test_a_choice_for_fewer_or_more_courses_is_refused(lines: tuple[None, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):
        choose(Basket(bare("1")), Choice(lines, None))


def test_a_coupon_is_known_by_the_value_of_its_id_however_large() -> None:
    coupon, same = cut(int("100000"), "3"), int("100000")
    of_course = choose(Basket((course("10", coupon),)), Choice((same,), None))
    site_wide = choose(Basket(bare("10"), (coupon,)), Choice((None,), same))
    for basket in (of_course, site_wide):
        priced = breakdown(basket)
        assert (priced.total, priced.idle) == (D(7), ())


# The best choice


def test_the_best_choice_forgoes_course_coupons_for_a_better_site_wide_one() -> None:
    lines = (course("599", threshold(1, "100", "60"), cut(2, "40")), course("122", course_id=2))
    found = best(Basket(lines, (threshold(9, "700", "200"),)))
    assert (found.breakdown.total, found.saves) == (D("521.00"), D("200.00"))
    assert found.choice == Choice((None, None), 9)
    assert found.alternatives == (Alternative(None, D("661.00")),)


def test_the_best_choice_takes_a_lesser_coupon_to_stay_at_the_minimum() -> None:
    lines = (course("600", cut(1, "60"), cut(2, "40")), course("140", course_id=2))
    found = best(Basket(lines, (threshold(9, "700", "200"),)))
    assert (found.choice, found.breakdown.total) == (Choice((2, None), 9), D("500.00"))


def test_the_best_choice_gives_up_the_course_coupon_that_costs_least() -> None:
    # 30 must be put back: giving up the 30 does it exactly, giving up the 50 loses 20 more.
    lines = (course("300", cut(1, "50")), course("300", cut(2, "30"), course_id=2))
    found = best(Basket(lines, (threshold(9, "550", "100"),)))
    assert (found.choice, found.breakdown.total) == (Choice((1, None), 9), D("450.00"))


def test_a_minimum_that_only_the_full_prices_reach_is_reached() -> None:
    lines = (course("60", cut(1, "1")), course("40", cut(2, "1"), course_id=2))
    found = best(Basket(lines, (threshold(9, "100", "50"),)))
    assert (found.choice, found.breakdown.total) == (Choice((None, None), 9), D("50.00"))


def test_a_minimum_missed_by_one_fen_is_not_reached() -> None:
    global_coupons = (threshold(9, "100", "10"), threshold(8, "100.01", "90"))
    found = best(Basket(bare("100"), global_coupons))
    assert found.choice.global_coupon == 9
    assert found.alternatives == (Alternative(None, D("100.00")), Alternative(8, D("100.00")))


def test_a_site_wide_coupon_that_does_not_pay_is_left_out() -> None:
    found = best(Basket((course("100", cut(1, "20")),), (threshold(9, "90", "15"),)))
    assert found.choice == Choice((1,), None)
    assert found.alternatives == (Alternative(9, D("80.00")),)


def test_a_minimum_that_only_far_too_much_reaches_is_left_out() -> None:
    # 79.99 are left at best. The next more is 129.99: 10 would have been enough, and paid.
    lines = (course("100", cut(1, "50")), course("100", cut(2, "70.01"), course_id=2))
    found = best(Basket(lines, (threshold(9, "89.99", "15"),)))
    assert found.choice == Choice((1, 2), None)
    assert found.alternatives == (Alternative(9, D("79.99")),)


def test_a_minimum_out_of_reach_is_left_out_beside_coupons_of_odd_fen() -> None:
    lines = (course("10", cut(1, "0.01")), course("10", cut(2, "0.99"), course_id=2))
    found = best(Basket(lines, (threshold(9, "20.01", "15"),)))
    assert found.choice == Choice((1, 2), None)
    assert found.alternatives == (Alternative(9, D("19.00")),)


def test_of_many_site_wide_coupons_alike_the_soonest_is_taken_and_the_others_are_alternatives():
    ends = [date(2026, 1, day) for day in (9, 3, 7, 3)]
    alike = tuple(cut(record_id, "40", end) for record_id, end in enumerate(ends, start=1))
    found = best(Basket(bare("100"), coupons=(*alike, cut(9, "30"))))

    assert found.choice.global_coupon == 2
    assert found.alternatives == (
        Alternative(None, D("100.00")),
        *(Alternative(record_id, D("60.00")) for record_id in (1, 3, 4)),
        Alternative(9, D("70.00")),
    )


def test_of_two_coupons_that_do_the_same_the_one_that_ends_sooner_is_taken() -> None:
    line = course(
        "10", cut(1, "3"), cut(2, "3", date(2024, 5, 2)), percent(3, 70), cut(4, "3", date.max)
    )
    assert best(Basket((line,))).choice.lines == (2,)


def test_of_two_that_end_together_the_smaller_record_id_is_taken() -> None:
    global_coupons = (cut(12, "3"), cut(11, "3"))
    assert best(Basket((course("10", cut(2, "1"), cut(1, "1")),), global_coupons)).choice == Choice(
        (1,), 11
    )


def test_a_course_coupon_lost_in_the_rounding_is_left_out() -> None:
    # 1 % of 9.60 and of 10.00 is 0.10 alike.
    for price, total in (("10", "0.10"), ("1000.40", "10.00")):
        found = best(Basket((course(price, cut(1, "0.40")),), (percent(9, 1),)))
        assert (found.choice, found.breakdown.total) == (Choice((None,), 9), D(total))


def test_no_more_coupons_are_used_up_than_a_total_of_nothing_needs() -> None:
    lines = tuple(course("10", cut(i, "10"), course_id=i) for i in range(1, 4))
    assert best(Basket(lines, (cut(9, "30"),))).choice == Choice((None, None, None), 9)
    assert best(Basket(lines, (cut(9, "20"),))).choice.lines.count(None) == 2


def test_of_equal_totals_fewer_coupons_win_and_then_none_site_wide() -> None:
    two = (course("10", cut(1, "3")), course("10", cut(2, "3"), course_id=2))
    assert best(Basket(two, (threshold(9, "20", "6"),))).choice == Choice((None, None), 9)
    for ends in (None, date(2024, 5, 1)):
        site_wide = held(9, CouponType.THRESHOLD, D(3), D(10), ends=ends)
        assert best(Basket(two[:1], (site_wide,))).choice == Choice((1,), None)


def test_a_present_choice_that_is_best_already_saves_nothing() -> None:
    assert best(one("10", cut(1, "4"))).saves == D("0.00")


def test_nothing_settled_has_a_best_choice_too() -> None:
    assert best(Basket((), (cut(9, "1"),))).choice == Choice((), None)


def test_a_hundred_courses_are_searched_exactly() -> None:
    # Exactly the minimum is left only with the one coupon in odd fen at work.
    lines = [course("100", cut(i, str(i % 5 * 10)), course_id=i) for i in range(1, 100)]
    lines.append(course("100", cut(100, "10.01"), course_id=100))
    found = best(Basket(tuple(lines), (threshold(999, "8999.99", "8000"),)))
    assert found.breakdown.total == D("999.99")
    assert found.choice.lines[-1] == 100


def test_large_amounts_that_do_not_matter_to_the_search_are_no_obstacle() -> None:
    lines = (course("1E+15", percent(1, 50)), course("0.03", cut(2, "0.01"), course_id=2))
    found = best(Basket(lines, (cut(9, "5"),)))
    assert found.breakdown.total == D("499999999999995.02")
