"""A batch is taken back while others use it. On PostgreSQL, with threads."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from api.errors import CouponNotThere
from api.models import CouponCode, CouponRecord, CouponRecordEvent, IssueBatch
from api.services.coupons import claiming, lifecycle, making_codes, taking_back
from api.services.coupons.lifecycle import SERVICE
from tests.api.test_taking_back import issued, take_back
from tests.support import codes as making
from tests.support.at_once import at_once
from tests.support.factories import AccountFactory, CouponFactory, OrderFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


def voided() -> int:
    return CouponRecordEvent.objects.filter(to_status=3).count()


def test_two_who_take_back_at_once_take_each_record_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "BATCH", 3)
    for _ in range(5):
        batch, before = issued(CouponFactory(), (0,) * 10), voided()
        first, second = at_once(*[lambda batch=batch: take_back(batch).records] * 2)
        assert sorted([first, second]) == [0, 10]
        assert voided() - before == 10


def test_two_lists_that_overlap_take_each_record_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock but those of the records is in their way."""
    monkeypatch.setattr(lifecycle, "BATCH", 3)
    for _ in range(5):
        batch, before = issued(CouponFactory(), (0,) * 12), voided()
        ids = sorted(batch.records.values_list("pk", flat=True))

        def taking(some: list[int], last: int = ids[-1]) -> Callable[[], int]:
            records = CouponRecord.objects.filter(pk__in=some)
            facts: dict[str, Any] = {"now": timezone.now(), "by": SERVICE, "reason": "泄露"}
            return lambda: taking_back.take_back(records, up_to=last, **facts).records

        taken = at_once(taking(ids[:8]), taking(ids[4:]))
        assert sum(taken) == 12
        assert voided() - before == 12


def test_what_an_order_is_locking_is_waited_for_and_stays() -> None:
    batch = issued(CouponFactory(), (0, 0, 0))
    record = batch.records.order_by("pk")[1]
    order = OrderFactory(account=record.account)
    locked, go_on = threading.Event(), threading.Event()

    def lock() -> None:
        with transaction.atomic():
            lifecycle.lock([record.pk], order_id=order.pk, now=timezone.now(), by=SERVICE)
            locked.set()
            go_on.wait(timeout=30)

    def take() -> int:
        locked.wait(timeout=30)
        threading.Timer(0.5, go_on.set).start()
        return take_back(batch).records

    _, taken = at_once(lock, take)
    assert taken == 2
    assert list(batch.records.order_by("pk").values_list("status", flat=True)) == [3, 4, 3]


def test_who_claims_by_a_code_meanwhile_has_his_record_before_or_not_at_all() -> None:
    """Both have looked, and found the code free, before either acts."""
    for _ in range(20):
        batch = making.made(CouponFactory(), 1)
        (code,), account = making.codes_of(batch), AccountFactory()
        wanted = claiming.wanted(coupon_id=None, code=code)

        def claim(wanted: Any = wanted, account: Any = account) -> Any:
            return claiming.claim(wanted, account_id=account.pk, now=timezone.now()).status

        claimed, taken = at_once(claim, lambda batch=batch: take_back(batch))
        assert (claimed, taken.records, taken.codes) in [(0, 1, 0), (CouponNotThere, 0, 1)]
        assert not CouponRecord.objects.filter(status=0).exists()


def test_what_is_being_made_ends_with_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making_codes, "CHUNK", 2)
    batch = making.ordered(CouponFactory(), 30)
    made, taken = at_once(lambda: making_codes.go_on(batch.pk), lambda: take_back(batch))
    assert taken.codes == 30
    assert CouponCode.objects.count() == made
    left = IssueBatch.objects.get()
    assert (left.made, left.seed) == (made, "")
    assert making_codes.go_on(batch.pk) == 0
