"""What a coupon is in words, where it works, and how its days stand (contract §5, §9)."""

import datetime as dt
from decimal import Decimal

import pytest

from api.rules.coupons import (
    CouponType,
    HeldCoupon,
    Scope,
    State,
    Terms,
    UseDays,
    Window,
    Worth,
    scope_of,
)

D = Decimal
DAY = dt.timedelta(days=1)


def may(day: int) -> dt.date:
    return dt.date(2026, 5, day)


# What it takes off


@pytest.mark.parametrize(
    ("worth", "words"),
    [
        (Worth.of(0, 40, 0, None, None), "立减40"),
        (Worth.of(0, D("0.50"), 0, None, None), "立减0.5"),
        (Worth.of(1, 200, 500, None, None), "满500减200"),
        (Worth.of(1, D("1E+2"), 0, None, None), "满0减100"),
        (Worth.of(1, 5, None, None, None), "满0减5"),
        (Worth.of(2, None, None, 79, None), "7.9折"),
        (Worth.of(2, None, None, 80, 100), "8折，最高减100"),
        (Worth.of(2, None, None, 5, None), "0.5折"),
    ],
)
def test_buyers_say_what_it_takes_off(worth: Worth, words: str) -> None:
    assert worth.words == words


@pytest.mark.parametrize("kind", list(CouponType))
@pytest.mark.parametrize("nothing", [None, 0])
def test_one_that_takes_nothing_off_has_no_words(kind: CouponType, nothing: int | None) -> None:
    assert Worth.of(kind, nothing, 100, nothing, 100).words == ""


@pytest.mark.parametrize(
    ("worth", "most"),
    [
        (Worth.of(0, 40, 0, None, None), 40),
        (Worth.of(1, 200, 500, None, None), 200),
        (Worth.of(2, 0, 0, 80, 100), 100),
        (Worth.of(2, 0, 0, 80, None), None),
    ],
)
def test_one_coupon_costs_the_shop_at_most_its_value_and_a_discount_its_most(
    worth: Worth, most: int | None
) -> None:
    assert worth.most == most


def test_what_the_type_does_not_use_is_no_difference() -> None:
    assert Worth.of(0, 40, 500, 79, 10) == Worth.of(0, 40, None, None, None)
    assert Worth.of(1, 40, 500, 79, 10) == Worth.of(1, 40, 500, None, None)
    discount = Worth.of(2, 40, 500, 79, None)
    assert (discount.money_equivalent_value, discount.minimum_consume) == (0, 0)


# Where it works


@pytest.mark.parametrize(
    ("object_id", "bound_model", "scope"),
    [
        (None, None, Scope.SITE_WIDE),
        (0, "course", Scope.SITE_WIDE),
        (7, "course", Scope.COURSE),
        (7, None, Scope.COURSE),
        (7, "degreecourse", Scope.ELSEWHERE),
    ],
)
def test_what_a_coupon_is_bound_to_says_where_it_works(
    object_id: int | None, bound_model: str | None, scope: Scope
) -> None:
    assert scope_of(object_id, bound_model, "course") is scope


@pytest.mark.parametrize(
    ("scope", "course_id", "works"),
    [
        (Scope.SITE_WIDE, None, {None}),
        (Scope.COURSE, 7, {7}),
        (Scope.ELSEWHERE, None, set()),
    ],
)
def test_a_coupon_works_in_the_one_place_that_it_is_bound_to(
    scope: Scope, course_id: int | None, works: set[int | None]
) -> None:
    terms = Terms(Worth.of(0, 40, 0, None, None), UseDays(), scope, course_id)
    assert {place for place in (None, 6, 7, 8) if HeldCoupon(1, terms).works_on(place)} == works


# How its days stand


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (2, State.PENDING),
        (3, State.RUNNING),
        (4, State.RUNNING),
        (5, State.RUNNING),
        (6, State.ENDED),
    ],
)
def test_days_run_from_the_first_to_the_last_of_them(day: int, state: State) -> None:
    assert Window(may(3), may(5)).state_on(may(day)) is state
    assert UseDays(may(3), may(5)).state_on(may(day), Window(may(1), may(9))) is state
    # Received on the 3rd or the 4th, for two days each.
    assert UseDays(None, None, 2).state_on(may(day), Window(may(3), may(4))) is state


def test_a_coupon_that_is_switched_off_is_so_on_whatever_day() -> None:
    worth, days, receipt = (
        Worth.of(0, 40, 0, None, None),
        UseDays(may(3), may(5)),
        Window(may(1), may(9)),
    )
    for day in (2, 4, 6):
        assert Terms(worth, days, disabled=True).use_state_on(may(day), receipt) is State.DISABLED
    assert Terms(worth, days).use_state_on(may(4), receipt) is State.RUNNING


@pytest.mark.parametrize("days", [None, 0])
def test_without_days_it_has_ended_for_all_and_has_no_last_day(days: int | None) -> None:
    none, receipt = UseDays(may(3), None, days), Window(may(1), may(9))
    assert none.state_on(may(3), receipt) is State.ENDED
    assert none.last_day(receipt) is None
    assert none.is_over(may(3), may(3))


def test_the_last_day_is_that_of_whoever_received_it_last() -> None:
    receipt = Window(may(1), may(4))
    assert UseDays(None, None, 2).last_day(receipt) == may(5)
    assert UseDays(may(3), may(9)).last_day(receipt) == may(9)


@pytest.mark.parametrize("day", [1, 3, 4])
def test_it_is_not_over_before_its_last_day_ends(day: int) -> None:
    assert not UseDays(None, None, 2).is_over(may(3), may(day))


@pytest.mark.parametrize("later", [1, 30])
def test_it_is_over_on_each_day_after_the_last(later: int) -> None:
    assert UseDays(None, None, 2).is_over(may(3), may(4) + later * DAY)


@pytest.mark.parametrize(
    ("days", "until", "window"),
    [
        (UseDays(may(3), may(5)), 8, (3, 8)),
        (UseDays(may(3), may(5)), 2, (2, 2)),
        (UseDays(None, None, 2), 8, (4, 8)),
        (UseDays(), 8, (4, 8)),
        (UseDays(), 2, (2, 2)),
    ],
    ids=["longer", "over before it began", "counted days", "no days", "no days, over"],
)
def test_a_record_s_own_last_day_takes_the_place_of_the_coupon_s(
    days: UseDays, until: int, window: tuple[int, int]
) -> None:
    assert days.of_receipt(may(4), may(until)) == Window(may(window[0]), may(window[1]))


def test_a_record_without_days_has_no_last_one() -> None:
    terms = Terms(Worth.of(0, 40, 0, None, None))
    assert HeldCoupon(1, terms).last_day is None
    assert HeldCoupon(1, terms, Window(may(3), may(5))).last_day == may(5)
