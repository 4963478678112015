"""Fields that several requests share."""

import re
from typing import Any

from rest_framework import serializers

LARGEST_ID = 2**63 - 1  # of a BigAutoField
_UNREADABLE = re.compile("[\0\ud800-\udfff]")
_DIGITS = re.compile("[0-9]{1,19}")


class IdField(serializers.Field[int, Any, Any, Any]):
    """A positive integer, or a string of its digits (contract §3). Strict: what Python also
    takes for a number (`True`, `1.0`, `"１"`, `" 1"`) is not an id."""

    default_error_messages = {"invalid": "必须是正整数"}
    smallest, largest = 1, LARGEST_ID

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and _DIGITS.fullmatch(data):
            data = int(data)
        if type(data) is not int or not self.smallest <= data <= self.largest:
            self.fail("invalid", smallest=self.smallest, largest=self.largest)
        return int(data)

    def to_representation(self, value: int) -> int:
        return value


class IdOrZeroField(IdField):
    """An id, or 0 for none."""

    default_error_messages = {"invalid": "必须是正整数或0"}
    smallest = 0


class NumberField(IdField):
    """A whole number within bounds, as strict as an id."""

    default_error_messages = {"invalid": "必须是{smallest}到{largest}的整数"}

    def __init__(self, *, smallest: int, largest: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.smallest, self.largest = smallest, largest


class IdOrNothingField(IdField):
    """An id, or one of the ways in which the SPA says that there is none: left out, null, 0, ""."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, default=None, **kwargs)

    # The one field of ids that may be none.
    def to_internal_value(self, data: Any) -> int | None:  # type: ignore[override]
        if data == "" or (type(data) is int and data == 0):
            return None
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """A text and nothing else: REST framework's own field also takes numbers. NUL, which PostgreSQL
    cannot store, and half a character, which UTF-8 cannot, are refused."""

    default_error_messages = {"unreadable": "包含不允许的字符"}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if _UNREADABLE.search(data):
            self.fail("unreadable")
        return super().to_internal_value(data)


class DigitsOrTextField(TextField):
    """A text; one of digits may come as a number, as old front ends send it."""

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(str(data) if type(data) is int else data)


class CourseIdsField(serializers.ListField):
    """A list of at most MOST_IDS course ids. An id that is there twice counts once, at its first
    place."""

    MOST_IDS = 100
    child = IdField()
    default_error_messages = {"not_a_list": "必须是列表"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=self.MOST_IDS, **kwargs)

    def to_internal_value(self, data: Any) -> list[int]:
        ids = super().to_internal_value(data)
        if len(ids) > self.MOST_IDS:  # duplicates count here: the list itself must be short
            self.fail("max_length", max_length=self.MOST_IDS)
        return list(dict.fromkeys(ids))
