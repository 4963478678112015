"""How long a bought period lasts, and how long a coupon that comes back holds (contract §9)."""

from datetime import date

import pytest

from api.rules.orders import CLOSED, OrderStatus, last_day_of, returned_until


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


@pytest.mark.parametrize(
    ("display", "period", "last"),
    [
        ("0天", 30, date(2026, 1, 1)),
        ("0周", 30, date(2026, 1, 1)),
        ("", 0, date(2026, 1, 1)),
        ("", -5, date(2026, 1, 1)),
        ("", 1, date(2026, 1, 1)),
        ("", 2, date(2026, 1, 2)),
    ],
)
def test_the_shortest_period_is_a_day(display, period, last):
    assert last_day_of(date(2026, 1, 1), display, period) == last


@pytest.mark.parametrize("display", ["73200天", "73201天", "99999999999天", "10458周", "永久"])
def test_no_number_of_days_goes_beyond_two_centuries(display):
    assert last_day_of(date(2026, 1, 1), display, 10**12) == date(2226, 6, 1)


@pytest.mark.parametrize("display", ["2400个月", "2401个月", "99999999999个月"])
def test_no_number_of_months_does_either(display):
    assert last_day_of(date(2026, 1, 1), display, 30) == date(2225, 12, 31)


def test_one_month_less_than_the_longest_is_counted_as_it_is():
    assert last_day_of(date(2026, 1, 1), "2399个月", 30) == date(2225, 11, 30)
    assert last_day_of(date(2026, 1, 1), "73199天", 30) == date(2226, 5, 31)


def test_the_states_of_an_order_have_the_course_s_own_names():
    names = ["交易成功", "待支付", "退费申请中", "已退费", "主动取消", "超时取消"]
    assert [status.display for status in sorted(OrderStatus)] == names
    assert {0, 1, 2, 3, 4, 5} == set(OrderStatus)
    assert {4, 5} == CLOSED


def test_twelve_months_are_not_the_two_hundred_and_ten_days_that_the_course_stores():
    assert last_day_of(date(2026, 1, 1), "12个月", 210) == date(2026, 12, 31)


@pytest.mark.parametrize("display", ["", "永久", "1个月多", "-1天"])
def test_a_period_in_other_words_lasts_its_days(display):
    assert last_day_of(date(2026, 1, 1), display, 10) == date(2026, 1, 10)


@pytest.mark.parametrize("last_day", [date(2026, 5, 7), date(2026, 5, 8), date(2027, 1, 1)])
def test_a_coupon_whose_last_day_has_not_passed_keeps_its_days(last_day):
    days = {"taken": date(2026, 5, 1), "today": date(2026, 5, 7)}
    assert returned_until(last_day=last_day, **days) is None


def test_a_coupon_whose_last_day_passed_gets_the_days_that_it_had_left():
    days = {"taken": date(2026, 5, 1), "today": date(2026, 5, 8)}
    assert returned_until(last_day=date(2026, 5, 7), **days) == date(2026, 5, 14)


def test_a_coupon_taken_on_its_last_day_comes_back_for_the_day_of_its_return():
    days = {"taken": date(2026, 5, 7), "today": date(2026, 5, 8)}
    assert returned_until(last_day=date(2026, 5, 7), **days) == date(2026, 5, 8)
