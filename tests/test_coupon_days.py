"""Which coupons a settlement offers, on which days (contract §5)."""

import datetime as dt

import pytest

from api.services.coupons import HeldCoupon, Window, usable_on, window

MAY_1, MAY_7, MAY_8 = dt.date(2026, 5, 1), dt.date(2026, 5, 7), dt.date(2026, 5, 8)


# --- The rule alone -------------------------------------------------------------------------------


def test_two_dates_are_the_first_and_the_last_day():
    assert window(MAY_1, MAY_7, None, received=MAY_8) == Window(MAY_1, MAY_7)


def test_two_dates_go_before_a_number_of_days():
    assert window(MAY_1, MAY_7, 365, received=MAY_8) == Window(MAY_1, MAY_7)


def test_days_are_counted_from_the_day_of_receipt_which_is_the_first():
    assert window(None, None, 7, received=MAY_1) == Window(MAY_1, MAY_7)


def test_one_day_is_the_day_of_receipt():
    assert window(None, None, 1, received=MAY_1) == Window(MAY_1, MAY_1)


@pytest.mark.parametrize(("begin", "end"), [(MAY_8, None), (None, MAY_1)])
def test_one_date_alone_says_nothing_beside_a_number_of_days(begin, end):
    assert window(begin, end, 7, received=MAY_1) == Window(MAY_1, MAY_7)


@pytest.mark.parametrize(
    ("begin", "end", "days"),
    [(None, None, None), (MAY_1, None, None), (None, MAY_8, None), (None, None, 0)],
)
def test_without_two_dates_or_a_number_of_days_there_is_no_day(begin, end, days):
    assert window(begin, end, days, received=MAY_1) is None


def test_more_days_than_the_calendar_has_end_with_it():
    assert window(None, None, 2**31 - 1, received=MAY_1) == Window(MAY_1, dt.date.max)


def test_a_coupon_received_on_the_calendars_last_day_is_valid_on_it():
    assert window(None, None, 7, received=dt.date.max) == Window(dt.date.max, dt.date.max)


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


def test_usable_coupons_keep_their_order_and_those_without_a_day_are_left_out():
    def held(record_id: int, days: Window | None) -> HeldCoupon:
        return HeldCoupon(record_id, 0, "立减券", 40, None, 0, None, days)

    always = Window(dt.date.min, dt.date.max)
    coupons = [held(3, always), held(1, None), held(2, always), held(4, Window(MAY_8, MAY_8))]

    assert [coupon.record_id for coupon in usable_on(coupons, MAY_1)] == [3, 2]
