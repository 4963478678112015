"""The states of a coupon as SQL has them, held to the rule's own."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api.models import Coupon
from api.rules.coupons import State, UseDays, Window
from tests.support.factories import CouponFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)
DAY = dt.timedelta(days=1)

# Close enough for the first and the last day, and the days beside them, to come up all the time.
near = st.integers(-4, 4).map(lambda days: TODAY + days * DAY)
ends = st.sampled_from([dt.date(1970, 1, 1), dt.date.max])
days = near | ends
lengths = st.none() | st.integers(1, 9) | st.sampled_from([2**31 - 1])


@st.composite
def coupons(draw: Any) -> dict[str, Any]:
    opens, closes = sorted([draw(days), draw(days)])
    begin, end = draw(st.none() | days), draw(st.none() | days)
    if begin and end and end <= begin:
        begin, end = (end, begin) if end < begin else (begin, None)
    return {
        "open_date": opens,
        "close_date": closes,
        "valid_begin_date": begin,
        "valid_end_date": end,
        "coupon_valid_days": draw(lengths),
        "paused": draw(st.sampled_from([False, False, True])),
        "disabled": draw(st.sampled_from([False, False, True])),
    }


ONLY_AN_END = {
    "open_date": TODAY,
    "close_date": TODAY,
    "valid_begin_date": None,
    "valid_end_date": TODAY,
    "coupon_valid_days": None,
}


@pytest.mark.slow
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(fields=coupons(), today=near)
@example(fields=ONLY_AN_END, today=TODAY)
@example(fields=ONLY_AN_END | {"coupon_valid_days": 1}, today=TODAY)
@example(fields=ONLY_AN_END | {"coupon_valid_days": 1}, today=TODAY + DAY)
@example(fields=ONLY_AN_END | {"disabled": True}, today=TODAY)
@example(fields=ONLY_AN_END | {"coupon_valid_days": 1, "disabled": True}, today=TODAY)
@example(fields=ONLY_AN_END | {"coupon_valid_days": 1, "paused": True}, today=TODAY)
@example(fields=ONLY_AN_END | {"valid_begin_date": TODAY - DAY}, today=TODAY)
@example(fields=ONLY_AN_END | {"valid_begin_date": TODAY - DAY}, today=TODAY + DAY)
@example(fields=ONLY_AN_END | {"valid_begin_date": TODAY - DAY}, today=TODAY - 2 * DAY)
def test_sql_says_what_the_rule_says(db: None, fields: dict[str, Any], today: dt.date) -> None:
    pk = CouponFactory(**fields).pk
    coupon: Any = Coupon.objects.with_states(today).get(pk=pk)
    receipt = Window(coupon.open_date, coupon.close_date)
    use = coupon.terms.days
    assert coupon.receipt_state == receipt.state_on(today)
    assert coupon.use_state == coupon.terms.use_state_on(today, receipt)
    assert (coupon.use_state == State.DISABLED) == coupon.disabled
    receivable = not coupon.is_stopped and receipt.holds(today)
    assert Coupon.objects.receivable(today).filter(pk=pk).exists() == receivable
    last = use.last_day(receipt)
    if coupon.use_days_left is None:
        assert last is None
    else:
        assert last == _plus(today, coupon.use_days_left)


def _plus(day: dt.date, number: int) -> dt.date:
    return day + DAY * min(number, (dt.date.max - day).days)


@pytest.mark.parametrize("length", [None, 0])
def test_no_days_at_all_are_over(length: int | None) -> None:
    """0 cannot be stored, but says the same."""
    state = UseDays(None, TODAY, length).state_on(TODAY, Window(TODAY, TODAY))
    assert state == "ended"
