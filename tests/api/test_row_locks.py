"""Locks of rows: who changes the same waits, and who only refers to it does not (on PostgreSQL)."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from api.models import Account, Bill, BillLine, CouponRecord
from api.services.orders.locks import lock_account
from api.services.reconciling import fetching, settling
from tests.support.bills import DAY
from tests.support.factories import AccountFactory, CouponFactory, CouponRecordFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def account() -> Account:
    return AccountFactory()


@pytest.fixture
def line() -> BillLine:
    bill = Bill.objects.create(channel="alipay", day=DAY, tried_at=timezone.now())
    return BillLine.objects.create(bill=bill, kind="payment", out_trade_no="n1", amount=9)


def elsewhere(operation: Callable[[], Any]) -> Any:
    """What it gives, or the error that it raises, in a transaction of another connection, where no
    lock is waited for longer than a moment."""
    came: list[Any] = []

    def run() -> None:
        try:
            with transaction.atomic():  # which asks for what it refers to as it commits
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '200ms'")
                found = operation()
            came.append(found)
        except OperationalError as error:
            came.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=30)
    (one,) = came
    return one


def test_who_changes_an_account_s_orders_waits_for_whoever_is_changing_them(account):
    with transaction.atomic():
        lock_account(account.pk)

        assert isinstance(elsewhere(lambda: lock_account(account.pk)), OperationalError)
        assert elsewhere(lambda: lock_account(AccountFactory().pk)) is None


def test_a_coupon_comes_to_an_account_whose_orders_are_being_changed(account):
    coupon = CouponFactory()
    with transaction.atomic():
        lock_account(account.pk)

        came = elsewhere(lambda: CouponRecordFactory(account=account, coupon=coupon))

    assert came == CouponRecord.objects.first()


@pytest.mark.parametrize(
    "lock",
    [
        lambda line: settling.lock(line.pk),
        lambda line: fetching._locked("alipay", DAY, timezone.now()),
    ],
    ids=["settling", "fetching"],
)
def test_who_settles_a_line_and_who_fetches_its_bill_wait_for_one_another(line, lock):
    with transaction.atomic():
        lock(line)

        for other in (
            lambda: settling.lock(line.pk),
            lambda: fetching._locked("alipay", DAY, timezone.now()),
        ):
            assert isinstance(elsewhere(other), OperationalError)
