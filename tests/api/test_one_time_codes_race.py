"""One code is claimed by many at once, and made by two. On PostgreSQL, with threads."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from api.errors import ClaimLimitReached, CouponNotThere
from api.models import Account, Coupon, CouponCode, CouponRecord, CouponRecordEvent, ShopEvent
from api.services.coupons import claiming, making_codes
from tests.support import codes as making
from tests.support.at_once import at_once
from tests.support.factories import AccountFactory, CouponFactory

CLIENTS = 50

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


def claiming_by(code: str, account: Account, found: threading.Barrier) -> Callable[[], Any]:
    """Everybody finds the code free before anybody claims by it."""

    def claim() -> Any:
        wanted = claiming.wanted(coupon_id=None, code=code)
        found.wait(timeout=30)
        return claiming.claim(wanted, account_id=account.pk, now=timezone.now()).status

    return claim


def check_once(coupon: Coupon) -> None:
    coupon.refresh_from_db()
    record = CouponRecord.objects.get(coupon=coupon)
    assert CouponCode.objects.get(coupon=coupon).record == record
    assert (coupon.issued, CouponRecordEvent.objects.count()) == (1, 1)
    assert ShopEvent.objects.get().data["record"] == record.pk


def test_fifty_at_once_claim_by_one_code_and_one_has_it() -> None:
    coupon = CouponFactory()
    (code,) = making.codes(coupon)
    found = threading.Barrier(CLIENTS)
    accounts = AccountFactory.create_batch(CLIENTS)
    outcomes = at_once(*(claiming_by(code, account, found) for account in accounts))
    assert Counter(outcomes) == {0: 1, CouponNotThere: CLIENTS - 1}
    check_once(coupon)


@pytest.mark.parametrize(("most", "refusal"), [(1, ClaimLimitReached), (99, CouponNotThere)])
def test_one_account_claims_by_one_code_many_times_at_once_and_has_one(
    most: int, refusal: type[Exception]
) -> None:
    coupon, account = CouponFactory(per_account=most), AccountFactory()
    (code,) = making.codes(coupon)
    found = threading.Barrier(12)
    outcomes = at_once(*[claiming_by(code, account, found)] * 12)
    assert Counter(outcomes) == {0: 1, refusal: 11}
    check_once(coupon)


def test_two_who_make_the_same_batch_make_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(making_codes, "CHUNK", 3)
    batch = making.ordered(CouponFactory(), 40)
    made = at_once(*[lambda: making_codes.go_on(batch.pk)] * 4)
    assert sum(made) == 40
    serials = CouponCode.objects.filter(batch=batch).values_list("serial", flat=True)
    assert sorted(serials) == list(range(1, 41))


def test_of_two_who_export_one_has_the_codes() -> None:
    batch = making.made(CouponFactory(), 2)

    def export() -> Any:
        try:
            return making.codes_of(type(batch).objects.get(pk=batch.pk))
        except making_codes.NotExported as refused:
            return type(refused)

    outcomes = at_once(*[export] * 4)
    assert outcomes.count(making_codes.ExportedBefore) == 3
