"""A coupon gets other days: the records that expired by the old ones, and not by the new, come
back."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from api.models import Coupon, CouponRecord
from api.rules.coupons import UseDays
from api.services.coupons import expiry, lifecycle
from api.services.coupons.lifecycle import SERVICE, Actor
from tests.support.factories import CouponFactory, CouponRecordFactory

pytestmark = pytest.mark.django_db
SHOP = timezone.get_default_timezone()
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=SHOP)
TODAY = NOW.date()
DAY = dt.timedelta(days=1)
BEGIN = TODAY - 30 * DAY


def with_end(last: int) -> Coupon:
    """Its last day is so many days from today."""
    return CouponFactory(valid_begin_date=BEGIN, valid_end_date=TODAY + last * DAY)


def give_end(coupon: Coupon, last: int) -> UseDays:
    """The days it had before."""
    before = coupon.terms.days
    coupon.valid_end_date = TODAY + last * DAY
    coupon.save()
    return before


def statuses(*records: CouponRecord) -> list[int]:
    for record in records:
        record.refresh_from_db()
    return [record.status for record in records]


@pytest.mark.parametrize(
    ("was", "becomes", "number"),
    [
        (-1, 0, 1),  # today is the new last day
        (-1, 1, 1),
        (-2, -1, 0),  # still over
        (0, 1, 0),  # something else expired it: its days were not over
        (0, -1, 0),
    ],
)
def test_those_come_back_that_the_old_days_had_expired(was: int, becomes: int, number: int) -> None:
    coupon = with_end(was)
    record = CouponRecordFactory(coupon=coupon, status=2)
    before = give_end(coupon, becomes)
    assert expiry.revive(coupon, before, now=NOW, by=SERVICE) == number
    assert statuses(record) == [0 if number else 2]


def test_records_that_are_valid_only_from_tomorrow_come_back() -> None:
    coupon = with_end(-1)
    record = CouponRecordFactory(coupon=coupon, status=2)
    before = coupon.terms.days
    coupon.valid_begin_date, coupon.valid_end_date = TODAY + DAY, TODAY + 2 * DAY
    assert expiry.revive(coupon, before, now=NOW, by=SERVICE) == 1
    assert statuses(record) == [0]


def test_only_expired_records_of_that_coupon_come_back_and_each_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifecycle, "BATCH", 2)
    staff = User.objects.create_user("manager")
    coupon = with_end(-1)
    expired = CouponRecordFactory.create_batch(3, coupon=coupon, status=2)
    others = [CouponRecordFactory(coupon=coupon, status=status) for status in (1, 3, 4)]
    elsewhere = CouponRecordFactory(coupon=with_end(-1), status=2)
    before = give_end(coupon, 0)
    assert expiry.revive(coupon, before, now=NOW, by=Actor(staff_id=staff.pk)) == 3
    assert statuses(*expired, *others, elsewhere) == [0, 0, 0, 1, 3, 4, 2]
    for record in expired:
        event = record.events.latest("id")
        assert (event.from_status, event.to_status, event.at) == (2, 0, NOW)
        assert (event.staff, event.reason) == (staff, "有效期已修改")


def test_days_after_receipt_are_told_apart_by_the_shops_day_of_receipt() -> None:
    """Seven days become eight: who received it on the 15th has one day left, who did the day
    before has none."""
    coupon = CouponFactory(valid_begin_date=None, valid_end_date=None, coupon_valid_days=7)
    midnight = dt.datetime(2026, 11, 15, tzinfo=SHOP)
    second = dt.timedelta(seconds=1)
    on_14, on_15 = (
        CouponRecordFactory(coupon=coupon, status=2, get_time=when)
        for when in (midnight - second, midnight)
    )
    before = coupon.terms.days
    coupon.coupon_valid_days = 8
    assert expiry.revive(coupon, before, now=NOW, by=SERVICE) == 1
    assert statuses(on_14, on_15) == [2, 0]


def test_a_record_with_a_last_day_of_its_own_does_not_follow_the_coupon() -> None:
    coupon = with_end(-1)
    own = CouponRecordFactory(coupon=coupon, status=2, valid_until=TODAY - DAY)
    before = give_end(coupon, 5)
    assert expiry.revive(coupon, before, now=NOW, by=SERVICE) == 0
    assert statuses(own) == [2]


@pytest.mark.parametrize(("was", "becomes", "number"), [(0, -1, 2), (1, 0, 0), (-1, -2, 0)])
def test_it_counts_what_is_over_only_by_the_new_days(was: int, becomes: int, number: int) -> None:
    coupon = with_end(was)
    CouponRecordFactory.create_batch(2, coupon=coupon)
    CouponRecordFactory(coupon=coupon, valid_until=TODAY + 9 * DAY)
    CouponRecordFactory(coupon=coupon, status=1)
    CouponRecordFactory(coupon=with_end(was))
    before = give_end(coupon, becomes)
    assert expiry.newly_over(coupon, before, today=TODAY) == number


def test_a_last_day_of_its_own_decides_when_a_record_expires() -> None:
    coupon = with_end(-1)
    yesterday, today = (
        CouponRecordFactory(coupon=coupon, valid_until=TODAY - ago * DAY) for ago in (1, 0)
    )
    for case in expiry.over(TODAY):
        expiry.expire(case, now=NOW)
    assert statuses(yesterday, today) == [2, 0]
