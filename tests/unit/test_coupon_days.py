"""On which days a coupon can be used (contract §5): the rule alone."""

import datetime as dt
from dataclasses import replace

import pytest

from api.rules.coupons import HeldCoupon, Terms, UseDays, Window, Worth

MAY_1, MAY_7, MAY_8 = dt.date(2026, 5, 1), dt.date(2026, 5, 7), dt.date(2026, 5, 8)


def test_two_dates_are_the_first_and_the_last_day():
    assert UseDays(MAY_1, MAY_7, None).of_receipt(MAY_8) == Window(MAY_1, MAY_7)


def test_two_dates_go_before_a_number_of_days():
    assert UseDays(MAY_1, MAY_7, 365).of_receipt(MAY_8) == Window(MAY_1, MAY_7)


def test_days_are_counted_from_the_day_of_receipt_which_is_the_first():
    assert UseDays(None, None, 7).of_receipt(MAY_1) == Window(MAY_1, MAY_7)


def test_one_day_is_the_day_of_receipt():
    assert UseDays(None, None, 1).of_receipt(MAY_1) == Window(MAY_1, MAY_1)


@pytest.mark.parametrize(("begin", "end"), [(MAY_8, None), (None, MAY_1)])
def test_one_date_alone_says_nothing_beside_a_number_of_days(begin, end):
    assert UseDays(begin, end, 7).of_receipt(MAY_1) == Window(MAY_1, MAY_7)


@pytest.mark.parametrize(
    ("begin", "end", "days"),
    [(None, None, None), (MAY_1, None, None), (None, MAY_8, None), (None, None, 0)],
)
def test_without_two_dates_or_a_number_of_days_there_is_no_day(begin, end, days):
    assert UseDays(begin, end, days).of_receipt(MAY_1) is None


def test_more_days_than_the_calendar_has_end_with_it():
    assert UseDays(None, None, 2**31 - 1).of_receipt(MAY_1) == Window(MAY_1, dt.date.max)


def test_a_coupon_received_on_the_calendars_last_day_is_valid_on_it():
    assert UseDays(None, None, 7).of_receipt(dt.date.max) == Window(dt.date.max, dt.date.max)


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        (dt.date(2026, 4, 30), False),
        (MAY_1, True),
        (dt.date(2026, 5, 2), True),
        (MAY_7, True),
        (MAY_8, False),
    ],
)
def test_a_window_holds_its_first_and_its_last_day(day, holds):
    assert Window(MAY_1, MAY_7).holds(day) is holds


def test_a_record_without_days_is_never_usable():
    terms = Terms(Worth.of(0, 40, 0, None, None))

    assert not HeldCoupon(1, terms, None).usable_on(MAY_1)
    assert HeldCoupon(1, terms, Window(MAY_1, MAY_1)).usable_on(MAY_1)


def test_one_that_is_switched_off_is_usable_on_no_day_and_says_where_this_alone_is_why():
    worth, day = Worth.of(0, 40, 0, None, None), Window(MAY_7, MAY_7)
    in_use, off = (HeldCoupon(1, Terms(worth, disabled=off), day) for off in (False, True))
    spent = replace(off, free=False)

    usable = [coupon.usable_on(MAY_7) for coupon in (in_use, off, spent)]
    only_off = [coupon.only_disabled_on(MAY_7) for coupon in (in_use, off, spent)]

    assert (usable, only_off) == ([True, False, False], [False, True, False])
    assert not off.only_disabled_on(MAY_8)
