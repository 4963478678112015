"""What a coupon is bound to.

A binding has a type and an id. Where the type was never filled in, the id is that of a course: so
the settlement reads it, and so does the desk.
"""

from typing import Any

from django.db.models import Model, OuterRef, QuerySet, Subquery

from api.admin.desk.columns import name_of
from api.models import Coupon, Course


def with_bindings(coupons: QuerySet[Coupon]) -> QuerySet[Coupon]:
    """Fetches what `in_words` shows, for all of the coupons at once."""
    course = Course.objects.filter(pk=OuterRef("object_id"))
    named = coupons.annotate(name_of_course=Subquery(course.values("name")))
    return named.prefetch_related("content_object")


def bound_to(coupon: Coupon) -> Model | None:
    """The course, or the row of another model. None if there is none, or if it was deleted."""
    if coupon.object_id and coupon.content_type_id is None:
        return Course.objects.filter(pk=coupon.object_id).first()
    bound: Model | None = coupon.content_object
    return bound


def in_words(coupon: Any) -> str:
    """For a coupon from `with_bindings`."""
    if not coupon.object_id:
        return "全站"
    if coupon.content_type_id is None:
        return coupon.name_of_course or name_of(None)
    return name_of(coupon.content_object)
