"""What a manager is told when a coupon is saved: whom it concerns, and what looks like a slip."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from api.models import Coupon, DegreeCourse
from api.rules.coupons import Terms
from api.services.coupons import editing, slips
from api.services.coupons.editing import HoldersConcerned, NewlyOver, Revived
from api.services.coupons.lifecycle import SERVICE
from api.services.coupons.slips import BeyondItsCourse, SameName, WorthMoreThanAnyCourse
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
THRESHOLD = {"coupon_type": 1, "money_equivalent_value": 200, "minimum_consume": 500}
DISCOUNT = {"coupon_type": 2, "money_equivalent_value": 0}


# --- Whom a change concerns -----------------------------------------------------------------------


def saved(coupon: Coupon, **fields: Any) -> list[Any]:
    """What there is to tell after the coupon got these."""
    before = coupon.terms
    for field, value in fields.items():
        setattr(coupon, field, value)
    coupon.save()
    return list(editing.after_saving(coupon, before=before, now=timezone.now(), by=SERVICE))


def test_a_new_coupon_concerns_nobody_yet() -> None:
    coupon = CouponRecordFactory().coupon
    assert editing.after_saving(coupon, before=None, now=timezone.now(), by=SERVICE) == []
    tiny = CouponFactory(off_percent=9, **DISCOUNT)
    told = editing.after_saving(tiny, before=None, now=timezone.now(), by=SERVICE)
    assert told == editing.likely_slips(tiny.terms) != []


def test_other_terms_concern_the_accounts_that_hold_it_unused() -> None:
    coupon = CouponRecordFactory().coupon
    CouponRecordFactory(coupon=coupon)
    for status in (1, 2, 3, 4):
        CouponRecordFactory(coupon=coupon, status=status)
    assert saved(coupon, money_equivalent_value=41) == [HoldersConcerned(2)]
    assert saved(coupon, name="另一个名字", quantity=99) == []


def test_other_terms_of_what_nobody_holds_concern_nobody() -> None:
    assert saved(CouponFactory(), money_equivalent_value=41) == []


def test_other_days_revive_and_end_and_both_are_told_before_the_holders() -> None:
    today = timezone.localdate()
    coupon = CouponFactory(valid_begin_date=today - 9 * DAY, valid_end_date=today - DAY)
    expired = CouponRecordFactory(coupon=coupon, status=2)
    assert saved(coupon, valid_end_date=today) == [Revived(1), HoldersConcerned(1)]
    expired.refresh_from_db()
    assert expired.status == 0
    assert saved(coupon, valid_end_date=today - DAY) == [NewlyOver(1), HoldersConcerned(1)]


def test_where_the_days_stay_nothing_is_asked_of_records_but_who_holds_them(
    django_assert_num_queries: Any,
) -> None:
    coupon = CouponRecordFactory().coupon
    before, coupon.money_equivalent_value = coupon.terms, 41
    with django_assert_num_queries(1):
        editing.after_saving(coupon, before=before, now=timezone.now(), by=SERVICE)


@pytest.mark.parametrize(
    ("act", "contrary", "field"),
    [(editing.stop, editing.resume, "paused"), (editing.disable, editing.enable, "disabled")],
    ids=["stop", "disable"],
)
def test_what_is_done_to_a_coupon_is_done_to_it_alone_and_once(
    act: Any, contrary: Any, field: str
) -> None:
    coupon, other = CouponFactory.create_batch(2)
    assert [act(coupon.pk), act(coupon.pk)] == [True, False]
    assert list(Coupon.objects.filter(**{field: True})) == [coupon]
    act(other.pk)
    assert [contrary(coupon.pk), contrary(coupon.pk)] == [True, False]
    assert list(Coupon.objects.filter(**{field: True})) == [other]
    assert act(coupon.pk)
    coupon.refresh_from_db()
    assert (coupon.paused, coupon.disabled) == (field == "paused", field == "disabled")


# --- What looks like a slip -----------------------------------------------------------------------


def of(**fields: Any) -> Terms:
    return CouponFactory.build(**fields).terms


@pytest.mark.parametrize(
    ("percent", "odd"), [(1, True), (49, True), (50, False), (79, False), (None, False)]
)
def test_a_discount_of_less_than_half_to_pay_is_odd(percent: int | None, odd: bool) -> None:
    found = editing.likely_slips(of(off_percent=percent, **DISCOUNT))
    assert [str(slip) for slip in found] == (
        [f"请确认：折扣百分比是{percent}，即{percent / 10:g}折，顾客只付原价的{percent}%。"]
        if odd and percent
        else []
    )


@pytest.mark.parametrize(("money", "odd"), [(499, False), (500, True), (501, True)])
def test_a_threshold_that_takes_off_its_minimum_is_odd(money: int, odd: bool) -> None:
    found = editing.likely_slips(of(**THRESHOLD | {"money_equivalent_value": money}))
    assert [str(slip) for slip in found] == (
        [f"请确认：满500减{money}，顾客刚满最低消费时不用付钱。"] if odd else []
    )


def test_what_takes_off_money_without_a_minimum_is_not_odd_by_itself() -> None:
    assert editing.likely_slips(of(money_equivalent_value=9_999)) == []


def beside(coupon: Coupon, renamed: bool = False) -> list[Any]:
    return list(slips.likely(coupon, renamed=renamed))


def course_at(*prices: float, **course: Any) -> Any:
    made = CourseFactory(**course)
    for period, price in enumerate(prices, 1):
        PricePolicyFactory(content_object=made, price=price, valid_period=period)
    return made


@pytest.mark.parametrize(("money", "odd"), [(598, False), (599, False), (600, True)])
def test_a_coupon_worth_more_than_the_dearest_course_online_is_odd(money: int, odd: bool) -> None:
    course_at(99.0, 599.0), course_at(30.0), course_at(9_999.0, status=1)
    found = beside(CouponFactory(money_equivalent_value=money))
    assert found == ([WorthMoreThanAnyCourse(f"立减{money}", 599)] if odd else [])


def test_a_minimum_that_no_single_course_reaches_is_not_odd_for_the_whole_shop() -> None:
    course_at(300.0)
    assert beside(CouponFactory(**THRESHOLD)) == []


@pytest.mark.parametrize(("price", "odd"), [(499.0, True), (500.0, False), (501.0, False)])
def test_a_minimum_that_its_own_course_never_reaches_is_odd(price: float, odd: bool) -> None:
    course_at(9_999.0)
    coupon = CouponFactory(course=course_at(30.0, price, status=1), **THRESHOLD)
    assert beside(coupon) == ([BeyondItsCourse("满500减200", price)] if odd else [])


def test_a_coupon_worth_more_than_its_own_course_is_odd() -> None:
    course_at(9_999.0)
    coupon = CouponFactory(course=course_at(39.0))
    assert beside(coupon) == [WorthMoreThanAnyCourse("立减40", 39)]


def test_a_discount_is_not_held_against_prices(django_assert_num_queries: Any) -> None:
    discount = DISCOUNT | {"off_percent": 79}
    coupons = [CouponFactory(**discount), CouponFactory(course=course_at(0.5), **discount)]
    for coupon in coupons:
        with django_assert_num_queries(0):
            assert beside(coupon) == []


def test_what_has_no_price_is_held_against_none() -> None:
    assert beside(CouponFactory()) == []
    assert beside(CouponFactory(course=CourseFactory())) == []


def test_a_coupon_of_a_degree_is_held_against_no_course() -> None:
    course = course_at(1.0)
    coupon = CouponFactory()
    degree = ContentType.objects.get_for_model(DegreeCourse)
    Coupon.objects.filter(pk=coupon.pk).update(object_id=course.pk, content_type=degree)
    assert beside(Coupon.objects.get(pk=coupon.pk)) == []


def test_of_those_that_have_a_new_name_already_the_newest_three_are_told() -> None:
    first, *others = CouponFactory.create_batch(4, name="双十二 VIP")
    CouponFactory(name="双十二")
    coupon = CouponFactory(name=" 双十二 vip ")
    assert beside(coupon) == []
    named = tuple(other.pk for other in reversed(others))
    assert beside(coupon, renamed=True) == [SameName(named)]
    assert first.pk not in named
    assert beside(CouponFactory(name="只此一张"), renamed=True) == []


def test_a_price_and_a_name_are_both_told() -> None:
    course_at(1.0)
    other = CouponFactory(name="双十二")
    assert beside(CouponFactory(name="双十二"), renamed=True) == [
        WorthMoreThanAnyCourse("立减40", 1),
        SameName((other.pk,)),
    ]
