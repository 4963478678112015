"""A settlement beside what the shop says today: its quote (contract §8).

Nothing here reads or writes: a snapshot and what the shop says today become a breakdown.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import chain

from api.errors import SettlementUnreadable
from api.rules.changes import NOT_PAYABLE, Change, ChangeCode, Sale, coupon_changes
from api.rules.changes import course_changes as changes_of_course
from api.rules.coupons import HeldCoupon
from api.rules.money import to_fen, to_yuan, yuan
from api.rules.pricing import Basket, Breakdown, Choice, IdleCoupon, Line, PricedLine, breakdown
from api.services.checkout.quote import Quote, QuotedCoupon, QuotedLine
from api.services.checkout.today import CourseToday, Today
from api.stores.settlement import SettlementIndex
from api.stores.snapshot import OfferedCoupons, SettledCourse, SettlementSnapshot

_NONE = Decimal("0.00")


@dataclass(frozen=True)
class _Place:
    """A course of the settlement, or (None) all of it: its coupons, the one chosen, those that can
    be used now, and why the others cannot."""

    course_id: int | None
    coupons: tuple[HeldCoupon, ...]
    chosen: int | None
    usable: Mapping[int, HeldCoupon]
    gone: Mapping[int, str]

    def changes(self) -> Iterator[Change]:
        """Of the coupon chosen."""
        for coupon in self.coupons:
            if coupon.record_id == self.chosen:
                now = self.usable.get(coupon.record_id)
                yield from coupon_changes(
                    coupon.record_id,
                    self.course_id,
                    was=coupon.worth,
                    today=now.worth if now else None,
                    gone=self.gone.get(coupon.record_id),
                )

    @property
    def chosen_usable(self) -> bool | None:
        if all(coupon.record_id != self.chosen for coupon in self.coupons):
            return None
        return self.chosen in self.usable

    @property
    def chosen_offered(self) -> int | None:
        return None if self.chosen_usable is None else self.chosen

    def terms(self) -> tuple[object, ...] | None:
        """What the version says of the coupon chosen."""
        if self.chosen_usable is None or self.chosen is None:
            return None
        now = self.usable.get(self.chosen)
        if now is None:
            return (self.chosen,)
        worth = now.worth
        return (
            self.chosen,
            worth.coupon_type.value,
            str(worth.money_equivalent_value),
            str(worth.minimum_consume),
            worth.off_percent,
            # Only where there is one: quotes from before there were any keep their version.
            *([] if worth.max_off is None else [str(worth.max_off)]),
        )


@dataclass(frozen=True)
class Settled:
    """A settlement's snapshot beside what the shop says today.

    Raises SettlementUnreadable, on being made, for what is no amount, no percentage or no id, and
    for a course that comes twice.
    """

    index: SettlementIndex
    snapshot: SettlementSnapshot
    today: Today
    choice: Choice | None = None  # in the place of the snapshot's own

    def __post_init__(self) -> None:
        _ = self.places, self.was
        if len({place.course_id for place in self.places}) < len(self.places):
            raise SettlementUnreadable

    @cached_property
    def places(self) -> tuple[_Place, ...]:
        """The courses in their order, then the site-wide place."""
        places = [*map(self._course_place, self.snapshot.course_list)]
        places.append(self._place(None, self.snapshot.offered))
        if self.choice is None:
            return tuple(places)
        chosen = (*self.choice.lines, self.choice.global_coupon)
        return tuple(
            replace(place, chosen=record_id)
            for place, record_id in zip(places, chosen, strict=True)
        )

    @cached_property
    def was(self) -> tuple[Sale, ...]:
        """What each course was settled for."""
        return tuple(
            Sale(yuan(course.amount()), course.period, course.period_display)
            for course in self.snapshot.course_list
        )

    @cached_property
    def basket(self) -> Basket:
        """Today's prices, and the coupons that can be used now, with the present choices."""
        *courses, site_wide = self.places
        return Basket(
            lines=tuple(
                Line(
                    course_id=place.course_id or 0,
                    price=(self._sale(place.course_id or 0, settled) or was).price,
                    coupons=tuple(place.usable.values()),
                    chosen=place.chosen,
                )
                for place, settled, was in zip(
                    courses, self.snapshot.course_list, self.was, strict=True
                )
            ),
            coupons=tuple(site_wide.usable.values()),
            chosen=site_wide.chosen,
        )

    def _course_place(self, course: SettledCourse) -> _Place:
        return self._place(course.number(), course.offered)

    def _place(self, course_id: int | None, offered: OfferedCoupons) -> _Place:
        today, ids = self.today, [coupon.record_id for coupon in offered.coupons]
        usable = {c.record_id: c for c in (today.usable(i, course_id) for i in ids) if c}
        gone = {i: today.why_not_usable(i, course_id) for i in ids if i not in usable}
        return _Place(course_id, offered.coupons, offered.chosen, usable, gone)

    def _sale(self, course_id: int, settled: SettledCourse) -> Sale | None:
        course = self.today.courses.get(course_id)
        return course.sales.get(settled.policy_id) if course else None

    def course_changes(self) -> list[list[Change]]:
        """For each course, what has changed about it."""
        changes = []
        for place, settled, was in zip(
            self.places, self.snapshot.course_list, self.was, strict=False
        ):
            course_id = place.course_id or 0
            course = self.today.courses.get(course_id)
            online = course is not None and course.online
            today = self._sale(course_id, settled)
            changes.append(list(changes_of_course(course_id, online=online, was=was, today=today)))
        return changes

    def _owned(self) -> Iterator[Change]:
        """The courses that the account may learn already: they would go on after their last day."""
        for place in self.places:
            until = place.course_id and self.today.owned.get(place.course_id)
            if until:
                yield Change(ChangeCode.OWNED, place.course_id, now=until.isoformat())

    def quote(self) -> Quote:
        """What it costs this moment. Raises SettlementUnreadable for what cannot be reckoned."""
        priced = breakdown(self.basket)
        idle = {(one.course_id, one.coupon): one for one in priced.idle}
        course_changes = self.course_changes()
        owned = self._owned()
        *courses, site_wide = self.places
        lines = tuple(
            self._line(settled, place, line, changes, idle)
            for settled, place, line, changes in zip(
                self.snapshot.course_list, courses, priced.lines, course_changes, strict=True
            )
        )
        of_coupons = (change for place in self.places for change in place.changes())
        changes = (*chain.from_iterable(course_changes), *owned, *of_coupons)
        return Quote(
            course_list=lines,
            subtotal=priced.subtotal,
            course_discount=priced.course_discount,
            global_coupon=site_wide.chosen_offered,
            global_coupon_usable=site_wide.chosen_usable,
            global_discount=priced.global_discount,
            discount_total=to_yuan(to_fen(priced.course_discount) + to_fen(priced.global_discount)),
            total=priced.total,
            global_coupons=tuple(self._coupons(site_wide, idle)),
            changes=changes,
            payable=bool(lines) and not any(change.code in NOT_PAYABLE for change in changes),
            version=self._version(lines, priced),
            settlement=self.index.settlement,
        )

    def _line(
        self,
        settled: SettledCourse,
        place: _Place,
        line: PricedLine,
        changes: Sequence[Change],
        idle: Mapping[tuple[int | None, int], IdleCoupon],
    ) -> QuotedLine:
        course: CourseToday | None = self.today.courses.get(line.course_id)
        sale = self._sale(line.course_id, settled)
        return QuotedLine(
            course_id=line.course_id,
            title=course.title if course else settled.title,
            img=course.img if course else settled.img,
            policy_id=settled.policy_id,
            period=sale.period if sale else settled.period,
            period_display=sale.period_display if sale else settled.period_display,
            price=line.price,
            coupon=place.chosen_offered,
            coupon_usable=place.chosen_usable,
            discount=line.discount,
            share=line.share,
            pay=line.pay,
            changed=next(iter(changes), None),
            coupons=tuple(self._coupons(place, idle)),
        )

    def _coupons(
        self, place: _Place, idle: Mapping[tuple[int | None, int], IdleCoupon]
    ) -> Iterator[QuotedCoupon]:
        for offered in place.coupons:
            record_id = offered.record_id
            now = place.usable.get(record_id)
            coupon = now or self.today.held.get(record_id) or offered
            lying = idle.get((place.course_id, record_id))
            yield QuotedCoupon(
                course_id=place.course_id,
                id=record_id,
                name=coupon.name,
                worth=coupon.worth,
                last_day=coupon.last_day,
                usable=now is not None,
                chosen=record_id == place.chosen,
                at_work=now is not None and lying is None,
                code=lying.reason if lying else None if now else ChangeCode.COUPON_GONE,
                reason=lying.message if lying else place.gone.get(record_id),
                short=lying.short if lying else None,
                saves=lying.saves if lying else _NONE,
            )

    def _version(self, lines: Sequence[QuotedLine], priced: Breakdown) -> str:
        *courses, site_wide = self.places
        said = (
            self.index.settlement,
            [
                (
                    line.course_id,
                    line.policy_id,
                    str(line.price),
                    line.period,
                    line.period_display,
                    place.terms(),
                )
                for line, place in zip(lines, courses, strict=True)
            ],
            site_wide.terms(),
            str(priced.total),
        )
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
