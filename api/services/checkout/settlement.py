"""Settlements: from the shopping car to a snapshot of prices and coupons (contract §3-§5)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

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
from api.services.checkout.etags import etag_of, require_match
from api.services.coupons import holdings
from api.stores import settling
from api.stores.car_entry import CarEntry
from api.stores.codec import Offers, offers_of
from api.stores.settlement import SettlementIndex, SettlementStore
from api.stores.snapshot import SettledCourse, SettlementSnapshot
from utils.optimistic import until_uncontended


class Read(NamedTuple):
    """A settlement, and the ETag of its state."""

    snapshot: SettlementSnapshot
    etag: str


@until_uncontended
def settle(*, account_id: int, course_ids: Sequence[int], now: datetime) -> None:
    """Starts a settlement of these courses of the shopping car, with the coupons that can be used
    on the day of `now`, in the place of the account's earlier settlement.

    Two round trips to Redis, one query. Raises NotInCar or CarUnreadable; then, as when Redis
    or the database fails, the earlier settlement is as it was. Contract §3, POST.
    """
    found, earlier = settling.read(account_id, course_ids)
    entries = [_in_car(entry) for entry in found]
    today = timezone.localdate(now)
    offered: dict[int | None, list[HeldCoupon]] = {None: [], **{c: [] for c in course_ids}}
    for coupon in holdings.held_by(account_id):
        if coupon.terms.course_id in offered and coupon.usable_on(today):
            offered[coupon.terms.course_id].append(coupon)
    snapshot = SettlementSnapshot(
        course_list=tuple(
            SettledCourse.settle(entry, offered[entry.course_id]) for entry in entries
        ),
        coupon=offers_of(offered[None]),
    )
    SettlementStore().replace(account_id, earlier, snapshot)


@until_uncontended
def choose_coupon(
    *, account_id: int, course_id: int | None, record_id: int, if_match: str | None = None
) -> None:
    """Chooses a coupon record of the settlement, 0 for none, on a course or (None) site-wide.

    Two round trips to Redis. Raises SettlementNotChanged if there is no such settlement or course
    in it, SettlementChanged where it is not in the state `if_match`, CourseCouponNotFound or
    GlobalCouponNotFound for a coupon that is not offered there; nothing is changed then.
    Contract §3, PATCH.
    """
    store = SettlementStore()
    settled = None if course_id is None else str(course_id)
    try:
        found = _offers(store, account_id, settled, if_match)
    except SettlementUnreadable as error:
        raise SettlementNotChanged from error
    if found is None:
        raise SettlementNotChanged
    index, offers = found
    if record_id and str(record_id) not in offers:
        raise GlobalCouponNotFound if settled is None else CourseCouponNotFound
    store.choose(account_id, index, {settled: record_id})


@until_uncontended
def read(*, account_id: int) -> Read:
    """The settlement: courses in the order asked for, site-wide coupons.

    One round trip to Redis. Raises SettlementNotFound. Contract §3, GET.
    """
    found = SettlementStore().read(account_id)
    if found is None:
        raise SettlementNotFound
    index, snapshot = found
    return Read(snapshot, etag_of(index, snapshot))


def _offers(
    store: SettlementStore, account_id: int, course_id: str | None, if_match: str | None
) -> tuple[SettlementIndex, Offers] | None:
    """Which settlement there is, and what it offers there. Where a state is asked for, the write
    that follows is held to it; otherwise the last of two choices wins."""
    if if_match is None:
        found = store.offers(account_id, course_id)
        return found and (found[0]._replace(revision=None), found[1])
    read = store.read(account_id)
    if read is None:
        return None
    index, snapshot = read
    require_match(index, snapshot, if_match)
    if course_id is None:
        return index, snapshot.coupon
    for settled, course in zip(index.course_ids, snapshot.course_list, strict=True):
        if settled == course_id:
            return index, course.coupon
    return None


def _in_car(entry: CarEntry | None) -> CarEntry:
    if entry is None:
        raise NotInCar
    return entry
