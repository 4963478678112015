"""What happens is written down in the transaction of the change, for whoever is subscribed."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.models import Account, CouponRecord, CouponRecordStatus, Order, Refund, ShopEvent
from api.services.coupons import claiming, lifecycle
from api.services.coupons.lifecycle import SERVICE
from api.services.events import writing
from api.services.orders import closing, events, paying
from api.services.refunds import asking, sending
from tests.support import orders
from tests.support.consumers import endpoint
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.tasks import tasks

pytestmark = pytest.mark.django_db


def bought_with_a_coupon(account: Account | None = None) -> tuple[Order, CouponRecord]:
    """99 元 less 40, not paid."""
    account = account or AccountFactory()
    record = CouponRecordFactory(account=account)
    policy = PricePolicyFactory(content_object=CourseFactory())
    return orders.place(account, [policy], (record,)), record


def refunded(order: Order) -> Refund:
    ask = {"course_ids": [], "reason": "", "now": timezone.now()}
    asking.ask(account_id=order.account_id, order_number=order.order_number, **ask)
    refund = Refund.objects.get(order=order)
    Refund.objects.filter(pk=refund.pk).update(status=Refund.Status.APPROVED)
    refund.refresh_from_db()
    refund.payment.channel = "offline"
    assert sending.send(refund, now=timezone.now())
    return refund


def told(*kinds: str) -> list[tuple[str, dict[str, Any]]]:
    rows = ShopEvent.objects.filter(pending=True).order_by("pk").values_list("kind", "data")
    return [(kind, data) for kind, data in rows if not kinds or kind in kinds]


def of_record(record: CouponRecord, order: Order | None = None, **more: Any) -> dict[str, Any]:
    data = {"account": record.account_id, "coupon": record.coupon_id, "record": record.pk}
    return data | ({"order_number": order.order_number} if order else {}) | more


def of_order(order: Order, **more: Any) -> dict[str, Any]:
    return {
        "order_number": order.order_number,
        "account": order.account_id,
        "actual_amount": "59.00",
        "courses": [order.details.get().object_id],
        **more,
    }


def test_placing_an_order_is_told() -> None:
    order, _ = bought_with_a_coupon()
    assert told() == [("order.placed", of_order(order))]


def test_paying_is_told_with_each_coupon_that_it_used() -> None:
    order, record = bought_with_a_coupon()
    orders.pay(order)
    assert told()[1:] == [
        ("order.paid", of_order(order)),
        ("coupon.used", of_record(record, order)),
    ]


@pytest.mark.parametrize("status", [4, 5])
def test_closing_is_told_with_each_coupon_that_came_back(status: int) -> None:
    order, record = bought_with_a_coupon()
    now = timezone.now()
    if status == 4:
        number = order.order_number
        closing.cancel(account_id=order.account_id, order_number=number, now=now)
    else:
        assert closing.close_if_due(order.pk, now=order.expires_at)
    assert told()[1:] == [
        ("order.closed", of_order(order, status=status)),
        ("coupon.returned", of_record(record, order, why="order_closed")),
    ]


def test_a_refund_is_told_with_each_coupon_that_came_back() -> None:
    order, record = bought_with_a_coupon()
    orders.pay(order)
    refunded(order)
    (kind, data), back = told()[3:]
    assert (kind, data["amount"], data["status"]) == ("order.refunded", "59.00", 3)
    assert back == ("coupon.returned", of_record(record, order, why="refunded"))


def test_an_order_that_comes_back_to_life_uses_its_coupon_again() -> None:
    order, record = bought_with_a_coupon()
    closing.close_if_due(order.pk, now=order.expires_at)
    orders.pay(order)
    kinds = [kind for kind, _ in told()]
    assert kinds[1:] == ["order.closed", "coupon.returned", "order.paid", "coupon.used"]
    assert told("coupon.used") == [("coupon.used", of_record(record, order))]


def test_claiming_is_told() -> None:
    account, coupon = AccountFactory(), CouponFactory(claimable=True)
    wanted = claiming.wanted(coupon_id=coupon.pk, code=None)
    claiming.claim(wanted, account_id=account.pk, now=timezone.now())
    record = CouponRecord.objects.get()
    assert told() == [("coupon.claimed", of_record(record))]


def test_expired_records_whose_days_were_changed_are_told_as_returned() -> None:
    record = CouponRecordFactory(status=CouponRecordStatus.EXPIRED)
    records = CouponRecord.objects.filter(pk=record.pk)
    lifecycle.revive(records, now=timezone.now(), by=SERVICE, reason="有效期已修改")
    data = of_record(record, order_number=None, why="days_changed")
    assert told() == [("coupon.returned", data)]


def test_expiring_and_voiding_are_not_told() -> None:
    record, other = CouponRecordFactory(), CouponRecordFactory()
    now = timezone.now()
    lifecycle.expire(CouponRecord.objects.filter(pk=record.pk), now=now)
    lifecycle.void(record_id=other.pk, now=now, by=SERVICE, reason="")
    assert told() == []


def test_what_nobody_can_subscribe_to_is_written_and_not_told() -> None:
    order, _ = bought_with_a_coupon()
    orders.pay(order)
    paying.receive(
        order.pk,
        paying.Received(channel="wechat", out_trade_no="again", amount=order.actual_amount),
        now=timezone.now(),
    )
    assert ShopEvent.objects.get(kind=events.EXCESS).pending is False


def test_a_change_that_is_rolled_back_leaves_no_event() -> None:
    order, _ = bought_with_a_coupon()
    orders.pay(order)
    account, coupon = AccountFactory(), CouponFactory(claimable=True)
    wanted = claiming.wanted(coupon_id=coupon.pk, code=None)
    other, _ = bought_with_a_coupon()
    ShopEvent.objects.all().delete()
    for change in (
        lambda: bought_with_a_coupon(),
        lambda: orders.pay(other),
        lambda: closing.close_if_due(other.pk, now=other.expires_at),
        lambda: refunded(order),
        lambda: claiming.claim(wanted, account_id=account.pk, now=timezone.now()),
    ):
        with transaction.atomic():
            change()
            assert told()
            transaction.set_rollback(True)
        assert told() == []


def test_one_task_delivers_what_a_transaction_did(
    django_capture_on_commit_callbacks: Any,
) -> None:
    endpoint()
    with django_capture_on_commit_callbacks(execute=True):
        account = AccountFactory()
        record = CouponRecordFactory(account=account, coupon__money_equivalent_value=100)
        orders.place(account, [PricePolicyFactory(content_object=CourseFactory())], (record,))
    assert [kind for kind, _ in told()] == ["order.placed", "order.paid", "coupon.used"]
    assert [task for task in tasks() if task[0].startswith("webhooks")] == [
        ("webhooks.deliver", [], "READY")
    ]


def test_nobody_is_woken_where_nobody_listens(django_capture_on_commit_callbacks: Any) -> None:
    endpoint(enabled=False)
    with django_capture_on_commit_callbacks(execute=True):
        bought_with_a_coupon()
    assert [task for task in tasks() if task[0].startswith("webhooks")] == []


def test_a_savepoint_that_is_rolled_back_does_not_keep_the_rest_from_being_delivered(
    django_capture_on_commit_callbacks: Any,
) -> None:
    endpoint()
    with django_capture_on_commit_callbacks(execute=True):
        with transaction.atomic():
            bought_with_a_coupon()
            transaction.set_rollback(True)
        bought_with_a_coupon()
    assert [task[0] for task in tasks() if task[0].startswith("webhooks")] == ["webhooks.deliver"]


def statements(change: Any) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        change()
    return [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]


@pytest.mark.parametrize("listening", [False, True])
def test_waking_costs_one_statement_and_none_where_nobody_listens(listening: bool) -> None:
    endpoint(enabled=listening)
    writing._wake()  # whether anybody listens is remembered from here on
    assert len(statements(writing._wake)) == (1 if listening else 0)


def test_all_that_paying_tells_is_one_statement() -> None:
    order, _ = bought_with_a_coupon()
    done = statements(lambda: orders.pay(order))
    assert len([sql for sql in done if sql.startswith('INSERT INTO "api_shopevent"')]) == 1
    assert len(told()) == 3
