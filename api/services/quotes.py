"""What a settlement costs, which choice of coupons is the best, and what has changed since it was
started. pricing.py and best_choice.py do the reckoning (README, rules of money)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from django.utils import timezone

from api.coupon_types import CouponType
from api.hashes import LARGEST_AMOUNT, Offers, SettledCourse, Settlement
from api.models import Course, CourseStatus
from api.services import best_choice, pricing, records
from api.services.coupons import usable_on
from api.services.reachable_sums import TooLargeToSearch
from api.stores import SettlementIndex, SettlementStore
from utils.exceptions import SettlementNotFound, SettlementUnreadable
from utils.optimistic import until_uncontended

_ID = re.compile("[1-9][0-9]{0,17}")  # nothing that the database could not look for


@until_uncontended
def quote(*, account_id: int, now: datetime) -> dict[str, Any]:
    """The breakdown of the settlement with its present choices, in 元, and what has changed since
    it was started, on the day of `now`.

    One round trip to Redis, two queries. Raises SettlementNotFound. It changes nothing.
    """
    _, settlement = _read(account_id)
    present = _reckon(pricing.quote, settlement)
    chosen = {present.global_coupon, *(line.coupon for line in present.lines)}
    return _shown(settlement, present, _usable(account_id, chosen, now))


@until_uncontended
def best(*, account_id: int, now: datetime) -> dict[str, Any]:
    """The choice with the lowest total, among the coupons that can be used on the day of `now`:
    its breakdown, what it saves against the present choice, and the best total with every other
    site-wide coupon and with none.

    One round trip to Redis, two queries. Raises SettlementNotFound. It changes nothing.
    """
    _, settlement = _read(account_id)
    usable = _usable(account_id, _offered(settlement), now)
    found = _best(settlement, usable)
    best_quote = _quote_with(settlement, found.choice)
    return {
        "quote": _shown(settlement, best_quote, usable),
        "saves": _reckon(pricing.quote, settlement).total - best_quote.total,
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
    usable = _usable(account_id, _offered(settlement), now)
    choice = _best(settlement, usable).choice
    choices: dict[str | None, int] = {None: choice.global_coupon or 0}
    for course_id, record_id in zip(index.course_ids, choice.lines, strict=True):
        choices[course_id] = record_id or 0
    shown = _shown(settlement, _quote_with(settlement, choice), usable)
    SettlementStore().choose(account_id, index, choices)
    return shown


def _offered(settlement: Settlement) -> set[int | None]:
    texts = set(settlement.coupon).union(*(course.coupon for course in settlement.course_list))
    return {int(record_id) for record_id in texts if _ID.fullmatch(record_id)}


def _best(settlement: Settlement, usable: set[int]) -> best_choice.Best:
    return _reckon(best_choice.best, _with_only(settlement, {str(pk) for pk in usable}))


def _with_only(settlement: Settlement, record_ids: set[str]) -> Settlement:
    def kept(offers: Offers) -> Offers:
        return {pk: offer for pk, offer in offers.items() if pk in record_ids}

    return replace(
        settlement,
        course_list=tuple(replace(c, coupon=kept(c.coupon)) for c in settlement.course_list),
        coupon=kept(settlement.coupon),
    )


def _quote_with(settlement: Settlement, choice: pricing.Choice) -> pricing.Quote:
    return _reckon(lambda reckonable: pricing.quote(pricing.choose(reckonable, choice)), settlement)


def _read(account_id: int) -> tuple[SettlementIndex, Settlement]:
    found = SettlementStore().read(account_id)
    if found is None:
        raise SettlementNotFound
    return found


# --- From the hashes to what can be reckoned with -------------------------------------------------

Answer = TypeVar("Answer")


def _reckon(rule: Callable[[pricing.Settlement], Answer], settlement: Settlement) -> Answer:
    """What the rule says of the settlement. Raises SettlementUnreadable for amounts that cannot be
    reckoned with: another program's."""
    try:
        return rule(_reckonable(settlement))
    except (pricing.NotMoney, TooLargeToSearch) as error:
        raise SettlementUnreadable from error


def _reckonable(settlement: Settlement) -> pricing.Settlement:
    ends = settlement.coupon_ends
    try:
        return pricing.Settlement(
            lines=tuple(
                pricing.Line(
                    course_id=_id(course.course_id),
                    price=_amount(course.price),
                    coupons=_coupons(course.coupon, ends),
                    chosen=_record_id(course.default_coupon),
                )
                for course in settlement.course_list
            ),
            coupons=_coupons(settlement.coupon, ends),
            chosen=_record_id(settlement.default_coupon),
        )
    except (ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise SettlementUnreadable from error


def _coupons(offers: Offers, ends: Mapping[str, str]) -> tuple[pricing.Coupon, ...]:
    return tuple(
        pricing.Coupon(
            record_id=_id(record_id),
            kind=CouponType(offer["coupon_type"]),
            value=_amount(offer.get("money_equivalent_value") or 0),
            minimum=_amount(offer.get("minimum_consume") or 0),
            percent=_percent(offer.get("off_percent")),
            ends=date.fromisoformat(ends[record_id]) if record_id in ends else None,
        )
        for record_id, offer in offers.items()
    )


def _percent(value: Any) -> int:
    if not isinstance(value, int | None):
        raise TypeError(f"not a whole percentage: {value!r}")
    return 100 if value is None else value


def _id(text: str) -> int:
    if not _ID.fullmatch(text):
        raise ValueError(f"not an id: {text}")
    return int(text)


def _amount(value: Any) -> Decimal:
    """元. Raises ValueError or ArithmeticError for what nobody could pay."""
    amount = Decimal(str(value))  # by its text: a float never enters
    if amount > LARGEST_AMOUNT:
        raise ValueError(f"too much: {value}")
    return amount


def _record_id(default_coupon: str) -> int | None:
    return int(default_coupon) or None


# --- What has changed -----------------------------------------------------------------------------


class ChangeCode(StrEnum):
    """What has changed about a settled course."""

    OFFLINE = "offline"
    POLICY_GONE = "policy_gone"
    PRICE_CHANGED = "price_changed"


@dataclass(frozen=True)
class Change:
    """Why a course's price in the settlement is stale; `price` is today's, 元, if it has one."""

    code: ChangeCode
    reason: str
    price: Decimal | None = None


OFFLINE = Change(ChangeCode.OFFLINE, "课程已下线")
POLICY_GONE = Change(ChangeCode.POLICY_GONE, "价格策略已不存在")


def _changes(settlement: Settlement) -> list[Change | None]:
    """For each course, whether it is online and its policy costs what it did. One query."""
    rows = Course.objects.filter(
        pk__in=[course.course_id for course in settlement.course_list]
    ).values_list("pk", "status", "price_policy__pk", "price_policy__price")
    online: set[str] = set()
    prices: dict[tuple[str, str], float] = {}
    for course_id, status, policy_id, price in rows:
        if status == CourseStatus.ONLINE:
            online.add(str(course_id))
        if policy_id is not None:
            prices[str(course_id), str(policy_id)] = price
    return [_change(course, online, prices) for course in settlement.course_list]


def _change(
    course: SettledCourse, online: set[str], prices: Mapping[tuple[str, str], float]
) -> Change | None:
    if course.course_id not in online:
        return OFFLINE
    price = prices.get((course.course_id, course.policy_id))
    if price is None:
        return POLICY_GONE
    today = pricing.to_fen(_amount(price))
    if today == pricing.to_fen(_amount(course.price)):
        return None
    return Change(ChangeCode.PRICE_CHANGED, "价格已变动", pricing.to_yuan(today))


def _usable(account_id: int, record_ids: set[int | None], now: datetime) -> set[int]:
    """Those of the coupon records (None: no record) that the account can use on the day of `now`.
    One query."""
    held = records.held_by(account_id, among={pk for pk in record_ids if pk is not None})
    return {coupon.record_id for coupon in usable_on(held, timezone.localdate(now))}


def _shown(settlement: Settlement, quote: pricing.Quote, usable: set[int]) -> dict[str, Any]:
    changes = _changes(settlement)
    return {
        "course_list": [
            asdict(line) | {"coupon_usable": _is_usable(line.coupon, usable), "changed": change}
            for line, change in zip(quote.lines, changes, strict=True)
        ],
        "subtotal": quote.subtotal,
        "course_discount": quote.course_discount,
        "global_coupon": quote.global_coupon,
        "global_coupon_usable": _is_usable(quote.global_coupon, usable),
        "global_discount": quote.global_discount,
        "total": quote.total,
        "idle_coupons": quote.idle,
    }


def _is_usable(record_id: int | None, usable: set[int]) -> bool | None:
    return None if record_id is None else record_id in usable
