"""The requests and answers of /api/order/<number>/refund/ (contract §10)."""

import re
from typing import Any

from rest_framework import serializers

from api.rules.refunds import Due
from api.serializers.answers import MoneyField, Shown, money
from api.serializers.fields import CourseIdsField, TextField

_IDS = re.compile(r"[0-9]{1,19}(,[0-9]{1,19})*")


class CourseIdsInAddressField(CourseIdsField):
    """Course ids as an address has them: `1,2`."""

    default_error_messages = {"invalid": "必须是以逗号分隔的正整数"}

    def to_internal_value(self, data: Any) -> list[int]:
        text = data[0] if isinstance(data, list) and len(data) == 1 else data
        if text == "":
            return []
        if not isinstance(text, str) or not _IDS.fullmatch(text):
            self.fail("invalid")
        return super().to_internal_value(text.split(","))

    def get_value(self, dictionary: Any) -> Any:
        return dictionary.get(self.field_name, serializers.empty)


class RefundQuery(serializers.Serializer[Any]):
    """GET: of which courses; none named: of all that are left."""

    courseids = CourseIdsInAddressField(required=False, default=list)


class RefundRequest(serializers.Serializer[Any]):
    """POST: of which courses (none named: of all that are left), and why."""

    courseids = CourseIdsField(required=False, default=list)
    reason = TextField(required=False, default="", max_length=255, allow_blank=True)


class DueLineShown(serializers.Serializer[Any]):
    """A course, and what it gives back."""

    course_id = serializers.CharField()
    amount = MoneyField()


class DueShown(Shown):
    """What a refund would give back."""

    courses = DueLineShown(many=True)
    amount = MoneyField()
    coupons = serializers.ListField(
        child=serializers.IntegerField(), help_text="the coupon records that come back"
    )

    def shape(self, due: Due) -> dict[str, Any]:
        return {
            "courses": [
                {"course_id": str(line.course_id), "amount": money(amount)}
                for line, amount in due.lines
            ],
            "amount": money(due.amount),
            "coupons": list(due.coupons),
        }
