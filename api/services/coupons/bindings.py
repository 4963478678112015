"""Whether what a coupon is bound to can be bought, and what hangs on a course.

A coupon that is bound to a course that was deleted, or to a degree, is offered in no settlement: it
is of no use to anybody. One of a course that is not online is of no use until it is.
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef, Q, QuerySet

from api.models import Coupon, CouponRecord, CouponRecordStatus, Course, CourseStatus
from api.models.coupon import CouponQuerySet
from api.rules.coupons import Scope


class Binding(Enum):
    """What became of what a coupon is bound to."""

    USABLE = "usable"  # site-wide, or a course that is online
    OFFLINE = "offline"
    GONE = "gone"
    ELSEWHERE = "elsewhere"  # no course: nothing that is settled

    @property
    def is_useless(self) -> bool:
        """Whether nobody can ever use the coupon as it is bound."""
        return self in (Binding.GONE, Binding.ELSEWHERE)


class Hanging(NamedTuple):
    """What hangs on courses: coupons bound to them, and unused records of these."""

    coupons: int
    unused: int


def binding_of(coupon: Coupon) -> Binding:
    """At most one query."""
    terms = coupon.terms
    if terms.scope is Scope.ELSEWHERE:
        return Binding.ELSEWHERE
    if terms.scope is Scope.SITE_WIDE:
        return Binding.USABLE
    status = (
        Course.objects.filter(pk=coupon.object_id or 0).values_list("status", flat=True).first()
    )
    if status is None:
        return Binding.GONE
    return Binding.USABLE if status == CourseStatus.ONLINE else Binding.OFFLINE


def of_some_use(coupons: CouponQuerySet) -> CouponQuerySet:
    """Those whose binding is not useless: `binding_of` for SQL."""
    site_wide = Q(object_id__isnull=True) | Q(object_id=0)
    there = Exists(Course.objects.filter(pk=OuterRef("object_id")))
    return coupons.filter(site_wide | (_of_a_course() & there))


def hanging_on(course_ids: Iterable[int]) -> Hanging:
    """Two queries."""
    bound = _bound_to(course_ids)
    return Hanging(bound.count(), unused_of(bound))


def unused_of(coupons: QuerySet[Coupon]) -> int:
    """How many records of these are in somebody's hands, unused."""
    records = CouponRecord.objects.filter(coupon__in=coupons, status=CouponRecordStatus.UNUSED)
    return records.count()


def _bound_to(course_ids: Iterable[int]) -> QuerySet[Coupon]:
    return Coupon.objects.filter(_of_a_course(), object_id__in=list(course_ids))


def _of_a_course() -> Q:
    # Where the type was never filled in, the id is that of a course.
    of_a_course = Q(content_type=ContentType.objects.get_for_model(Course))
    return of_a_course | Q(content_type__isnull=True)
