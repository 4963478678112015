"""How long a bought period lasts, and how long a coupon that comes back holds (contract §9)."""

from datetime import date

import pytest

from api.rules.orders import last_day_of, returned_until


@pytest.mark.parametrize(
    ("begin", "display", "last"),
    [
        (date(2026, 5, 1), "1天", date(2026, 5, 1)),
        (date(2026, 5, 1), "3天", date(2026, 5, 3)),
        (date(2026, 5, 1), "1周", date(2026, 5, 7)),
        (date(2026, 5, 1), "2周", date(2026, 5, 14)),
        (date(2026, 5, 1), "1个月", date(2026, 5, 31)),
        (date(2026, 5, 15), "1个月", date(2026, 6, 14)),
        (date(2026, 1, 31), "1个月", date(2026, 2, 28)),
        (date(2028, 1, 31), "1个月", date(2028, 2, 29)),
        (date(2026, 1, 29), "1个月", date(2026, 2, 28)),
        (date(2026, 1, 28), "1个月", date(2026, 2, 27)),
        (date(2026, 3, 31), "6个月", date(2026, 9, 30)),
        (date(2026, 11, 26), "12个月", date(2027, 11, 25)),
        (date(2028, 2, 29), "12个月", date(2029, 2, 28)),
        (date(2026, 12, 31), "18个月", date(2028, 6, 30)),
    ],
)
def test_a_period_lasts_as_long_as_the_learner_read(begin, display, last):
    assert last_day_of(begin, display, 999) == last


def test_twelve_months_are_not_the_two_hundred_and_ten_days_that_the_course_stores():
    assert last_day_of(date(2026, 1, 1), "12个月", 210) == date(2026, 12, 31)


@pytest.mark.parametrize("display", ["", "永久", "1个月多", "-1天"])
def test_a_period_in_other_words_lasts_its_days(display):
    assert last_day_of(date(2026, 1, 1), display, 10) == date(2026, 1, 10)


def test_a_coupon_whose_last_day_has_not_passed_keeps_its_days():
    days = {"taken": date(2026, 5, 1), "today": date(2026, 5, 7)}
    assert returned_until(last_day=date(2026, 5, 7), **days) is None


def test_a_coupon_whose_last_day_passed_gets_the_days_that_it_had_left():
    days = {"taken": date(2026, 5, 1), "today": date(2026, 5, 8)}
    assert returned_until(last_day=date(2026, 5, 7), **days) == date(2026, 5, 14)


def test_a_coupon_taken_on_its_last_day_comes_back_for_the_day_of_its_return():
    days = {"taken": date(2026, 5, 7), "today": date(2026, 5, 8)}
    assert returned_until(last_day=date(2026, 5, 7), **days) == date(2026, 5, 8)
