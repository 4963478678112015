"""The codec of the hashes that this service shares with other programs (contract §4).

Whatever is read may have been written elsewhere, badly; what cannot be read is refused, so that
nobody is sold half a course.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from api.rules.coupons import CouponType, HeldCoupon, Terms, Worth

Hash = Mapping[bytes, bytes]
Offers = Mapping[str, Mapping[str, Any]]  # coupon-record id -> what the coupon does (contract §5)

NO_COUPON = "0"
BROKEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
_OFFERED = (
    "coupon_type",
    "money_equivalent_value",
    "minimum_consume",
    "off_percent",
    "max_off",
)
_AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?(e[+-]?[0-9]{1,3})?")  # as Python and JSON write a number
_LARGEST_AMOUNT = Decimal("1e12")  # 元; more is a mistake, and slow to compute with
_ID = re.compile("[1-9][0-9]{0,17}")  # small enough for the database to look for
_ANY_ID = re.compile("[1-9][0-9]*")  # as a key may have it
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")  # a surrogate; alone, half a character


# --- Coupons --------------------------------------------------------------------------------------


def offers_of(held: Iterable[HeldCoupon]) -> dict[str, dict[str, Any]]:
    """The coupons as a `coupon` field holds them (contract §5): under the record's id, only what
    the type uses."""
    return {str(coupon.record_id): _offer(coupon.worth) for coupon in held}


def coupons_in(offers: Offers) -> tuple[HeldCoupon, ...]:
    """The coupons that a `coupon` field holds, without their days, which it does not know.

    Raises one of BROKEN for what is no amount, no percentage or no id.
    """
    read: dict[tuple[Any, ...], Terms] = {}  # many records may be of one coupon
    coupons = []
    for record_id, offer in offers.items():
        values = tuple(map(offer.get, _OFFERED))
        said = (*values, *map(type, values))  # 1 and True are not the same offer
        terms = read.get(said) or read.setdefault(said, _terms(*values))
        coupons.append(HeldCoupon(id_in(record_id), terms))
    return tuple(coupons)


def _terms(kind: Any, money: Any, minimum: Any, percent: Any, most: Any) -> Terms:
    return Terms(
        Worth.of(
            _whole(kind),
            amount(money or 0),
            amount(minimum or 0),
            _percent(percent),
            None if most is None else amount(most),
        )
    )


def _offer(worth: Worth) -> dict[str, Any]:
    kind = worth.coupon_type
    offer: dict[str, Any] = {"coupon_type": kind.value, "coupon_display": kind.display}
    if kind is CouponType.DISCOUNT:
        most = {} if worth.max_off is None else {"max_off": int(worth.max_off)}
        return offer | {"off_percent": worth.off_percent} | most
    offer["money_equivalent_value"] = int(worth.money_equivalent_value)
    if kind is CouponType.THRESHOLD:
        offer["minimum_consume"] = int(worth.minimum_consume)
    return offer


def _percent(value: Any) -> int:
    percent = 100 if value is None else _whole(value)
    if not 1 <= percent <= 100:
        raise ValueError(f"not a percentage to pay: {value}")
    return percent


def _whole(value: Any) -> int:
    if type(value) is not int:  # True would do as 1
        raise TypeError(f"not a whole number: {value!r}")
    return value


# --- Values ---------------------------------------------------------------------------------------


def id_in(text: str) -> int:
    """Raises ValueError for what is no id."""
    if not _ID.fullmatch(text):
        raise ValueError(f"not an id: {text}")
    return int(text)


def ids_in(text: bytes) -> tuple[str, ...]:
    """A list of ids in JSON, as texts or numbers, each of them once. Raises one of BROKEN."""
    listed = json.loads(text)
    ids = tuple(map(str, listed)) if isinstance(listed, list) else ("",)
    if len(set(ids)) < len(ids) or not all(_ANY_ID.fullmatch(one) for one in ids):
        raise ValueError(f"not a list of ids: {text!r}")
    return ids


def choice_in(default_coupon: str) -> int | None:
    """The record id that a `default_coupon` field holds, None for none. Raises ValueError."""
    return None if default_coupon == NO_COUPON else id_in(default_coupon)


def amount(value: Any) -> Decimal:
    """元, read from the text of the value, never through a float. Raises ValueError or TypeError
    for what is no amount of money."""
    text = scalar(value)
    if not _AMOUNT.fullmatch(text) or Decimal(text) > _LARGEST_AMOUNT:
        raise ValueError(f"no amount of money: {text}")
    return Decimal(text)


def scalar(value: Any) -> str:
    """What redis-py would write for the value. Raises TypeError or ValueError where it refuses."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"not a text or number: {value!r}")
    text = value if isinstance(value, str) else repr(value)
    text.encode()  # JSON can hold half a character, UTF-8 cannot
    return text


def kept(value: Any) -> str:
    """A value that the service does not know, as a hash keeps it: texts and numbers as they are,
    anything else in JSON."""
    try:
        return scalar(value)
    except TypeError:
        return json.dumps(value)


def price_text(value: Any) -> str:
    """The price as a text, 元. Raises ValueError or TypeError for what is no amount of money."""
    amount(value)
    return scalar(value)


# --- Hashes ---------------------------------------------------------------------------------------


def texts(found: Hash) -> dict[str, str]:
    """Raises ValueError for what is not UTF-8."""
    return {name.decode(): value.decode() for name, value in found.items()}


def objects(text: str) -> dict[str, dict[str, Any]]:
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
