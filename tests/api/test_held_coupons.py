"""The coupon records in an account's hands, as values of the rules (contract §5)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from api.models import Coupon, CouponRecord, DegreeCourse
from api.rules.coupons import CouponType, HeldCoupon, Scope, Terms, UseDays, Window, Worth
from api.services.coupons.holdings import held_among, held_by
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
)

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def of_a_degree() -> Coupon:
    coupon = CouponFactory()
    degree = ContentType.objects.get_for_model(DegreeCourse)
    Coupon.objects.filter(pk=coupon.pk).update(object_id=CourseFactory().pk, content_type=degree)
    return coupon


def test_a_record_is_held_with_the_terms_and_the_name_of_its_coupon() -> None:
    today, course = timezone.localdate(), CourseFactory()
    record = CouponRecordFactory(
        coupon__name="满减", coupon__course=course, coupon__coupon_type=1,
        coupon__money_equivalent_value=60, coupon__minimum_consume=100,
    )  # fmt: skip
    days = Window(today - DAY, today + 7 * DAY)
    assert held_by(record.account_id) == [
        HeldCoupon(
            record.pk,
            Terms(
                Worth(CouponType.THRESHOLD, Decimal(60), Decimal(100)),
                UseDays(days.first, days.last),
                Scope.COURSE,
                course.pk,
            ),
            days,
            "满减",
        )
    ]


def test_what_is_held_is_unused_and_ones_own_and_of_some_use_and_by_its_id() -> None:
    account = AccountFactory()
    today = timezone.localdate()
    ended = CouponFactory(valid_begin_date=today - 9 * DAY, valid_end_date=today - DAY)
    coupons = [
        CouponFactory(),
        CouponFactory(course=CourseFactory()),
        CouponFactory(disabled=True),
        ended,
    ]
    held = [CouponRecordFactory(account=account, coupon=coupon).pk for coupon in coupons]
    CouponRecordFactory(account=account, coupon=of_a_degree())
    for status in (1, 2, 3, 4):
        CouponRecordFactory(account=account, coupon=coupons[0], status=status)
    CouponRecordFactory(coupon=coupons[0])
    found = held_by(account.pk)
    assert [one.record_id for one in found] == held
    assert [one.terms.disabled for one in found] == [False, False, True, False]


@pytest.mark.parametrize("scope", list(Scope))
def test_only_a_coupon_of_a_course_has_the_number_of_one(scope: Scope) -> None:
    course = CourseFactory()
    coupon = {
        Scope.SITE_WIDE: CouponFactory,
        Scope.COURSE: lambda: CouponFactory(course=course),
        Scope.ELSEWHERE: of_a_degree,
    }[scope]()
    record = CouponRecordFactory(coupon=coupon)
    (held,) = held_among(record.account_id, [record.pk])
    assert held.terms.scope is scope
    assert held.terms.course_id == (course.pk if scope is Scope.COURSE else None)


@pytest.mark.parametrize("status", range(5))
def test_those_that_are_asked_for_are_found_whatever_became_of_them(status: int) -> None:
    record = CouponRecordFactory(status=status)
    beside = CouponRecordFactory(account=record.account)
    anothers = CouponRecordFactory()
    (held,) = held_among(record.account_id, [record.pk, anothers.pk, beside.pk + 99])
    assert (held.record_id, held.free) == (record.pk, status == 0)


def test_where_none_is_asked_for_no_query_is_sent(django_assert_num_queries: Any) -> None:
    account = CouponRecordFactory().account
    with django_assert_num_queries(0):
        assert held_among(account.pk, []) == []


def test_records_of_one_coupon_have_each_the_days_of_its_own_receipt() -> None:
    coupon = CouponFactory(valid_begin_date=None, valid_end_date=None, coupon_valid_days=3)
    account, now = AccountFactory(), timezone.now()
    for ago in (0, 2):
        CouponRecordFactory(account=account, coupon=coupon, get_time=now - ago * DAY)
    last = timezone.localdate(now) + 9 * DAY
    CouponRecordFactory(account=account, coupon=coupon, get_time=now)
    CouponRecord.objects.filter(pk=CouponRecord.objects.latest("pk").pk).update(valid_until=last)
    today = timezone.localdate(now)
    assert [held.last_day for held in held_by(account.pk)] == [today + 2 * DAY, today, last]
