"""Two who want the same record, or the same piece, at the same moment. On PostgreSQL: SQLite has
one writer."""

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from api.models import Coupon, CouponRecord, CouponRecordEvent
from api.services.coupons import expiry, lifecycle
from api.services.coupons.lifecycle import SERVICE, RecordsNotThere
from tests.support.factories import CouponFactory, CouponRecordFactory, OrderFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL"),
]


def while_open(first: Callable[[], object], second: Callable[[], object]) -> tuple[object, object]:
    """Runs the first in a transaction that stays open until the second waits for it; what each
    returned, or the refusal it raised."""
    done, outcome = threading.Event(), []

    def run_second() -> None:
        try:
            outcome.append(second())
        except RecordsNotThere as refused:
            outcome.append(type(refused))
        finally:
            connection.close()
            done.set()

    thread = threading.Thread(target=run_second)
    with transaction.atomic():
        result = first()
        thread.start()
        done.wait(timeout=0.5)  # long enough for one that does not wait
    thread.join(timeout=30)
    return result, outcome[0]


def lock(*records: CouponRecord) -> Callable[[], object]:
    ids, order_id = [record.pk for record in records], OrderFactory().pk
    return lambda: lifecycle.lock(ids, order_id=order_id, now=timezone.now(), by=SERVICE)


def void(record: CouponRecord) -> Callable[[], object]:
    return lambda: lifecycle.void(
        record_id=record.pk, now=timezone.now(), by=SERVICE, reason="发错了人"
    )


def expire() -> int:
    return lifecycle.expire(CouponRecord.objects.all(), now=timezone.now())


def changes() -> list[tuple[int, int, int]]:
    events = CouponRecordEvent.objects.filter(from_status__isnull=False).order_by("id")
    return list(events.values_list("record", "from_status", "to_status"))


def test_two_orders_do_not_both_get_the_record() -> None:
    shared, free = CouponRecordFactory.create_batch(2)
    assert while_open(lock(shared), lock(free, shared)) == (None, RecordsNotThere)
    assert changes() == [(shared.pk, 0, 4)]
    assert list(CouponRecord.objects.order_by("pk").values_list("status", flat=True)) == [4, 0]


def test_the_desk_does_not_take_back_what_an_order_has_just_taken() -> None:
    record = CouponRecordFactory()
    _, second = while_open(lock(record), void(record))
    assert issubclass(second, RecordsNotThere)  # type: ignore[arg-type]  # None is no class
    assert changes() == [(record.pk, 0, 4)]


def test_what_an_order_has_just_taken_does_not_expire() -> None:
    taken, free = CouponRecordFactory.create_batch(2)
    assert while_open(lock(taken), expire) == (None, 1)
    assert changes() == [(taken.pk, 0, 4), (free.pk, 0, 2)]


def test_a_coupon_that_gets_other_days_is_left_to_the_next_run() -> None:
    """The nightly run has found its records over; their days are being put right."""
    today = timezone.localdate()
    day = dt.timedelta(days=1)
    record = CouponRecordFactory(
        coupon__valid_begin_date=today - 9 * day, coupon__valid_end_date=today - day
    )
    [case] = expiry.over(today)

    def put_right() -> int:
        return Coupon.objects.update(valid_end_date=today)

    now = timezone.now()
    assert while_open(put_right, lambda: expiry.expire(case, now=now)) == (1, 0)
    assert expiry.expire(case, now=now) == 0
    assert changes() == []
    Coupon.objects.update(valid_end_date=today - day)
    assert expiry.expire(case, now=now) == 1
    assert changes() == [(record.pk, 0, 2)]


def test_the_last_piece_is_taken_once() -> None:
    coupon = CouponFactory(quantity=3)

    def take() -> bool:
        return Coupon.objects.take(coupon.pk, 2)

    assert while_open(take, take) == (True, False)
    coupon.refresh_from_db()
    assert coupon.issued == 2
