"""What a coupon is bound to.

A binding has a type and an id. Where the type was never filled in, the id is that of a course: so
the settlement reads it, and so does the desk.
"""

from typing import Any

from django.db.models import Model, OuterRef, QuerySet, Subquery

from api.admin.desk.columns import name_of
from api.models import Coupon, Course
from api.services.coupons.bindings import Binding, binding_of, unused_of


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


def offline_warning(coupon: Coupon) -> str:
    """Empty where the coupon can be used."""
    if binding_of(coupon) is not Binding.OFFLINE:
        return ""
    held = unused_of(Coupon.objects.filter(pk=coupon.pk))
    return (
        f"绑定的课程“{name_of(bound_to(coupon))}”没有上线：这张优惠券在它上线之前不能使用"
        f"（已发出、未使用的有{held}张）。"
    )


def useless_warning(coupon: Coupon) -> str:
    """Empty where somebody can use the coupon, now or later."""
    if not binding_of(coupon).is_useless:
        return ""
    held = unused_of(Coupon.objects.filter(pk=coupon.pk))
    return f"这张优惠券没有人能使用：绑定的不是现有的课程（已发出、未使用的有{held}张）。请改绑。"
