"""A settlement as its hashes hold it: a snapshot of prices and coupons (contract §4)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from api.errors import SettlementUnreadable
from api.rules.coupons import HeldCoupon
from api.stores.car_entry import CarEntry
from api.stores.codec import (
    BROKEN,
    NO_COUPON,
    Hash,
    Offers,
    amount,
    choice_in,
    coupons_in,
    id_in,
    objects,
    offers_of,
    texts,
)


@contextmanager
def readable() -> Iterator[None]:
    """Turns whatever fails to be read in the block into SettlementUnreadable."""
    try:
        yield
    except BROKEN as error:
        raise SettlementUnreadable from error


_OWN = ("course_id", "policy_id", "coupon", "default_coupon")  # a policy cannot replace these
_FIELDS = ("course_id", "title", "img", "policy_id", "default_coupon", "period", "period_display")


@dataclass(frozen=True)
class OfferedCoupons:
    """The coupons of one place of a settlement (a course, or site-wide), and the one chosen."""

    coupons: tuple[HeldCoupon, ...]
    chosen: int | None


@dataclass(frozen=True)
class SettledCourse:
    """One course of a settlement: a snapshot of its price and of the coupons offered on it.

    `more` are the fields that another program added to the policy or to the hash.
    """

    course_id: str
    title: str
    img: str
    policy_id: str
    coupon: Offers
    default_coupon: str
    period: str
    period_display: str
    price: str
    more: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def settle(cls, entry: CarEntry, offered: Iterable[HeldCoupon]) -> "SettledCourse":
        """The policy's fields lie over the course's, as in the document, but for the service's
        own."""
        fields = {"title": entry.title, "img": entry.img, **entry.policy()}
        for name in _OWN:
            fields.pop(name, None)
        return cls(
            course_id=str(entry.course_id),
            title=fields.pop("title"),
            img=fields.pop("img"),
            policy_id=entry.policy_id,
            coupon=offers_of(offered),
            default_coupon=NO_COUPON,
            period=fields.pop("period"),
            period_display=fields.pop("period_display"),
            price=fields.pop("price"),
            more=fields,
        )

    @classmethod
    def from_hash(cls, found: Hash) -> "SettledCourse":
        """Raises SettlementUnreadable if a field is missing or broken."""
        try:
            fields = texts(found)
            own = {name: fields.pop(name) for name in (*_FIELDS, "price")}
            return cls(**own, coupon=objects(fields.pop("coupon")), more=fields)
        except BROKEN as error:
            raise SettlementUnreadable from error

    def to_hash(self) -> dict[str, str]:
        own = {name: getattr(self, name) for name in (*_FIELDS, "price")}
        return {**self.more, **own, "coupon": json.dumps(self.coupon)}

    def number(self) -> int:
        """The course's id. Raises SettlementUnreadable."""
        with readable():
            return id_in(self.course_id)

    def amount(self) -> Decimal:
        """The price, 元. Raises SettlementUnreadable."""
        with readable():
            return amount(self.price)

    @cached_property
    def offered(self) -> OfferedCoupons:
        """Raises SettlementUnreadable."""
        with readable():
            return OfferedCoupons(coupons_in(self.coupon), choice_in(self.default_coupon))


@dataclass(frozen=True)
class SettlementSnapshot:
    """What an account is about to pay for: courses in the order asked for, site-wide coupons."""

    course_list: tuple[SettledCourse, ...]
    coupon: Offers
    default_coupon: str = NO_COUPON

    @classmethod
    def from_hashes(cls, coupon_hash: Hash, course_hashes: Sequence[Hash]) -> "SettlementSnapshot":
        """Raises SettlementUnreadable if a part is missing or broken: a settlement that lacks a
        course would have a wrong total."""
        course_list = tuple(SettledCourse.from_hash(found) for found in course_hashes)
        with readable():
            fields = texts(coupon_hash)
            return cls(course_list, objects(fields["coupon"]), fields["default_coupon"])

    def coupon_hash(self) -> dict[str, str]:
        """The site-wide part, as its hash holds it."""
        return {"coupon": json.dumps(self.coupon), "default_coupon": self.default_coupon}

    @cached_property
    def offered(self) -> OfferedCoupons:
        """Raises SettlementUnreadable."""
        with readable():
            return OfferedCoupons(coupons_in(self.coupon), choice_in(self.default_coupon))


def offers_from(text: bytes) -> Offers:
    """The coupons that a `coupon` field holds. Raises SettlementUnreadable."""
    with readable():
        return objects(text.decode())
