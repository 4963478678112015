"""Each check of the audit by itself: what it names, in which words, and what it lets pass."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from api.models import Coupon, CouponRecord, CouponRecordEvent, Order
from api.services.audit import records
from api.services.audit.counters import Miscounted, miscounted, recount
from api.services.audit.finding import Finding
from tests.support.factories import AccountFactory, CouponFactory, CouponRecordFactory, OrderFactory

pytestmark = pytest.mark.django_db
UNPAID, CLOSED, ASKED = 1, 4, 2


def said(check: Callable[[], Iterator[Finding]]) -> list[str]:
    return [str(finding) for finding in check()]


def order_of(account: Any, status: int) -> Order:
    now = timezone.now()
    return OrderFactory(account=account, status=status, pay_time=now, cancel_time=now)


def record_in(status: int, order_status: int | None, **fields: Any) -> CouponRecord:
    account = AccountFactory()
    order = None if order_status is None else order_of(account, order_status)
    return CouponRecordFactory(account=account, status=status, order=order, **fields)


def event(record: CouponRecord, leaves: int | None, reaches: int) -> None:
    CouponRecordEvent.objects.create(
        record=record, from_status=leaves, to_status=reaches, at=timezone.now()
    )


def without_events(record: CouponRecord) -> CouponRecord:
    CouponRecordEvent.objects.filter(record=record)._raw_delete("default")
    return record


# --- Records and their events ---------------------------------------------------------------------


def test_a_record_that_its_newest_event_tells_of_passes() -> None:
    record = CouponRecordFactory()
    event(record, 0, 4), event(record, 4, 1)
    CouponRecord.objects.update(status=1)
    assert said(records.unlike_their_events) == []


def test_a_record_is_named_with_its_status_and_that_of_its_newest_event() -> None:
    one, two, mute = CouponRecordFactory.create_batch(3)
    event(one, 0, 4)
    CouponRecord.objects.filter(pk=two.pk).update(status=2)
    without_events(mute)
    assert said(records.unlike_their_events) == [
        f"record {one.number}: status 0, newest event 4",
        f"record {two.number}: status 2, newest event 0",
        f"record {mute.number}: status 0, no event",
    ]


def test_events_that_follow_upon_one_another_pass_and_so_does_one_that_begins_with_nothing() -> (
    None
):
    one, _beside = CouponRecordFactory.create_batch(2)
    event(one, 0, 4), event(one, 4, 1), event(one, 1, 0)
    assert said(records.unlike_the_events_before) == []


def test_an_event_that_begins_elsewhere_is_named_with_where_the_one_before_led() -> None:
    gap, twice, late = CouponRecordFactory.create_batch(3)
    event(gap, 4, 1)
    event(twice, None, 0)
    event(without_events(late), 0, 4)
    assert said(records.unlike_the_events_before) == [
        f"record {gap.number}: an event begins with status 4, after status 0",
        f"record {twice.number}: an event begins with nothing, after status 0",
        f"record {late.number}: an event begins with status 0, after nothing",
    ]


@pytest.mark.parametrize("status", range(5))
def test_a_first_event_that_begins_with_whatever_status_is_named(status: int) -> None:
    record = without_events(CouponRecordFactory())
    event(record, status, 0)
    assert said(records.unlike_the_events_before) == [
        f"record {record.number}: an event begins with status {status}, after nothing"
    ]


# --- Records and their orders ---------------------------------------------------------------------


@pytest.mark.parametrize("order", [None, *range(6)])
@pytest.mark.parametrize("status", range(5))
def test_a_locked_record_has_an_unpaid_order_and_a_used_one_a_paid_one_and_no_other_any(
    status: int, order: int | None
) -> None:
    right = {0: [None], 1: [None, 0, 2], 2: [None], 3: [None], 4: [1]}[status]
    record = record_in(status, order)
    has = "no order"
    if record.order:
        has = f"order {record.order.order_number} of status {order}"
    assert said(records.unlike_their_orders) == (
        [] if order in right else [f"record {record.number}: status {status}, {has}"]
    )


@pytest.mark.parametrize(("status", "order"), [(4, UNPAID), (1, 0), (1, ASKED)])
def test_a_record_of_somebody_elses_order_is_named(status: int, order: int) -> None:
    record = record_in(status, order)
    CouponRecord.objects.update(account=AccountFactory())
    assert [finding.row for finding in records.unlike_their_orders()] == [f"record {record.number}"]


def test_a_record_that_an_order_used_and_that_has_lost_it_is_named() -> None:
    lost, other_way = (CouponRecordFactory(status=1) for _ in range(2))
    event(lost, 4, 1)
    event(other_way, 1, 4)
    assert said(records.unlike_their_orders) == [f"record {lost.number}: status 1, no order"]


# --- The counters of coupons ----------------------------------------------------------------------


def test_a_coupon_that_nobody_has_is_counted_as_none() -> None:
    CouponFactory(), CouponRecordFactory()
    assert list(miscounted()) == []


@pytest.mark.parametrize(
    ("quantity", "more"), [(1, ", more than its quantity 1"), (2, ""), (3, "")]
)
def test_what_cannot_be_counted_says_so(quantity: int, more: str) -> None:
    found = Miscounted(7, "双十二", 0, 2, quantity)
    assert found.can_be_counted is not bool(more)
    assert str(found) == f"coupon 7 双十二: issued 0, records 2{more}"


@pytest.mark.parametrize(("quantity", "counted"), [(1, False), (2, True), (3, True)])
def test_a_counter_is_set_as_far_as_the_quantity_goes(quantity: int, counted: bool) -> None:
    coupon, beside = CouponFactory(quantity=9), CouponFactory(issued=5)
    CouponRecordFactory.create_batch(2, coupon=coupon)
    Coupon.objects.filter(pk=coupon.pk).update(issued=0, quantity=quantity)
    assert recount(coupon.pk) is counted
    coupon.refresh_from_db(), beside.refresh_from_db()
    assert (coupon.issued, beside.issued) == (2 if counted else 0, 5)


def test_a_coupon_that_is_not_there_is_not_counted() -> None:
    assert recount(99) is False
