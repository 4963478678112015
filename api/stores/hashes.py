"""The hashes that this service shares with other programs (contract §4), as typed values.

Whatever is read may have been written elsewhere, badly; what cannot be read is refused here, so
that nobody pays for half a course.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from api.errors import CarUnreadable, SettlementUnreadable
from api.rules.coupons import CouponType, HeldCoupon, Worth

Hash = Mapping[bytes, bytes]
Offers = Mapping[str, Mapping[str, Any]]  # coupon-record id -> what the coupon does (contract §5)

NO_COUPON = "0"
_AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?(e[+-]?[0-9]{1,3})?")  # as Python and JSON write a number
_LARGEST_AMOUNT = Decimal("1e12")  # 元; more than that is a slip, and slow to reckon with
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")  # half, unless the other half follows
BROKEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Policy:
    """A period and its price, as the texts that a settlement carries. `price` is 元."""

    period: str
    period_display: str
    price: str


@dataclass(frozen=True)
class CarPolicies:
    """The price policies that a car holds for a course, and the text that says so."""

    FIELD = "policy"

    text: str
    by_id: Mapping[str, Mapping[str, Any]]

    @classmethod
    def from_hash(cls, found: Hash) -> "CarPolicies":
        """Raises CarUnreadable if the hash has none, or broken ones."""
        try:
            text = _texts(found)[cls.FIELD]
            return cls(text, _objects(text))
        except BROKEN as error:
            raise CarUnreadable from error


@dataclass(frozen=True)
class CarEntry:
    """A course in a shopping car: policy id -> `{period, period_display, price}`, one chosen."""

    course_id: int
    title: str
    img: str
    policies: Mapping[str, Mapping[str, Any]]
    policy_id: str

    @classmethod
    def from_hash(cls, course_id: int, found: Hash) -> "CarEntry":
        """The entry that the hash holds. Raises CarUnreadable if it is not as contract §4 says."""
        try:
            texts = _texts(found)
            policies = _objects(texts["policy"])
            policy_id = texts["default_policy"]
            entry = cls(course_id, texts["title"], texts["img"], policies, policy_id)
            entry.policy()  # must be readable, or there is no price
        except BROKEN as error:
            raise CarUnreadable from error
        return entry

    @classmethod
    def as_readable(cls, course_id: int, found: Hash) -> "CarEntry":
        """The entry as far as it can be read: without policies where it is broken."""
        try:
            return cls.from_hash(course_id, found)
        except CarUnreadable:
            return cls(course_id, title="", img="", policies={}, policy_id="")

    def to_hash(self) -> dict[str, str]:
        return {
            "title": self.title,
            "img": self.img,
            "policy": json.dumps(self.policies),
            "default_policy": self.policy_id,
        }

    def policy(self) -> Policy:
        """The policy chosen."""
        chosen = self.policies[self.policy_id]
        return Policy(
            period=_scalar(chosen["period"]),
            period_display=_scalar(chosen["period_display"]),
            price=_price(chosen["price"]),
        )


@dataclass(frozen=True)
class SettledCourse:
    """One course of a settlement: a snapshot of its price and of the coupons offered on it."""

    course_id: str
    title: str
    img: str
    policy_id: str
    coupon: Offers
    default_coupon: str
    period: str
    period_display: str
    price: str

    @classmethod
    def from_hash(cls, found: Hash) -> "SettledCourse":
        """Raises SettlementUnreadable if a field is missing or broken."""
        try:
            texts: dict[str, Any] = _texts(found)
            texts["coupon"] = _objects(texts["coupon"])
            return cls(**{name: texts[name] for name in cls.__dataclass_fields__})
        except BROKEN as error:
            raise SettlementUnreadable from error

    def shown(self) -> dict[str, Any]:
        """The fields as GET shows them: texts, and the coupons as they are."""
        return dict(vars(self))

    def to_hash(self) -> dict[str, str]:
        return self.shown() | {"coupon": json.dumps(self.coupon)}


@dataclass(frozen=True)
class Settlement:
    """What an account is about to pay for: courses in the order asked for, site-wide coupons.

    `coupon_ends` is the service's own: the last day (ISO) of every coupon offered, by record id.
    """

    course_list: tuple[SettledCourse, ...]
    coupon: Offers
    default_coupon: str = NO_COUPON
    coupon_ends: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_hashes(cls, coupon_hash: Hash, course_hashes: Sequence[Hash]) -> "Settlement":
        """Raises SettlementUnreadable if a part is missing or broken: a settlement that lacks a
        course would have a wrong total."""
        course_list = tuple(SettledCourse.from_hash(found) for found in course_hashes)
        try:
            texts = _texts(coupon_hash)
            return cls(
                course_list,
                _objects(texts["coupon"]),
                texts["default_coupon"],
                json.loads(texts.get("coupon_ends", "{}")),
            )
        except BROKEN as error:
            raise SettlementUnreadable from error

    def coupon_hash(self) -> dict[str, str]:
        """The site-wide part, as its hash holds it."""
        return {
            "coupon": json.dumps(self.coupon),
            "default_coupon": self.default_coupon,
            "coupon_ends": json.dumps(self.coupon_ends),
        }


def offers_of(held: Iterable[HeldCoupon]) -> dict[str, dict[str, Any]]:
    """The coupons as a `coupon` field holds them (contract §5): under the record's id, only what
    the type uses."""
    return {str(coupon.record_id): _offer(coupon.worth) for coupon in held}


def _offer(worth: Worth) -> dict[str, Any]:
    kind = worth.coupon_type
    offer: dict[str, Any] = {"coupon_type": kind.value, "coupon_display": kind.display}
    if kind is CouponType.DISCOUNT:
        return offer | {"off_percent": worth.off_percent}
    offer["money_equivalent_value"] = int(worth.money_equivalent_value)
    if kind is CouponType.THRESHOLD:
        offer["minimum_consume"] = int(worth.minimum_consume)
    return offer


def offers_from(text: bytes) -> Offers:
    """The coupons that a `coupon` field holds. Raises SettlementUnreadable."""
    try:
        return _objects(text.decode())
    except BROKEN as error:
        raise SettlementUnreadable from error


def amount(value: Any) -> Decimal:
    """元, by the text of the value: a float never enters. Raises ValueError or TypeError for what
    is no amount of money."""
    text = _scalar(value)
    if not _AMOUNT.fullmatch(text) or Decimal(text) > _LARGEST_AMOUNT:
        raise ValueError(f"no amount of money: {text}")
    return Decimal(text)


def _texts(found: Hash) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in found.items()}


def _objects(text: str) -> dict[str, dict[str, Any]]:
    """An object of objects in JSON. Raises ValueError for anything else, and for what Python reads
    but no answer can hold: NaN, an infinite number, half a character."""
    value: Any = _JSON.decode(text)
    if _HALF_CHARACTER.search(text):
        json.dumps(value, ensure_ascii=False).encode()
    if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
        raise ValueError("not an object of objects")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


_JSON = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _scalar(value: Any) -> str:
    """What redis-py would write for the value. Raises TypeError or ValueError where it refuses."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"not a text or number: {value!r}")
    text = value if isinstance(value, str) else repr(value)
    text.encode()  # JSON can hold half a character, UTF-8 cannot
    return text


def _price(value: Any) -> str:
    """The price as a text, 元. Raises ValueError or TypeError for what is no amount of money."""
    amount(value)
    return _scalar(value)
