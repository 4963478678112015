"""A record's life: each change only from the status it leaves, and with its event or not at all."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from api.models import CouponRecord, CouponRecordEvent, IssueBatch
from api.models.append_only import AppendOnly
from api.services.coupons import lifecycle
from api.services.coupons.lifecycle import (
    SERVICE,
    Actor,
    Receiver,
    RecordNotUnused,
    RecordsNotThere,
)
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    OrderFactory,
)

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
STATUSES = [0, 1, 2, 3, 4]

Change = Callable[..., None]
ORDERED: list[tuple[Change, int, int]] = [
    (lifecycle.lock, 0, 4),
    (lifecycle.release, 4, 0),
    (lifecycle.use, 4, 1),
    (lifecycle.give_back, 1, 0),
]
FOR_ORDERS = pytest.mark.parametrize(
    ("change", "leaves", "reaches"), ORDERED, ids=[change.__name__ for change, *_ in ORDERED]
)


def statuses(*records: CouponRecord) -> list[int]:
    for record in records:
        record.refresh_from_db()
    return [record.status for record in records]


def told(record: CouponRecord) -> list[tuple[int | None, int]]:
    """Its events beyond the first, which the factory writes."""
    return list(record.events.order_by("id").values_list("from_status", "to_status"))[1:]


@FOR_ORDERS
def test_all_the_records_move_and_each_has_its_event(
    change: Change, leaves: int, reaches: int
) -> None:
    account = AccountFactory()
    order = OrderFactory(account=account)
    held = {"account": account, "status": leaves, "order": order if leaves else None}
    one, two = CouponRecordFactory.create_batch(2, **held)
    beside = CouponRecordFactory(coupon=one.coupon, account=account, status=leaves)
    others = CouponRecordFactory(coupon=one.coupon, status=leaves)
    by = Actor(account_id=account.pk)
    change([two.pk, one.pk], order_id=order.pk, now=NOW, by=by, reason="订单")
    assert statuses(one, two, beside, others) == [reaches, reaches, leaves, leaves]
    for record in (one, two):
        assert told(record) == [(leaves, reaches)]
        event = record.events.latest("id")
        assert (event.at, event.account, event.staff, event.reason) == (NOW, account, None, "订单")
        assert event.order == order
        assert record.order == (order if reaches in (1, 4) else None)
    assert told(beside) == told(others) == []


@pytest.mark.parametrize(
    ("change", "leaves", "status"),
    [(change, leaves, status) for change, leaves, _ in ORDERED for status in STATUSES
     if status != leaves],
)  # fmt: skip
def test_one_that_is_elsewhere_holds_all_of_them_back(
    change: Change, leaves: int, status: int
) -> None:
    order = OrderFactory()
    fits = CouponRecordFactory(status=leaves, order=order)
    elsewhere = CouponRecordFactory(status=status, order=order)
    with pytest.raises(RecordsNotThere):
        change([fits.pk, elsewhere.pk], order_id=order.pk, now=NOW, by=SERVICE)
    assert statuses(fits, elsewhere) == [leaves, status]
    assert told(fits) == told(elsewhere) == []


@pytest.mark.parametrize(("change", "leaves"), [one[:2] for one in ORDERED[1:]])
def test_a_record_of_another_order_is_not_moved(change: Change, leaves: int) -> None:
    record = CouponRecordFactory(status=leaves, order=OrderFactory())
    with pytest.raises(RecordsNotThere):
        change([record.pk], order_id=OrderFactory().pk, now=NOW, by=SERVICE)
    assert statuses(record) == [leaves]
    assert told(record) == []


def test_a_record_that_is_not_there_holds_all_of_them_back() -> None:
    record = CouponRecordFactory()
    with pytest.raises(RecordsNotThere):
        lifecycle.lock([record.pk, record.pk + 1], order_id=OrderFactory().pk, now=NOW, by=SERVICE)
    assert statuses(record) == [0]


def test_a_record_named_twice_moves_once() -> None:
    record = CouponRecordFactory()
    lifecycle.lock([record.pk, record.pk], order_id=OrderFactory().pk, now=NOW, by=SERVICE)
    assert told(record) == [(0, 4)]


def test_where_no_record_is_to_move_no_statement_is_sent(django_assert_num_queries: Any) -> None:
    """PostgreSQL takes no empty list, and SQLite does: most orders have no coupon."""
    told: dict[str, Any] = {"order_id": 1, "now": NOW, "by": SERVICE}
    with django_assert_num_queries(0):
        for change in (lifecycle.lock, lifecycle.release, lifecycle.use, lifecycle.give_back):
            change([], **told)


def test_used_time_is_when_it_was_paid_and_goes_when_it_comes_back() -> None:
    order_id = OrderFactory().pk
    record = CouponRecordFactory(status=4, order_id=order_id)
    lifecycle.use([record.pk], order_id=order_id, now=NOW, by=SERVICE)
    record.refresh_from_db()
    assert record.used_time == NOW
    later = NOW + dt.timedelta(days=1)
    lifecycle.give_back([record.pk], order_id=order_id, now=later, by=SERVICE)
    record.refresh_from_db()
    assert record.used_time is None


def test_records_come_unused_with_an_event_each() -> None:
    coupon, staff = CouponFactory(), User.objects.create_user("manager")
    records = lifecycle.come(
        (
            CouponRecord(coupon=coupon, account=account, number=f"A{account.pk}", get_time=NOW)
            for account in AccountFactory.create_batch(3)
        ),
        by=Actor(staff_id=staff.pk),
        reason="发放",
    )
    events = CouponRecordEvent.objects.order_by("record")
    assert [event.record for event in events] == records
    for event in events:
        assert (event.from_status, event.to_status, event.at) == (None, 0, NOW)
        assert (event.staff, event.account, event.reason) == (staff, None, "发放")


def test_a_record_of_the_batch_comes_to_each_receiver_with_its_event() -> None:
    batch = IssueBatch.objects.create(coupon=CouponFactory(), key="key", number=2, at=NOW)
    staff = User.objects.create_user("manager")
    alice, bob = AccountFactory.create_batch(2)
    lifecycle.come_to(
        [Receiver(bob.pk, "B1"), Receiver(alice.pk, "A1")],
        batch,
        by=Actor(staff_id=staff.pk),
        reason="发放",
    )
    records = CouponRecord.objects.order_by("pk")
    assert [(record.account, record.number) for record in records] == [(bob, "B1"), (alice, "A1")]
    for record in records:
        assert (record.coupon, record.batch, record.status) == (batch.coupon, batch, 0)
        assert (record.get_time, record.used_time, record.order) == (NOW, None, None)
        event = record.events.get()
        assert (event.from_status, event.to_status, event.at) == (None, 0, NOW)
        assert (event.staff, event.account, event.order) == (staff, None, None)
        assert event.reason == "发放"


def test_records_that_come_together_keep_each_its_time() -> None:
    coupon, later = CouponFactory(), NOW + dt.timedelta(days=1)
    lifecycle.come(
        CouponRecord(coupon=coupon, account=AccountFactory(), number=number, get_time=at)
        for number, at in (("A1", NOW), ("A2", later), ("A3", NOW))
    )
    events = CouponRecordEvent.objects.order_by("record")
    assert [event.at for event in events] == [NOW, later, NOW]


@pytest.mark.parametrize("status", [1, 2, 3, 4])
def test_only_an_unused_record_is_taken_back(status: int) -> None:
    record = CouponRecordFactory(status=status)
    with pytest.raises(RecordNotUnused):
        lifecycle.void(record_id=record.pk, now=NOW, by=SERVICE, reason="发错了人")
    assert statuses(record) == [status]
    assert told(record) == []


MANY: list[tuple[Callable[[Any], int], int, int]] = [
    (lambda records: lifecycle.expire(records, now=NOW), 0, 2),
    (lambda records: lifecycle.revive(records, now=NOW, by=SERVICE, reason="x"), 2, 0),
]


@pytest.mark.parametrize(("change", "leaves", "reaches"), MANY, ids=["expire", "revive"])
def test_of_many_those_move_that_fit_a_batch_at_a_time(
    change: Callable[[Any], int], leaves: int, reaches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "BATCH", 2)
    fitting = CouponRecordFactory.create_batch(5, status=leaves)
    others = [CouponRecordFactory(status=status) for status in STATUSES if status != leaves]
    left_out = CouponRecordFactory(status=leaves)
    records = CouponRecord.objects.exclude(pk=left_out.pk)
    assert [change(records) for _ in range(4)] == [2, 2, 1, 0]
    assert statuses(*fitting) == [reaches] * 5
    assert [told(record) for record in fitting] == [[(leaves, reaches)]] * 5
    assert not any(told(record) for record in [*others, left_out])
    assert statuses(left_out) == [leaves]


def test_a_change_that_is_rolled_back_leaves_no_event() -> None:
    record = CouponRecordFactory()
    with transaction.atomic():
        lifecycle.lock([record.pk], order_id=OrderFactory().pk, now=NOW, by=SERVICE)
        transaction.set_rollback(True)
    assert statuses(record) == [0]
    assert told(record) == []


def test_without_its_event_there_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    record = CouponRecordFactory()
    monkeypatch.setattr(lifecycle, "_tell", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        lifecycle.void(record_id=record.pk, now=NOW, by=SERVICE, reason="x")
    assert statuses(record) == [0]


@pytest.mark.parametrize("number", [2, 300])
def test_the_queries_do_not_grow_with_the_records(
    number: int, django_assert_num_queries: Any
) -> None:
    coupon, account = CouponFactory(), AccountFactory()
    records = lifecycle.come(
        CouponRecord(coupon=coupon, account=account, number=f"A{at}", get_time=NOW)
        for at in range(number)
    )
    ids = [record.pk for record in records]
    order_id = OrderFactory().pk
    # The rows locked in order, the change, its events.
    with django_assert_num_queries(3):
        lifecycle.lock(ids, order_id=order_id, now=NOW, by=SERVICE)


def test_a_single_record_is_not_looked_at_before(django_assert_num_queries: Any) -> None:
    record, order_id = CouponRecordFactory(), OrderFactory().pk
    # The change, its event.
    with django_assert_num_queries(2):
        lifecycle.lock([record.pk], order_id=order_id, now=NOW, by=SERVICE)


@pytest.mark.parametrize("number", [1, 20])
def test_records_come_in_two_statements(number: int, django_assert_num_queries: Any) -> None:
    coupon, accounts = CouponFactory(), AccountFactory.create_batch(number)
    batch = IssueBatch.objects.create(coupon=coupon, key="key", number=number, at=NOW)
    receivers = [Receiver(account.pk, f"A{account.pk}") for account in accounts]
    claimed = [
        CouponRecord(coupon=coupon, account=account, number=f"B{account.pk}", get_time=NOW)
        for account in accounts
    ]
    with django_assert_num_queries(2):
        lifecycle.come_to(receivers, batch, by=SERVICE, reason="")
    with django_assert_num_queries(2):
        lifecycle.come(claimed)


@pytest.mark.parametrize(("number", "checked"), [(1, 0), (2, 1), (3, 1), (4, 2)])
def test_after_each_full_batch_what_it_refers_to_is_checked(
    number: int, checked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the COMMIT of all of them would check it, and take too long."""
    monkeypatch.setattr(lifecycle, "BATCH", 2)
    checks: list[None] = []
    monkeypatch.setattr(lifecycle, "_check_references", lambda: checks.append(None))
    CouponRecordFactory.create_batch(number)
    lifecycle.void_all(CouponRecord.objects.all(), now=NOW, by=SERVICE, reason="x")
    assert len(checks) == checked


def test_only_a_database_that_would_wait_for_the_commit_is_asked_to_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifecycle, "BATCH", 1)
    record = CouponRecordFactory()
    with CaptureQueriesContext(connection) as sent:
        lifecycle.void(record_id=record.pk, now=NOW, by=SERVICE, reason="x")
    checks = ("SET CONSTRAINTS", "PRAGMA foreign_key_check")
    asked = [one["sql"] for one in sent.captured_queries if one["sql"].startswith(checks)]
    assert bool(asked) is (connection.vendor == "postgresql")


def test_what_happened_is_neither_changed_nor_deleted() -> None:
    event = CouponRecordFactory().events.get()
    event.reason = "另一个原因"
    for attempt in (
        event.save,
        event.delete,
        CouponRecordEvent.objects.all().delete,
        lambda: CouponRecordEvent.objects.update(reason="另一个原因"),
    ):
        with pytest.raises(AppendOnly):
            attempt()
    assert CouponRecordEvent.objects.get().reason == "测试"


def test_events_go_with_their_record_alone_and_outlive_who_did_it() -> None:
    staff = User.objects.create_user("manager")
    gone, stays = CouponRecordFactory.create_batch(2)
    lifecycle.void(record_id=stays.pk, now=NOW, by=Actor(staff_id=staff.pk), reason="发错了人")
    staff.delete()
    gone.delete()
    assert {event.record for event in CouponRecordEvent.objects.all()} == {stays}
    assert [event.reason for event in stays.events.filter(staff=None)] == ["测试", "发错了人"]
