"""The requests and answers of /api/payment/."""

from typing import Any

from rest_framework import serializers

from api.serializers.answers import Shown
from api.serializers.fields import CourseIdsField, IdOrNothingField, IdOrZeroField
from api.stores.snapshot import SettledCourse, SettlementSnapshot


class SettleRequest(serializers.Serializer[Any]):
    """POST: which courses of the shopping car to settle, in which order."""

    courseids = CourseIdsField()


class ChooseRequest(serializers.Serializer[Any]):
    """PATCH: which coupon to use for a course, or site-wide without one; 0 for none."""

    courseid = IdOrNothingField()
    couponid = IdOrZeroField()


class CouponShown(serializers.Serializer[Any]):
    """What a coupon does: 立减券 (0) and 满减券 (1) take an amount off, 折扣券 (2) a share."""

    coupon_type = serializers.IntegerField()
    coupon_display = serializers.CharField()
    money_equivalent_value = serializers.IntegerField(required=False, help_text="Types 0 and 1, 元")
    minimum_consume = serializers.IntegerField(required=False, help_text="Type 1, 元")
    off_percent = serializers.IntegerField(required=False, help_text="Type 2: one pays so many %")
    max_off = serializers.IntegerField(
        required=False, help_text="Type 2, where there is one: it takes at most that off, 元"
    )


class OffersShown(Shown):
    """The coupons offered, and which is chosen."""

    coupon = serializers.DictField(child=CouponShown(), help_text="By coupon-record id")
    default_coupon = serializers.CharField(help_text="The id of the record chosen, or 0")

    def shape(self, place: SettlementSnapshot | SettledCourse) -> dict[str, Any]:
        return {"coupon": place.coupon, "default_coupon": place.default_coupon}


class SettledCourseShown(OffersShown):
    """A settled course: the texts of its hash, those of other programs too."""

    course_id = serializers.CharField()
    title = serializers.CharField()
    img = serializers.CharField()
    policy_id = serializers.CharField()
    period = serializers.CharField()
    period_display = serializers.CharField()
    price = serializers.CharField(help_text="元")

    def shape(self, course: Any) -> dict[str, Any]:
        return {
            "course_id": course.course_id,
            "title": course.title,
            "img": course.img,
            "policy_id": course.policy_id,
            **super().shape(course),
            "period": course.period,
            "period_display": course.period_display,
            "price": course.price,
            **course.more,
        }


class SettlementShown(Shown):
    """GET: the settlement as the document shows it."""

    course_list = SettledCourseShown(many=True)
    global_coupon_dict = OffersShown()

    def shape(self, settlement: SettlementSnapshot) -> dict[str, Any]:
        shown = SettledCourseShown()
        return {
            "course_list": [shown.shape(course) for course in settlement.course_list],
            "global_coupon_dict": OffersShown().shape(settlement),
        }
