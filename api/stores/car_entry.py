"""A course in a shopping car, as its hash holds it (contract §4)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.errors import CarUnreadable
from api.stores.codec import BROKEN, Hash, kept, objects, price_text, scalar, texts


@dataclass(frozen=True)
class CarPolicies:
    """The price policies that a car holds for a course, and their stored text."""

    FIELD = "policy"

    text: str
    by_id: Mapping[str, Mapping[str, Any]]

    @classmethod
    def from_hash(cls, found: Hash) -> "CarPolicies":
        """Raises CarUnreadable if the hash has none, or broken ones."""
        try:
            text = texts(found)[cls.FIELD]
            return cls(text, objects(text))
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
            fields = texts(found)
            policies = objects(fields["policy"])
            policy_id = fields["default_policy"]
            entry = cls(course_id, fields["title"], fields["img"], policies, policy_id)
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

    def policy(self) -> dict[str, str]:
        """All fields of the policy chosen, as a settlement's hash takes them over: `period`,
        `period_display`, `price` (元), and whatever else another program put there."""
        chosen = self.policies[self.policy_id]
        return {name: kept(value) for name, value in chosen.items()} | {
            "period": scalar(chosen["period"]),
            "period_display": scalar(chosen["period_display"]),
            "price": price_text(chosen["price"]),
        }
