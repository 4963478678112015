"""The requests and answers of /api/shoppingcar/."""

from typing import Any

from rest_framework import serializers

from api.serializers.fields import CourseIdsField, IdField


class PolicyRequest(serializers.Serializer[Any]):
    """POST and PATCH: a course, and which of its price policies."""

    courseid = IdField()
    policyid = IdField()


class RemoveRequest(serializers.Serializer[Any]):
    """DELETE: which courses to take out."""

    courseids = CourseIdsField()
