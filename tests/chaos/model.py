"""What an account has been promised, as far as its front end can know.

Each answer leaves one state possible, or, where nobody knows what came of a request, several. What
the service shows later must be one of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from tests.chaos.front import Broken

UNPAID, PAID, CANCELLED, TIMED_OUT = 1, 0, 4, 5
CLOSED = {CANCELLED, TIMED_OUT}


@dataclass(frozen=True)
class Settled:
    """A settlement: its courses in their order, each with its policy, and the records chosen: of
    each course, and last the site-wide one. `choices` None: nobody knows which."""

    courses: tuple[tuple[str, str], ...]
    choices: tuple[str, ...] | None

    @classmethod
    def of(cls, courses: Iterable[tuple[str, str]]) -> "Settled":
        """As it is right after POST: nothing chosen."""
        pairs = tuple(courses)
        return cls(pairs, ("0",) * (len(pairs) + 1))

    @classmethod
    def shown(cls, data: Any) -> "Settled":
        """What GET payment answers."""
        lines = data["course_list"]
        choices = [line["default_coupon"] for line in lines]
        return cls(
            tuple((line["course_id"], line["policy_id"]) for line in lines),
            (*choices, data["global_coupon_dict"]["default_coupon"]),
        )

    def chosen(self, place: int, record: str) -> "Settled":
        """With this record in that place (-1: site-wide)."""
        if self.choices is None:
            return self
        choices = list(self.choices)
        choices[place] = record
        return Settled(self.courses, tuple(choices))

    def is_among(self, possible: "set[Settled | None]") -> bool:
        return any(
            one is not None
            and one.courses == self.courses
            and (one.choices is None or one.choices == self.choices)
            for one in possible
        )


@dataclass
class Bought:
    """An order, and the statuses that it may have. `paying`: nobody knows whether money that was
    sent has come in."""

    number: str
    courses: tuple[str, ...]
    amount: str
    expires_at: datetime
    statuses: set[int]
    paying: bool = False

    @classmethod
    def of(cls, order: Any) -> "Bought":
        return cls(
            order["order_number"],
            tuple(str(line["course_id"]) for line in order["details"]),
            order["actual_amount"],
            datetime.fromisoformat(order["expires_at"]),
            {order["status"]},
        )

    def seen(self, order: Any) -> None:
        """Raises Broken for an order that is not what was promised."""
        allowed = set(self.statuses)
        due = self.expires_at - timedelta(seconds=1)
        if UNPAID in allowed and timezone.now() >= due:
            allowed.add(TIMED_OUT)
        if order["status"] not in allowed:
            raise Broken(f"order {self.number} is {order['status']}, can only be {allowed}")
        now = Bought.of(order)
        if (now.courses, now.amount) != (self.courses, self.amount):
            raise Broken(f"order {self.number} was {self}, is {now}")
        if not self.paying:
            self.statuses = {order["status"]}


@dataclass
class Promised:
    """`car`: of each course the policies that may be chosen, None for not in the car. `unsure`: at
    least one request of which nobody knows what came of it; it may still be under way."""

    car: dict[str, set[str | None]] = field(default_factory=dict)
    settled: set[Settled | None] = field(default_factory=lambda: {None})
    orders: dict[str, Bought] = field(default_factory=dict)
    unsure: bool = False

    def car_seen(self, data: Any) -> None:
        shown: dict[str, str] = {line["course_id"]: line["default_policy"] for line in data}
        for course in {*self.car, *shown}:
            has, may = shown.get(course), self.car.get(course, {None})
            if has not in may:
                raise Broken(f"course {course} is in the car with {has}, can only be {may}")
        if not self.unsure:
            self.car = {course: {policy} for course, policy in shown.items()}

    def settlement_seen(self, data: Any | None) -> None:
        """None where there is none."""
        shown = None if data is None else Settled.shown(data)
        if not (shown.is_among(self.settled) if shown else None in self.settled):
            raise Broken(f"settled is {shown}, can only be {self.settled}")
        if not self.unsure:
            self.settled = {shown}

    def ordered(self, settled: Settled, order: Any) -> None:
        """The settlement has become this order, and what it bought leaves the car."""
        if order["order_number"] in self.orders:
            raise Broken(f"another settlement became order {order['order_number']}")
        self.orders[order["order_number"]] = bought = Bought.of(order)
        if bought.courses != tuple(course for course, _ in settled.courses):
            raise Broken(f"{settled} became {bought}")
        self.settled = {None}
        for course, policy in settled.courses:
            if policy in self.car.get(course, ()):
                self.car[course] = {None}

    def maybe_ordered(self, settled: Settled) -> None:
        self.unsure = True
        self.settled |= {None}
        for course, policy in settled.courses:
            if policy in self.car.get(course, ()):
                self.car[course] |= {None}

    def not_ordered(self, settled: Settled) -> None:
        """It was refused in the end, and so nothing has changed."""
        self.settled = {settled}
        for course, policy in settled.courses:
            if policy in self.car.get(course, ()):
                self.car[course] = {policy}

    @property
    def now(self) -> Settled | None:
        (settled,) = self.settled
        return settled

    def in_car(self) -> dict[str, str]:
        policies = {course: next(iter(some)) for course, some in self.car.items()}
        return {course: policy for course, policy in policies.items() if policy is not None}
