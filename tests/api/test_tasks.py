"""What an order leaves to do in the background."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from django_redis import get_redis_connection
from django_tasks import default_task_backend
from django_tasks_db.models import DBTaskResult
from redis import RedisError

from api.errors import ShopError
from api.models import Account, Order
from api.services.later import later
from api.services.orders import placing, tidying
from api.stores.settlement import SettlementStore
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.tasks import all_come_due, tasks, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def without_redis(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Breaks what clears up Redis, or mends it."""
    remove = SettlementStore.remove_settled

    def gone(*_: Any) -> None:
        raise RedisError("gone")

    def switch(broken: bool) -> None:
        monkeypatch.setattr(SettlementStore, "remove_settled", gone if broken else remove)

    return switch


# --- Closing --------------------------------------------------------------------------------------


def test_an_order_leaves_a_task_for_the_moment_it_expires():
    order = orders.order()

    assert tasks() == [("orders.close_order", [order.pk], "READY")]
    assert DBTaskResult.objects.get().run_after == order.expires_at


def test_the_task_is_written_in_the_orders_own_transaction():
    with transaction.atomic():
        orders.order()
        transaction.set_rollback(True)

    assert (Order.objects.count(), tasks()) == (0, [])


def test_a_refused_order_leaves_no_task():
    policy = PricePolicyFactory(content_object=CourseFactory(status=1))

    with pytest.raises(ShopError):
        orders.place(AccountFactory(), [policy])

    assert tasks() == []


def test_an_order_of_nothing_to_pay_leaves_no_task():
    account, policy = AccountFactory(), PricePolicyFactory(price=30.0)
    record = CouponRecordFactory(account=account, coupon=CouponFactory(money_equivalent_value=40))

    orders.place(account, [policy], (record,))

    assert Order.objects.get().status == 0
    assert tasks() == []


def test_the_worker_leaves_a_task_alone_until_the_order_expires():
    order = orders.order()

    work_off()

    order.refresh_from_db()
    assert order.status == 1
    assert tasks()[0][2] == "READY"


def test_the_worker_closes_an_order_that_is_out_of_time():
    order = orders.order()
    Order.objects.update(expires_at=timezone.now())
    all_come_due()

    work_off()

    order.refresh_from_db()
    assert order.status == 5
    assert tasks()[0][2] == "SUCCESSFUL"


@pytest.mark.parametrize("status", [0, 4, 5])
def test_the_worker_changes_nothing_about_an_order_that_is_paid_or_closed(status):
    order, then = orders.order(), timezone.now() - timedelta(hours=1)
    Order.objects.update(status=status, pay_time=then, cancel_time=then, expires_at=then)
    all_come_due()

    work_off()

    order.refresh_from_db()
    assert (order.status, order.cancel_time) == (status, then)
    assert tasks()[0][2] == "SUCCESSFUL"


def test_a_worker_that_comes_too_early_closes_nothing():
    """A clock that goes wrong, or a time that was made longer."""
    order = orders.order()
    all_come_due()

    work_off()

    order.refresh_from_db()
    assert order.status == 1


# --- Clearing up Redis ----------------------------------------------------------------------------


def settlement_keys() -> list[bytes]:
    return list(get_redis_connection("default").scan_iter("luffy_payment*"))


def test_redis_gone_after_an_order_leaves_a_task_that_clears_it_up(
    without_redis, django_capture_on_commit_callbacks
):
    without_redis(True)
    with django_capture_on_commit_callbacks(execute=True):
        order = orders.order()
    assert settlement_keys()

    without_redis(False)
    DBTaskResult.objects.filter(task_path__endswith="clear_up_redis").update(
        run_after=timezone.now()
    )
    work_off()

    assert ("orders.clear_up_redis", [order.account_id], "SUCCESSFUL") in tasks()
    assert settlement_keys() == []
    assert Account.objects.get().ordered_settlement is None


def test_a_redis_that_stays_away_is_asked_again_in_a_minute(without_redis):
    without_redis(True)
    order = orders.order()
    before = timezone.now()

    tidying.tidy_soon(order.account_id)

    [again] = DBTaskResult.objects.filter(task_path__endswith="clear_up_redis")
    assert before + timedelta(minutes=1) <= again.run_after
    assert again.run_after <= timezone.now() + timedelta(minutes=1)


def test_where_redis_is_there_clearing_up_needs_no_task(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        orders.order()

    assert settlement_keys() == []
    assert [name for name, _, _ in tasks()] == ["orders.close_order"]


def test_the_job_gives_up_on_a_redis_that_is_away_and_says_what_it_did(without_redis, monkeypatch):
    monkeypatch.setattr(tidying, "MOST_FAILURES", 2)
    for _ in range(3):
        orders.order()
    tried = []
    without_redis(True)
    tidy = tidying.tidy
    monkeypatch.setattr(tidying, "tidy", lambda pk: (tried.append(pk), tidy(pk)))

    assert tidying.tidy_all() == 0
    assert len(tried) == 2

    without_redis(False)
    assert tidying.tidy_all() == 3


def test_the_job_waits_for_ten_timeouts_and_no_more(monkeypatch):
    AccountFactory.create_batch(12, ordered_settlement="s")
    tried = []

    def gone(account_id: int) -> None:
        tried.append(account_id)
        raise RedisError("gone")

    monkeypatch.setattr(tidying, "tidy", gone)

    assert tidying.tidy_all() == 0
    assert len(tried) == 10


def test_a_fault_is_not_taken_for_a_redis_that_is_away(monkeypatch):
    account = AccountFactory(ordered_settlement="s")

    def broken(account_id: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(tidying, "tidy", broken)

    with pytest.raises(ZeroDivisionError):
        tidying.tidy_soon(account.pk)
    assert tasks() == []


def test_a_fault_after_an_order_is_no_outage_either(monkeypatch):
    order = orders.order()
    index, _ = placing.meant(account_id=order.account_id)

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(SettlementStore, "remove_settled", broken)

    with pytest.raises(ZeroDivisionError):
        tidying.tidy_placed(order, index, {})
    assert [name for name, _, _ in tasks()] == ["orders.close_order"]


def test_where_there_is_nothing_to_clear_up_redis_is_not_asked(monkeypatch):
    account = AccountFactory()
    monkeypatch.setattr(tidying, "SettlementStore", None)
    monkeypatch.setattr(tidying, "CarStore", None)

    tidying.tidy(account.pk)


def test_a_settlement_of_which_there_is_no_order_is_forgotten():
    account = AccountFactory(ordered_settlement="s")

    assert tidying.tidy_all() == 1

    account.refresh_from_db()
    assert account.ordered_settlement is None


def test_a_later_order_of_the_account_is_not_forgotten(monkeypatch):
    first = orders.order()
    Account.objects.update(ordered_settlement="later")

    index, _ = placing.meant(account_id=first.account_id)
    tidying.tidy_placed(first, index, {})

    assert Account.objects.get().ordered_settlement == "later"


# --- Other backends -------------------------------------------------------------------------------


@pytest.fixture
def broker(settings):
    """A backend that is no table of the database."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    return default_task_backend


def test_a_broker_is_told_after_the_commit_alone(broker, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as told:
        later("orders.clear_up_redis", 7)
        assert broker.results == []

    told[0]()

    assert [result.args for result in broker.results] == [[7]]
    assert tasks() == []


def test_a_broker_that_is_away_after_the_commit_fails_nobody(
    broker, monkeypatch, django_capture_on_commit_callbacks, caplog
):
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("away")

    monkeypatch.setattr(type(broker._connections["default"]), "enqueue", refuse)

    with django_capture_on_commit_callbacks(execute=True):
        later("orders.clear_up_redis", 7)

    assert "away" in caplog.text


def test_a_backend_that_puts_nothing_off_leaves_it_to_the_job(settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}

    order = orders.order()

    order.refresh_from_db()
    assert (order.status, tasks()) == (1, [])
