"""Settlements: from the shopping car to a snapshot of prices and coupons (contract §3-§5)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from api.errors import (
    CourseCouponNotFound,
    GlobalCouponNotFound,
    NotInCar,
    SettlementNotChanged,
    SettlementNotFound,
    SettlementUnreadable,
)
from api.rules.coupons import HeldCoupon
from api.services.coupons import holdings as records
from api.stores.car import CarStore
from api.stores.hashes import NO_COUPON, CarEntry, SettledCourse, Settlement, offers_of
from api.stores.settlement import SettlementStore
from utils.optimistic import until_uncontended


@until_uncontended
def settle(*, account_id: int, course_ids: Sequence[int], now: datetime) -> None:
    """Starts a settlement of these courses of the shopping car, with the coupons that can be used
    on the day of `now`, in the place of the account's earlier settlement.

    Three round trips to Redis, one query. Raises NotInCar or CarUnreadable; then, as when Redis
    or the database fails, the earlier settlement is as it was. Contract §3, POST.
    """
    entries = [_in_car(entry) for entry in CarStore().entries(account_id, course_ids)]
    today = timezone.localdate(now)
    usable = [coupon for coupon in records.held_by(account_id) if coupon.usable_on(today)]
    bound_to: dict[int | None, list[HeldCoupon]] = {None: [], **{c: [] for c in course_ids}}
    for coupon in usable:
        if coupon.terms.course_id in bound_to:
            bound_to[coupon.terms.course_id].append(coupon)
    settlement = Settlement(
        course_list=tuple(_settled(entry, bound_to[entry.course_id]) for entry in entries),
        coupon=offers_of(bound_to[None]),
        coupon_ends={
            str(coupon.record_id): coupon.window.last.isoformat()
            for offered in bound_to.values()
            for coupon in offered
            if coupon.window
        },
    )
    SettlementStore().replace(account_id, settlement)


@until_uncontended
def choose_coupon(*, account_id: int, course_id: int | None, record_id: int) -> None:
    """Chooses a coupon record of the settlement, 0 for none, on a course or (None) site-wide.

    Three round trips to Redis. Raises CourseCouponNotFound or GlobalCouponNotFound for one that
    is not offered there, SettlementNotChanged if there is no such settlement or course in it;
    nothing is changed then. Contract §3, PATCH.
    """
    store = SettlementStore()
    index = store.index(account_id)
    settled = None if course_id is None else str(course_id)
    if index is None or not (settled is None or settled in index.course_ids):
        raise SettlementNotChanged
    try:
        offers = store.offers(account_id, settled)
    except SettlementUnreadable as error:
        raise SettlementNotChanged from error
    if offers is None:
        raise SettlementNotChanged
    if record_id and str(record_id) not in offers:
        raise GlobalCouponNotFound if settled is None else CourseCouponNotFound
    store.choose(account_id, index, {settled: record_id})


@until_uncontended
def read(*, account_id: int) -> dict[str, Any]:
    """The settlement as the SPA shows it: courses in the order asked for, site-wide coupons.

    One round trip to Redis. Raises SettlementNotFound. Contract §3, GET.
    """
    found = SettlementStore().read(account_id)
    if found is None:
        raise SettlementNotFound
    _, settlement = found
    return {
        "course_list": [course.shown() for course in settlement.course_list],
        "global_coupon_dict": {
            "coupon": settlement.coupon,
            "default_coupon": settlement.default_coupon,
        },
    }


def _in_car(entry: CarEntry | None) -> CarEntry:
    if entry is None:
        raise NotInCar
    return entry


def _settled(entry: CarEntry, offered: Iterable[HeldCoupon]) -> SettledCourse:
    policy = entry.policy()
    return SettledCourse(
        course_id=str(entry.course_id),
        title=entry.title,
        img=entry.img,
        policy_id=entry.policy_id,
        coupon=offers_of(offered),
        default_coupon=NO_COUPON,
        period=policy.period,
        period_display=policy.period_display,
        price=policy.price,
    )
