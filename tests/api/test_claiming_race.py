"""Many claim at once (contract §11). On PostgreSQL, with threads."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from api.errors import ClaimedOut, ClaimLimitReached, CouponStopped
from api.models import Account, Coupon, CouponRecord, CouponRecordEvent, ShopEvent
from api.services.coupons import claiming, issuing
from api.services.coupons.audiences import Audience
from api.services.coupons.claiming import Wanted
from api.services.coupons.refusals import IssuingRefused
from tests.support.at_once import at_once
from tests.support.factories import AccountFactory, CouponFactory
from utils.exceptions import ShopError

CLIENTS = 12

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


def claiming_of(coupon: Coupon, account: Account) -> Callable[[], Any]:
    wanted = Wanted(coupon.pk, by_code=False)
    return lambda: claiming.claim(wanted, account_id=account.pk, now=timezone.now()).status


def public(**coupon: Any) -> Coupon:
    return CouponFactory(claimable=True, **coupon)


def check_books(coupon: Coupon, number: int) -> None:
    """There are so many records, each counted once and told twice; nobody has more than he may."""
    coupon.refresh_from_db()
    records = CouponRecord.objects.filter(coupon=coupon)
    assert (coupon.issued, len(records)) == (number, number)
    assert max(Counter(record.account_id for record in records).values()) <= coupon.per_account
    assert CouponRecordEvent.objects.filter(record__coupon=coupon).count() == number
    claimed = [record.pk for record in records if record.claim_no]
    told = ShopEvent.objects.filter(kind="coupon.claimed", data__coupon=coupon.pk)
    assert sorted(told.values_list("data__record", flat=True)) == sorted(claimed)


def test_many_at_once_get_as_many_as_there_are() -> None:
    coupon = public(quantity=5)
    accounts = AccountFactory.create_batch(CLIENTS)
    outcomes = at_once(*(claiming_of(coupon, account) for account in accounts))
    assert Counter(outcomes) == {0: 5, ClaimedOut: CLIENTS - 5}
    check_books(coupon, 5)


@pytest.mark.parametrize("most", [1, 3])
def test_one_account_many_times_at_once_gets_as_many_as_it_may(most: int) -> None:
    coupon, account = public(per_account=most), AccountFactory()
    outcomes = at_once(*[claiming_of(coupon, account)] * CLIENTS)
    assert Counter(outcomes) == {0: most, ClaimLimitReached: CLIENTS - most}
    check_books(coupon, most)
    numbers = CouponRecord.objects.order_by("claim_no").values_list("claim_no", flat=True)
    assert list(numbers) == list(range(1, most + 1))


def test_who_is_issued_one_at_the_same_time_has_one() -> None:
    for _ in range(10):
        coupon, account = public(), AccountFactory()

        def issue(coupon: Coupon = coupon, account: Account = account) -> str:
            try:
                list(issuing.issue(coupon.pk, Audience((account.pk,)), now=timezone.now()))
            except IssuingRefused:
                return "refused"
            return "issued"

        outcomes = at_once(issue, claiming_of(coupon, account))
        assert outcomes in (["issued", ClaimLimitReached], ["refused", 0])
        check_books(coupon, 1)


def test_after_it_was_stopped_nobody_gets_one() -> None:
    for _ in range(10):
        coupon = public()
        accounts = AccountFactory.create_batch(4)

        def stop(coupon: Coupon = coupon) -> int:
            Coupon.objects.filter(pk=coupon.pk).update(paused=True)
            return CouponRecord.objects.filter(coupon=coupon).count()

        there, *outcomes = at_once(stop, *(claiming_of(coupon, each) for each in accounts))
        assert Counter(outcomes) == Counter({0: there, CouponStopped: 4 - there})
        coupon.refresh_from_db()
        assert (coupon.issued, coupon.couponrecord_set.count()) == (there, there)


@pytest.mark.slow
def test_a_thousand_claims_of_a_hundred_pieces_by_five_hundred_accounts() -> None:
    coupon = public(quantity=100)
    accounts = AccountFactory.create_batch(500)

    def run(account: Account) -> Any:
        try:
            return claiming_of(coupon, account)()
        except ShopError as refused:
            return type(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        outcomes = Counter(pool.map(run, accounts * 2))
    assert outcomes[0] == 100
    assert outcomes.keys() == {0, ClaimedOut, ClaimLimitReached}
    check_books(coupon, 100)
