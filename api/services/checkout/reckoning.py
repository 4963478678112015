"""From a settlement's hashes to what pricing.py and best_choice.py can reckon with."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from api.errors import SettlementUnreadable
from api.rules import pricing
from api.rules.coupons import CouponType
from api.stores.hashes import NO_COUPON, Offers, Settlement, amount

_ID = re.compile("[1-9][0-9]{0,17}")  # nothing that the database could not look for


def reckonable(settlement: Settlement) -> pricing.Settlement:
    """The prices, coupons and choices of the settlement. Raises SettlementUnreadable for what is
    no amount, no percentage or no id: another program's."""
    ends = settlement.coupon_ends
    try:
        return pricing.Settlement(
            lines=tuple(
                pricing.Line(
                    course_id=_id(course.course_id),
                    price=amount(course.price),
                    coupons=_coupons(course.coupon, ends),
                    chosen=_record_id(course.default_coupon),
                )
                for course in settlement.course_list
            ),
            coupons=_coupons(settlement.coupon, ends),
            chosen=_record_id(settlement.default_coupon),
        )
    except (ValueError, LookupError, TypeError) as error:
        raise SettlementUnreadable from error


def _coupons(offers: Offers, ends: Mapping[str, str]) -> tuple[pricing.Coupon, ...]:
    return tuple(
        pricing.Coupon(
            record_id=_id(record_id),
            kind=CouponType(_whole(offer["coupon_type"])),
            value=amount(offer.get("money_equivalent_value") or 0),
            minimum=amount(offer.get("minimum_consume") or 0),
            percent=_percent(offer.get("off_percent")),
            ends=date.fromisoformat(ends[record_id]) if record_id in ends else None,
        )
        for record_id, offer in offers.items()
    )


def _percent(value: Any) -> int:
    percent = 100 if value is None else _whole(value)
    if not 1 <= percent <= 100:
        raise ValueError(f"not a percentage to pay: {value}")
    return percent


def _whole(value: Any) -> int:
    if type(value) is not int:  # True would do as 1
        raise TypeError(f"not a whole number: {value!r}")
    return value


def _id(text: str) -> int:
    if not _ID.fullmatch(text):
        raise ValueError(f"not an id: {text}")
    return int(text)


def _record_id(default_coupon: str) -> int | None:
    return None if default_coupon == NO_COUPON else _id(default_coupon)
