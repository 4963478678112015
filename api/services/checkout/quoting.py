"""What a settlement costs, and which choice of coupons is the best. pricing.py and best_choice.py
do the reckoning (README, rules of money)."""

from dataclasses import asdict, replace
from datetime import datetime
from itertools import chain
from typing import Any

from django.utils import timezone

from api.errors import SettlementNotFound, SettlementUnreadable
from api.rules import best_choice, pricing
from api.rules.reachable_sums import TooLargeToSearch
from api.services.checkout.changes import changes
from api.services.checkout.reckoning import reckonable
from api.services.coupons import holdings as records
from api.stores.hashes import Settlement
from api.stores.settlement import SettlementIndex, SettlementStore
from utils.optimistic import until_uncontended


@until_uncontended
def quote(*, account_id: int, now: datetime) -> dict[str, Any]:
    """The breakdown of the settlement with its present choices, in 元, and what has changed since
    it was started, on the day of `now`.

    One round trip to Redis, two queries. Raises SettlementNotFound. It changes nothing.
    """
    _, settlement = _read(account_id)
    present = reckonable(settlement)
    return _shown(settlement, pricing.quote(present), _usable(account_id, present, now))


@until_uncontended
def best(*, account_id: int, now: datetime) -> dict[str, Any]:
    """The choice with the lowest total, among the coupons that can be used on the day of `now`:
    its breakdown, what it saves against the present choice (less than nothing, if that has a
    coupon which cannot be used any more), and the best total with every other site-wide coupon
    and with none.

    One round trip to Redis, two queries. Raises SettlementNotFound. It changes nothing.
    """
    _, settlement = _read(account_id)
    present = reckonable(settlement)
    usable = _usable(account_id, present, now)
    found = _best(present, usable)
    best_quote = pricing.quote(pricing.choose(present, found.choice))
    return {
        "quote": _shown(settlement, best_quote, usable),
        "saves": pricing.quote(present).total - best_quote.total,
        "alternatives": [
            {"global_coupon": other.coupon, "total": other.total} for other in found.alternatives
        ],
    }


@until_uncontended
def choose_best(*, account_id: int, now: datetime) -> dict[str, Any]:
    """Chooses the choice with the lowest total, in one atomic step, and gives its breakdown.

    Two round trips to Redis, two queries. Raises SettlementNotFound; nothing is changed then.
    """
    index, settlement = _read(account_id)
    present = reckonable(settlement)
    usable = _usable(account_id, present, now)
    choice = _best(present, usable).choice
    choices: dict[str | None, int] = {None: choice.global_coupon or 0}
    for course_id, record_id in zip(index.course_ids, choice.lines, strict=True):
        choices[course_id] = record_id or 0
    shown = _shown(settlement, pricing.quote(pricing.choose(present, choice)), usable)
    SettlementStore().choose(account_id, index, choices)
    return shown


def _best(present: pricing.Settlement, usable: set[int]) -> best_choice.Best:
    try:
        return best_choice.best(_with_only(present, usable))
    except TooLargeToSearch as error:  # another program's amounts
        raise SettlementUnreadable from error


def _with_only(present: pricing.Settlement, usable: set[int]) -> pricing.Settlement:
    def kept(coupons: tuple[pricing.Coupon, ...]) -> tuple[pricing.Coupon, ...]:
        return tuple(coupon for coupon in coupons if coupon.record_id in usable)

    return replace(
        present,
        lines=tuple(replace(line, coupons=kept(line.coupons)) for line in present.lines),
        coupons=kept(present.coupons),
    )


def _read(account_id: int) -> tuple[SettlementIndex, Settlement]:
    found = SettlementStore().read(account_id)
    if found is None:
        raise SettlementNotFound
    return found


def _usable(account_id: int, present: pricing.Settlement, now: datetime) -> set[int]:
    """Those of the coupon records offered that the account can use on the day of `now`. One
    query."""
    offered = chain(present.coupons, *(line.coupons for line in present.lines))
    held = records.held_by(account_id, among={coupon.record_id for coupon in offered})
    today = timezone.localdate(now)
    return {coupon.record_id for coupon in held if coupon.usable_on(today)}


def _shown(settlement: Settlement, quote: pricing.Quote, usable: set[int]) -> dict[str, Any]:
    return {
        "course_list": [
            asdict(line) | {"coupon_usable": _is_usable(line.coupon, usable), "changed": change}
            for line, change in zip(quote.lines, changes(settlement), strict=True)
        ],
        "subtotal": quote.subtotal,
        "course_discount": quote.course_discount,
        "global_coupon": quote.global_coupon,
        "global_coupon_usable": _is_usable(quote.global_coupon, usable),
        "global_discount": quote.global_discount,
        "total": quote.total,
        "idle_coupons": [asdict(idle) | {"usable": idle.coupon in usable} for idle in quote.idle],
    }


def _is_usable(record_id: int | None, usable: set[int]) -> bool | None:
    return None if record_id is None else record_id in usable
