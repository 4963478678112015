"""The requests and answers of /api/shoppingcar/."""

from typing import Any

from rest_framework import serializers

from api.rules.changes import Change, ChangeCode
from api.serializers.answers import MoneyField, Shown
from api.serializers.fields import CourseIdsField, IdField
from api.services.cars import CarCourse

CHANGE_CODES = [code.value for code in ChangeCode]


class PolicyRequest(serializers.Serializer[Any]):
    """POST and PATCH: a course, and which of its price policies."""

    courseid = IdField()
    policyid = IdField()


class RemoveRequest(serializers.Serializer[Any]):
    """DELETE: which courses to take out."""

    courseids = CourseIdsField()


class ChangedShown(Shown):
    """What has changed about a course since it was put into the car, or settled."""

    code = serializers.ChoiceField(CHANGE_CODES)
    reason = serializers.CharField()
    price = MoneyField(allow_null=True, help_text="today's price, where that has changed")

    def shape(self, change: Change) -> dict[str, Any]:
        return {"code": change.code.value, "reason": change.reason, "price": change.price}


class CarPolicyShown(serializers.Serializer[Any]):
    """A period and its price, and whatever else another program put there."""

    period = serializers.IntegerField(help_text="days")
    period_display = serializers.CharField()
    price = serializers.FloatField(help_text="元")


class CarCourseShown(Shown):
    """A course in the car; an entry that another program has broken has no policies."""

    course_id = serializers.CharField()
    title = serializers.CharField()
    img = serializers.CharField()
    policy = serializers.DictField(child=CarPolicyShown(), help_text="By policy id")
    default_policy = serializers.CharField(help_text="The id of the policy chosen")
    changed = ChangedShown(allow_null=True)

    def shape(self, course: CarCourse) -> dict[str, Any]:
        entry, changed = course.entry, course.changed
        return {
            "course_id": str(entry.course_id),
            "title": entry.title,
            "img": entry.img,
            "policy": entry.policies,
            "default_policy": entry.policy_id,
            "changed": ChangedShown().shape(changed) if changed else None,
        }
