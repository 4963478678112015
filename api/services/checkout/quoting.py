"""Quotes and the best choice: what the settlement costs this moment (contract §8).

The shop is read first, then decided, and Redis is written last, only if the settlement is still the
one that was read.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any

from api.errors import SettlementNotFound
from api.rules import best_choice
from api.rules.best_choice import Alternative
from api.rules.pricing import total_of
from api.services.checkout.etags import etag_of, require_match
from api.services.checkout.quote import Quote
from api.services.checkout.settled import Settled
from api.services.checkout.today import Today, today_of, today_of_all
from api.stores.codec import NO_COUPON, offers_of
from api.stores.settlement import SettlementIndex, SettlementStore
from api.stores.snapshot import SettledCourse, SettlementSnapshot
from utils.optimistic import until_uncontended


@dataclass(frozen=True, slots=True)
class BestQuote:
    """The quote of the best choice, what it saves against the present one (元), and the best total
    with every other site-wide coupon, or with none. No choice is more than `gap` (元) cheaper."""

    quote: Quote
    saves: Decimal
    alternatives: tuple[Alternative, ...]
    gap: Decimal


@until_uncontended
def quote(*, account_id: int, now: datetime) -> tuple[Quote, str]:
    """What would be paid if it were ordered this moment, and what has changed since the settlement
    was started; and the settlement's ETag.

    One round trip to Redis, three queries. Raises SettlementNotFound. It changes nothing.
    """
    settled = _settled(account_id, now)
    return settled.quote(), etag_of(settled.index, settled.snapshot)


@until_uncontended
def best(*, account_id: int, now: datetime) -> BestQuote:
    """The choice with the lowest total, among the coupons that can be used now; or one nearly as
    good, where finding it would take too long.

    One round trip to Redis, three queries. Raises SettlementNotFound. It changes nothing.
    """
    settled = _settled(account_id, now)
    found = best_choice.best(settled.basket)
    chosen = replace(settled, choice=found.choice).quote()
    saves = total_of(settled.basket) - chosen.total
    return BestQuote(chosen, saves, found.alternatives, found.gap)


@until_uncontended
def choose_best(*, account_id: int, now: datetime, if_match: str | None = None) -> Quote:
    """Chooses the choice that `best` finds, in one atomic step, and gives its quote.

    Two round trips to Redis, three queries. Raises SettlementNotFound, or SettlementChanged where
    the settlement is not in the state `if_match`; nothing is changed then.
    """
    settled = _settled(account_id, now, if_match)
    choice = best_choice.best(settled.basket).choice
    quote = replace(settled, choice=choice).quote()
    choices: dict[str | None, int] = {None: choice.global_coupon or 0}
    for course_id, record_id in zip(settled.index.course_ids, choice.lines, strict=True):
        choices[course_id] = record_id or 0
    SettlementStore().choose(account_id, settled.index, choices)
    return quote


@until_uncontended
def accept_today(*, account_id: int, now: datetime) -> Quote:
    """Gives the settlement today's prices, periods and coupons, in its order and with the choices
    that still hold, and gives the new quote. Courses that are offline or gone stay as they are.

    Two round trips to Redis, three queries. Raises SettlementNotFound; nothing is changed then.
    """
    index, snapshot = read(account_id)
    course_ids = [course.number() for course in snapshot.course_list]
    today = today_of_all(account_id, course_ids=course_ids, now=now)
    renewed = SettlementSnapshot(
        tuple(_renewed(course, today) for course in snapshot.course_list),
        **_offers(today, None, snapshot.default_coupon),
    )
    quote = Settled(index, renewed, today).quote()
    SettlementStore().update(account_id, index, renewed)
    return quote


def read(account_id: int) -> tuple[SettlementIndex, SettlementSnapshot]:
    """The settlement as it stands in Redis. One round trip. Raises SettlementNotFound."""
    found = SettlementStore().read(account_id)
    if found is None:
        raise SettlementNotFound
    return found


def _settled(account_id: int, now: datetime, if_match: str | None = None) -> Settled:
    """One round trip, three queries. Raises SettlementNotFound, SettlementChanged."""
    index, snapshot = read(account_id)
    require_match(index, snapshot, if_match)
    return Settled(index, snapshot, today_for(account_id, snapshot, now))


def today_for(account_id: int, snapshot: SettlementSnapshot, now: datetime) -> Today:
    """What the shop says today of what the snapshot holds. Three queries. Raises
    SettlementUnreadable."""
    places: tuple[SettlementSnapshot | SettledCourse, ...] = (snapshot, *snapshot.course_list)
    offered = chain.from_iterable(place.offered.coupons for place in places)
    return today_of(
        account_id,
        course_ids=[course.number() for course in snapshot.course_list],
        record_ids=[coupon.record_id for coupon in offered],
        now=now,
    )


def _renewed(course: SettledCourse, today: Today) -> SettledCourse:
    known = today.courses.get(course.number())
    sale = known.sales.get(course.policy_id) if known else None
    if sale is not None:
        course = replace(
            course,
            price=repr(float(sale.price)),  # as the car has it
            period=sale.period,
            period_display=sale.period_display,
        )
    return replace(course, **_offers(today, course.number(), course.default_coupon))


def _offers(today: Today, course_id: int | None, chosen: str) -> dict[str, Any]:
    """The coupons that can be used there today, and the choice if it still holds."""
    usable = (today.usable(record_id, course_id) for record_id in today.held)
    offers = offers_of(coupon for coupon in usable if coupon)
    return {"coupon": offers, "default_coupon": chosen if chosen in offers else NO_COUPON}
