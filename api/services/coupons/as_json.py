"""An audience and a coupon's terms as JSON, and back: what waits for a manager to confirm it, or
for its time."""

from datetime import date
from decimal import Decimal
from typing import Any

from api.rules.coupons import Scope, Terms, UseDays, Worth
from api.services.coupons.audiences import Audience
from api.services.coupons.segments import (
    Bought,
    Holding,
    NeverOrdered,
    RegisteredWithin,
    Segment,
)

Json = dict[str, Any]


def of_audience(audience: Audience) -> Json:
    """`account_ids` is there for accounts that are named, and, null, for every account; a segment
    comes without it: whoever knows only that key, as earlier releases do, must not take a segment
    for everybody."""
    if audience.segment is not None:
        return {"segment": _of_segment(audience.segment), "again": audience.again}
    ids = audience.account_ids
    return {"account_ids": None if ids is None else list(ids), "again": audience.again}


def audience_of(kept: Json) -> Audience:
    """Raises KeyError where it says neither accounts nor a segment."""
    again = kept["again"]
    if "segment" in kept:
        return Audience(None, again=again, segment=_segment_of(kept["segment"]))
    ids = kept["account_ids"]
    return Audience(None if ids is None else tuple(ids), again=again)


def _of_segment(segment: Segment) -> list[str | int]:
    match segment:
        case Bought(course_id):
            return ["bought", course_id]
        case NeverOrdered():
            return ["never_ordered"]
        case RegisteredWithin(days):
            return ["registered_within", days]
        case Holding(coupon_id):
            return ["holding", coupon_id]


def _segment_of(kept: list[Any]) -> Segment:
    kind, *of = kept
    kinds: dict[str, type[Segment]] = {
        "bought": Bought,
        "never_ordered": NeverOrdered,
        "registered_within": RegisteredWithin,
        "holding": Holding,
    }
    return kinds[kind](*of)


def of_terms(terms: Terms) -> Json:
    """All but whether it is switched off, which is asked when it is issued."""
    worth, days = terms.worth, terms.days
    return {
        "worth": [
            worth.coupon_type.value,
            str(worth.money_equivalent_value),
            str(worth.minimum_consume),
            worth.off_percent,
            None if worth.max_off is None else str(worth.max_off),
        ],
        "dates": [day and day.isoformat() for day in (days.valid_begin_date, days.valid_end_date)],
        "valid_days": days.coupon_valid_days,
        "scope": terms.scope.value,
        "course_id": terms.course_id,
    }


def terms_of(kept: Json) -> Terms:
    # One that was kept before there was a most has four.
    kind, money, minimum, percent, most = [*kept["worth"], None][:5]
    begin, end = (day and date.fromisoformat(day) for day in kept["dates"])
    return Terms(
        worth=Worth.of(
            kind, Decimal(money), Decimal(minimum), percent, None if most is None else Decimal(most)
        ),
        days=UseDays(begin, end, kept["valid_days"]),
        scope=Scope(kept["scope"]),
        course_id=kept["course_id"],
    )
