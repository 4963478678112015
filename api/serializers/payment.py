"""The requests of /api/payment/."""

from typing import Any

from rest_framework import serializers

from api.serializers.fields import CourseIdsField, IdOrNothingField, IdOrZeroField


class SettleRequest(serializers.Serializer[Any]):
    """POST: which courses of the shopping car to settle, in which order."""

    courseids = CourseIdsField()


class ChooseRequest(serializers.Serializer[Any]):
    """PATCH: which coupon to use for a course, or site-wide without one; 0 for none."""

    courseid = IdOrNothingField()
    couponid = IdOrZeroField()
