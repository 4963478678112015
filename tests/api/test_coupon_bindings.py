"""What became of what a coupon is bound to, in Python and in SQL; and what hangs on a course."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType

from api.models import Coupon, Course, CourseStatus, DegreeCourse
from api.services.coupons.bindings import Binding, binding_of, hanging_on, of_some_use, unused_of
from tests.support.factories import CouponFactory, CouponRecordFactory, CourseFactory

pytestmark = pytest.mark.django_db


def written(**fields: Any) -> Coupon:
    """As other programs may write one."""
    coupon = CouponFactory()
    Coupon.objects.filter(pk=coupon.pk).update(**fields)
    return Coupon.objects.get(pk=coupon.pk)


def of_course(status: int) -> Coupon:
    return written(
        object_id=CourseFactory(status=status).pk,
        content_type=ContentType.objects.get_for_model(Course),
    )


def of_a_degree() -> Coupon:
    """Of the same number as a course that is online."""
    degree = ContentType.objects.get_for_model(DegreeCourse)
    return written(object_id=CourseFactory().pk, content_type=degree)


BINDINGS: list[tuple[Callable[[], Coupon], Binding]] = [
    (CouponFactory, Binding.USABLE),
    (lambda: written(object_id=0), Binding.USABLE),
    (lambda: of_course(CourseStatus.ONLINE), Binding.USABLE),
    (lambda: written(object_id=CourseFactory().pk), Binding.USABLE),
    (lambda: of_course(1), Binding.OFFLINE),
    (lambda: of_course(2), Binding.OFFLINE),
    (lambda: written(object_id=99), Binding.GONE),
    (of_a_degree, Binding.ELSEWHERE),
]


@pytest.mark.parametrize(
    ("make", "binding"),
    BINDINGS,
    ids=[
        *("site-wide", "number 0", "online", "online, untyped", "offline", "to come", "deleted"),
        "a degree",
    ],
)
def test_what_a_coupon_is_bound_to_is_told_and_found_by_sql_alike(
    make: Callable[[], Coupon], binding: Binding
) -> None:
    coupon = make()
    assert binding_of(coupon) is binding
    useless = binding in (Binding.GONE, Binding.ELSEWHERE)
    assert binding.is_useless is useless
    assert of_some_use(Coupon.objects.filter(pk=coupon.pk)).exists() is not useless


def test_on_a_course_hang_its_coupons_and_their_unused_records_alone() -> None:
    course, other = CourseFactory.create_batch(2)
    typed, untyped = CouponFactory(course=course), written(object_id=course.pk)
    degree = ContentType.objects.get_for_model(DegreeCourse)
    for beside in (CouponFactory(), CouponFactory(course=other)):
        CouponRecordFactory(coupon=beside)
    CouponRecordFactory(coupon=written(object_id=course.pk, content_type=degree))
    for status in (0, 0, 1, 2, 3, 4):
        CouponRecordFactory(coupon=typed, status=status)
    CouponRecordFactory(coupon=untyped)
    assert hanging_on([course.pk]) == (2, 3)
    assert hanging_on([course.pk, other.pk]) == (3, 4)
    assert hanging_on([]) == (0, 0)
    assert unused_of(Coupon.objects.filter(pk=typed.pk)) == 2
