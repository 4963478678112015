"""Coupons that hang on a course: nobody deletes it under them, or takes it offline without being
told how many there are."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import NestedObjects
from django.db import router
from django.http import HttpRequest

from api.admin.desk.base import DeskAdmin
from api.models import Course, CourseStatus
from api.services.coupons.bindings import hanging_on


class KeepsCoupons(DeskAdmin):
    """For a course, and for whatever takes its courses along when it is deleted. A course with
    coupons is not deleted, one by one or by the list's action, before they are bound elsewhere."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        tree, counts, missing, protected = super().get_deleted_objects(objs, request)
        collector = NestedObjects(using=router.db_for_write(self.model), origin=objs)
        collector.collect(objs)
        courses: list[Any] = sorted(collector.data.get(Course, ()), key=lambda one: one.pk)
        told = [_why_it_stays(course) for course in courses]
        return tree, counts, missing, protected + [one for one in told if one]


def _why_it_stays(course: Course) -> str:
    hanging = hanging_on([course.pk])
    if not hanging.coupons:
        return ""
    return (
        f"课程“{course.name}”：{hanging.coupons}张优惠券绑定在它上面，已发出的"
        f"{hanging.unused}张还未使用。请先在这些优惠券的页面改绑，或只把课程下线。"
    )


def warn_if_taken_offline(request: HttpRequest, course: Course, was: int | None) -> None:
    """`was` is the status that it had before it was saved."""
    if was != CourseStatus.ONLINE or course.status == CourseStatus.ONLINE:
        return
    hanging = hanging_on([course.pk])
    if hanging.coupons:
        messages.warning(
            request,
            f"课程不再上线：{hanging.coupons}张优惠券绑定在它上面，已发出的{hanging.unused}张"
            "未使用的优惠券，在它重新上线之前不能使用。",
        )
