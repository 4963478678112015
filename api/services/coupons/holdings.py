"""Coupon records of the database, as the pure rules of coupons.py want them."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from api.models import Coupon, CouponRecord, Course
from api.rules.coupons import HeldCoupon, window

_DISPLAY = dict(Coupon.coupon_type_choices)
_COURSE = (Course._meta.app_label, Course._meta.model_name)
_UNTYPED = (None, None)
_FIELDS = (
    "id",
    "get_time",
    "coupon__coupon_type",
    "coupon__money_equivalent_value",
    "coupon__off_percent",
    "coupon__minimum_consume",
    "coupon__object_id",
    "coupon__content_type__app_label",
    "coupon__content_type__model",
    "coupon__valid_begin_date",
    "coupon__valid_end_date",
    "coupon__coupon_valid_days",
)


def held_by(account_id: int, *, among: Iterable[int] | None = None) -> list[HeldCoupon]:
    """The account's unused coupon records (status 0), by record id, whatever their dates; only
    those among the given record ids, if there are any given.

    A coupon bound to anything but a course (a degree course) is left out: contract §5. One query,
    whatever the number of records.
    """
    unused = CouponRecord.objects.unused_of(account_id)
    if among is not None:
        unused = unused.filter(pk__in=among)
    rows = unused.values(*_FIELDS)
    return [_held(row) for row in rows if _is_site_wide(row) or _is_for_a_course(row)]


def _is_site_wide(row: dict[str, Any]) -> bool:
    return not row["coupon__object_id"]


def _is_for_a_course(row: dict[str, Any]) -> bool:
    bound = (row["coupon__content_type__app_label"], row["coupon__content_type__model"])
    return bound in (_COURSE, _UNTYPED)


def _held(row: dict[str, Any]) -> HeldCoupon:
    coupon_type = row["coupon__coupon_type"]
    return HeldCoupon(
        record_id=row["id"],
        coupon_type=coupon_type,
        coupon_display=_DISPLAY[coupon_type],
        money_equivalent_value=row["coupon__money_equivalent_value"],
        off_percent=row["coupon__off_percent"],
        minimum_consume=row["coupon__minimum_consume"],
        course_id=row["coupon__object_id"] or None,
        window=window(
            row["coupon__valid_begin_date"],
            row["coupon__valid_end_date"],
            row["coupon__coupon_valid_days"],
            received=timezone.localdate(row["get_time"]),
        ),
    )
