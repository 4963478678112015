"""A thousand orders at once (contract §9). On PostgreSQL, with threads."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from api.errors import CouponUseFailed, QuoteOutdated
from api.models import (
    Account,
    CouponRecord,
    CouponRecordEvent,
    Order,
    PaymentType,
    PricePolicy,
)
from api.services import audit, cars
from api.services.checkout import settlement
from api.services.checkout.quoting import today_for
from api.services.checkout.settled import Settled
from api.services.coupons import lifecycle
from api.services.coupons.lifecycle import SERVICE, RecordNotUnused
from api.services.orders import placing
from api.services.orders.placing import Consent
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from utils.exceptions import ShopError

CLIENTS = 16
COUPONS, SETTLEMENTS = 100, 10  # for each coupon so many settlements want it

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]

Ordering = Callable[[], Any]


@pytest.fixture
def owners() -> list[Account]:
    """Of one record each, of one coupon."""
    coupon = CouponFactory(quantity=COUPONS)
    accounts = AccountFactory.create_batch(COUPONS)
    for account in accounts:
        CouponRecordFactory(account=account, coupon=coupon)
    return accounts


@pytest.fixture
def policy() -> PricePolicy:
    return PricePolicyFactory(content_object=CourseFactory(), price=100.0)


def orderings(account: Account, policy: PricePolicy, number: int) -> Iterator[Ordering]:
    """Orders of so many settlements of the account, as of so many devices: all quoted while the
    coupon is free, all with it."""
    now, who = timezone.now(), {"account_id": account.pk}
    record = CouponRecord.objects.get(account=account)
    cars.add(**who, course_id=policy.object_id, policy_id=policy.pk)
    settlement.settle(**who, course_ids=[policy.object_id], now=now)
    settlement.choose_coupon(**who, course_id=None, record_id=record.pk)
    meant = placing.meant(**who)
    assert meant is not None
    index, snapshot = meant
    today = today_for(account.pk, snapshot, now)
    for device in range(number):
        own = index._replace(settlement=f"{index.settlement[:20]}-{device}")
        quote = Settled(own, snapshot, today).quote()
        assert str(quote.total) == "60.00"
        yield lambda own=own, version=quote.version: placing.place(
            (own, snapshot),
            **who,
            consent=Consent(version),
            payment_type=PaymentType.ALIPAY,
            now=now,
        )


@contextmanager
def clients() -> Iterator[Callable[[list[Ordering]], list[Any]]]:
    """Runs operations, in any order, by so many clients that begin together; gives what each gave
    or was refused with, in their order."""

    def begin() -> None:
        barrier.wait(timeout=30)

    def run(operation: Ordering) -> Any:
        try:
            return operation()
        except (ShopError, RecordNotUnused) as refused:
            return type(refused)

    def all_of(operations: list[Ordering]) -> list[Any]:
        shuffled = list(enumerate(operations))
        random.shuffle(shuffled)
        done = [(at, pool.submit(run, operation)) for at, operation in shuffled]
        outcomes = {at: future.result(timeout=300) for at, future in done}
        # One for each client, none of which can take a second before all have one.
        barrier.reset()
        list(pool.map(lambda _: (barrier.wait(timeout=30), connection.close()), range(CLIENTS)))
        return [outcomes[at] for at in range(len(operations))]

    barrier = threading.Barrier(CLIENTS)
    with ThreadPoolExecutor(CLIENTS, initializer=begin) as pool:
        yield all_of


def nothing_is_half_done() -> None:
    assert [str(one) for one in (*audit.miscounted(), *audit.findings())] == []


def test_of_a_thousand_orders_at_once_on_a_hundred_coupons_each_coupon_is_in_one(
    owners: list[Account], policy: PricePolicy
) -> None:
    wanted = [each for owner in owners for each in orderings(owner, policy, SETTLEMENTS)]
    assert len(wanted) == 1_000

    with clients() as at_once:
        outcomes = at_once(wanted)

    placed = [outcome for outcome in outcomes if isinstance(outcome, Order)]
    refused = Counter(outcome for outcome in outcomes if not isinstance(outcome, Order))
    assert refused == {QuoteOutdated: 900}  # who waited for the account sees an old version
    assert {order.account_id for order in placed} == {owner.pk for owner in owners}
    assert Order.objects.count() == len(placed) == COUPONS
    records = CouponRecord.objects.values_list("status", "order")
    assert sorted(records) == sorted((4, order.pk) for order in placed)
    assert CouponRecordEvent.objects.filter(to_status=4).count() == COUPONS
    nothing_is_half_done()


def test_a_coupon_that_the_desk_takes_back_at_that_moment_is_in_no_order(
    owners: list[Account], policy: PricePolicy
) -> None:
    """The desk does not lock the account."""
    now = timezone.now()
    ordering = [each for owner in owners for each in orderings(owner, policy, 1)]
    taking = [
        lambda pk=pk: lifecycle.void(record_id=pk, now=now, by=SERVICE, reason="作废")
        for pk in CouponRecord.objects.values_list("pk", flat=True).order_by("account")
    ]

    with clients() as at_once:
        outcomes = at_once(ordering + taking)

    for owner, order, taken in zip(owners, outcomes[:COUPONS], outcomes[COUPONS:], strict=True):
        record = CouponRecord.objects.get(account=owner)
        if isinstance(order, Order):
            assert (taken, record.status, record.order_id) == (RecordNotUnused, 4, order.pk)
        else:
            assert order in (QuoteOutdated, CouponUseFailed)
            assert (taken, record.status, record.order_id) == (None, 3, None)
    nothing_is_half_done()
