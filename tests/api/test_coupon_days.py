"""Which coupons a settlement offers, on which days (contract §5)."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.contrib.contenttypes.models import ContentType
from redis import Redis

from api.models import Coupon, Course, DegreeCourse
from api.services.checkout import settlement as settlements
from api.stores.settlement import SettlementStore
from tests.support.factories import (
    AccountFactory,
    CouponRecordFactory,
    course_type_of,
    put_in_car,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
MAY_1, MAY_7, MAY_8 = dt.date(2026, 5, 1), dt.date(2026, 5, 7), dt.date(2026, 5, 8)


def in_shanghai(day: str, time: str = "12:00:00") -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=SHANGHAI)


pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return AccountFactory(username="alice")


def offered(account, now: dt.datetime, *course_ids: int) -> dict[int | None, list[str]]:
    """The ids of the records that a settlement at this moment offers: on each course, and
    site-wide under None."""
    settlements.settle(account_id=account.pk, course_ids=course_ids, now=now)
    found = SettlementStore().read(account.pk)
    assert found is not None
    _, settlement = found
    on_courses = {int(c.course_id): list(c.coupon) for c in settlement.course_list}
    return {None: list(settlement.coupon), **on_courses}


@pytest.mark.parametrize(
    ("now", "site_wide"),
    [
        (in_shanghai("2026-04-30", "23:59:59"), []),
        (in_shanghai("2026-05-01", "00:00:00"), ["1"]),
        (in_shanghai("2026-05-07", "23:59:59"), ["1"]),
        (in_shanghai("2026-05-08", "00:00:00"), []),
        (dt.datetime(2026, 4, 30, 15, 59, 59, tzinfo=dt.UTC), []),
        (dt.datetime(2026, 4, 30, 16, 0, 0, tzinfo=dt.UTC), ["1"]),
        (dt.datetime(2026, 5, 7, 15, 59, 59, tzinfo=dt.UTC), ["1"]),
        (dt.datetime(2026, 5, 7, 16, 0, 0, tzinfo=dt.UTC), []),
    ],
    ids=str,
)
def test_dates_begin_and_end_at_midnight_in_shanghai(alice, now, site_wide):
    CouponRecordFactory(
        pk=1, account=alice, coupon__valid_begin_date=MAY_1, coupon__valid_end_date=MAY_7
    )

    assert offered(alice, now) == {None: site_wide}


@pytest.mark.parametrize(
    ("received", "now", "site_wide"),
    [
        (in_shanghai("2026-05-01"), in_shanghai("2026-04-30", "23:59:59"), []),
        (in_shanghai("2026-05-01"), in_shanghai("2026-05-01", "00:00:00"), ["1"]),
        (in_shanghai("2026-05-01"), in_shanghai("2026-05-07", "23:59:59"), ["1"]),
        (in_shanghai("2026-05-01"), in_shanghai("2026-05-08", "00:00:00"), []),
        # The hour of receipt does not matter, its day in Shanghai does.
        (in_shanghai("2026-05-01", "23:59:59"), in_shanghai("2026-05-07", "23:59:59"), ["1"]),
        (in_shanghai("2026-05-01", "23:59:59"), in_shanghai("2026-05-08", "00:00:00"), []),
        (in_shanghai("2026-05-02", "00:00:00"), in_shanghai("2026-05-08", "23:59:59"), ["1"]),
        (in_shanghai("2026-05-02", "00:00:00"), in_shanghai("2026-05-09", "00:00:00"), []),
    ],
    ids=str,
)
def test_seven_days_end_at_midnight_in_shanghai(alice, received, now, site_wide):
    CouponRecordFactory(
        pk=1,
        account=alice,
        get_time=received,
        coupon__valid_begin_date=None,
        coupon__valid_end_date=None,
        coupon__coupon_valid_days=7,
    )

    assert offered(alice, now) == {None: site_wide}


def test_a_huge_number_of_days_is_no_error(alice):
    CouponRecordFactory(
        pk=1,
        account=alice,
        get_time=in_shanghai("2026-05-01"),
        coupon__valid_begin_date=None,
        coupon__valid_end_date=None,
        coupon__coupon_valid_days=2**31 - 1,
    )

    assert offered(alice, in_shanghai("2999-12-31")) == {None: ["1"]}


@pytest.mark.parametrize(
    ("begin", "end"), [(None, None), (MAY_1, None), (None, MAY_8)], ids=["none", "begin", "end"]
)
def test_a_coupon_without_a_period_is_never_offered(alice, begin, end):
    CouponRecordFactory(
        account=alice,
        get_time=in_shanghai("2026-05-01"),
        coupon__valid_begin_date=begin,
        coupon__valid_end_date=end,
    )

    assert offered(alice, in_shanghai("2026-05-01")) == {None: []}


@pytest.mark.parametrize("status", [1, 2, 3])
def test_only_unused_records_are_offered(alice, status):
    valid = {
        "account": alice,
        "coupon__valid_begin_date": MAY_1,
        "coupon__valid_end_date": MAY_7,
    }
    CouponRecordFactory(pk=1, status=0, **valid)
    CouponRecordFactory(pk=2, status=status, **valid)

    assert offered(alice, in_shanghai("2026-05-01")) == {None: ["1"]}


@pytest.fixture
def in_may(alice, redis: Redis):
    """Gives alice a record for the first week of May; courses 1 and 2 are in her car."""
    for course_id in (1, 2):
        put_in_car(redis, alice, course_id)

    def give(record_id: int, *, content_type: ContentType | None, object_id: int | None) -> None:
        record = CouponRecordFactory(
            pk=record_id,
            account=alice,
            coupon__valid_begin_date=MAY_1,
            coupon__valid_end_date=MAY_7,
        )
        bound = {"content_type": content_type, "object_id": object_id}
        Coupon.objects.filter(pk=record.coupon_id).update(**bound)

    return give


def test_a_coupon_of_a_course_is_offered_on_it_alone(alice, in_may):
    in_may(1, content_type=course_type_of(Course), object_id=2)

    assert offered(alice, in_shanghai("2026-05-01"), 1, 2) == {None: [], 1: [], 2: ["1"]}


def test_a_coupon_of_a_degree_course_with_the_same_id_is_not_offered(alice, in_may):
    in_may(1, content_type=course_type_of(DegreeCourse), object_id=1)

    assert offered(alice, in_shanghai("2026-05-01"), 1) == {None: [], 1: []}


def test_a_coupon_with_an_object_but_no_type_is_a_courses(alice, in_may):
    in_may(1, content_type=None, object_id=2)

    assert offered(alice, in_shanghai("2026-05-01"), 1, 2) == {None: [], 1: [], 2: ["1"]}


@pytest.mark.parametrize("object_id", [None, 0])
def test_a_coupon_without_an_object_is_site_wide_whatever_its_type(alice, in_may, object_id):
    in_may(1, content_type=course_type_of(DegreeCourse), object_id=object_id)

    assert offered(alice, in_shanghai("2026-05-01"), 1) == {None: ["1"], 1: []}


def test_a_coupon_of_a_course_that_is_not_settled_is_not_offered(alice, in_may):
    in_may(1, content_type=course_type_of(Course), object_id=2)

    assert offered(alice, in_shanghai("2026-05-01"), 1) == {None: [], 1: []}


def test_another_accounts_records_are_not_offered(alice):
    CouponRecordFactory(coupon__valid_begin_date=MAY_1, coupon__valid_end_date=MAY_7)

    assert offered(alice, in_shanghai("2026-05-01")) == {None: []}
