"""Orders that are not paid: cancelled, or out of time (contract §9).

Its trades are closed at the gateways first, outside any transaction: money that came in meanwhile
makes it paid. Then it closes once: 1 -> 4 or 5 by a conditional UPDATE. Its coupons come back in
the same transaction, with the days that they had left when they were taken.
"""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from api.errors import GatewayOutOfReach, GatewayUnclear, OrderNotFound, OrderStateRefused
from api.models import CouponRecord, CouponRecordStatus, Order
from api.rules.orders import OrderStatus, returned_until
from api.services.coupons import lifecycle
from api.services.coupons.lifecycle import SERVICE, Actor
from api.services.events.writing import Moved
from api.services.orders import events, trades
from api.services.orders.frozen import coupons_of
from api.services.orders.locks import lock_account

BATCH = 500  # orders of one look for those that are out of time


def cancel(*, account_id: int, order_number: str, now: datetime) -> Order:
    """Closes the account's unpaid order as 主动取消; one that is cancelled already stays so. Its
    trades are closed already: `trades.close_of` comes before, outside the transaction.

    Raises OrderNotFound, OrderStateRefused for an order that is paid, refunded or out of time, or
    GatewayOutOfReach where another trade of it was begun meanwhile.
    """
    order = Order.objects.filter(account_id=account_id, order_number=order_number).first()
    if order is None:
        raise OrderNotFound
    if is_due(order, now):
        _close_timed_out(order, now)
    else:  # one that is not unpaid stays as it is
        by = Actor(account_id=account_id)
        _close(order, OrderStatus.CANCELLED, now=now, by=by, reason="订单取消")
    order.refresh_from_db()
    if order.status != OrderStatus.CANCELLED:
        raise OrderStateRefused
    return order


def is_due(order: Order, now: datetime) -> bool:
    """Whether it is unpaid and out of time."""
    return order.status == OrderStatus.UNPAID and order.expires_at <= now


def close_timed_out(order: Order, *, now: datetime) -> bool:
    """Closes the order as 超时取消, its trades first; outside any transaction. False if it was paid
    or closed meanwhile. Raises GatewayOutOfReach; the order stays open then."""
    trades.close_of(order, now=now)
    return _close_timed_out(order, now)


def closed_if_due(order: Order, *, now: datetime) -> None:
    """Closes the order if it is out of time. Where a gateway does not answer, it stays open."""
    if is_due(order, now):
        try:
            close_timed_out(order, now=now)
        except GatewayOutOfReach:
            return
        order.refresh_from_db()


def close_if_due(order_id: int, *, now: datetime) -> bool:
    """Closes the order as 超时取消 if it is unpaid and out of time; whether it did."""
    order = Order.objects.filter(pk=order_id).first()
    return order is not None and is_due(order, now) and close_timed_out(order, now=now)


def close_due(*, now: datetime, account_id: int | None = None) -> int:
    """Closes the unpaid orders that are out of time, of one account or of all; says how many. Each
    in a transaction of its own; safe to run twice, and at once. After a gateway that did not answer
    only those are closed that no gateway knows of; the others wait for the next run."""
    due = Order.objects.filter(status=OrderStatus.UNPAID.value, expires_at__lte=now)
    if account_id is not None:
        due = due.filter(account_id=account_id)
    closed, last, silent = 0, 0, False
    while batch := list(due.filter(pk__gt=last).order_by("pk")[:BATCH]):
        for order in batch:
            if silent and trades.waiting(order).exists():
                continue
            try:
                closed += close_timed_out(order, now=now)
            except GatewayUnclear:  # of this order alone
                continue
            except GatewayOutOfReach:
                silent = True
        last = batch[-1].pk
    return closed


def _close_timed_out(order: Order, now: datetime) -> bool:
    return _close(order, OrderStatus.TIMED_OUT, now=now, by=SERVICE, reason="订单超时")


def _close(order: Order, status: OrderStatus, *, now: datetime, by: Actor, reason: str) -> bool:
    with transaction.atomic():
        lock_account(order.account_id)
        unpaid = Order.objects.filter(pk=order.pk, status=OrderStatus.UNPAID.value)
        if trades.waiting(order).exists() and unpaid.exists():  # begun since they were closed
            raise GatewayOutOfReach
        if not unpaid.update(status=status.value, cancel_time=now):
            return False
        order.status, order.cancel_time = status.value, now
        back = _give_records_back(order, now=now, by=by, reason=f"{reason} {order.order_number}")
        events.write(events.CLOSED, order, now, returned=back, status=status.value)
    return True


def _give_records_back(order: Order, *, now: datetime, by: Actor, reason: str) -> list[Moved]:
    locked = CouponRecord.objects.filter(order=order, status=CouponRecordStatus.LOCKED)
    back = events.moved(locked)
    record_ids = [one.record for one in back]
    lifecycle.release(record_ids, order_id=order.pk, now=now, by=by, reason=reason)
    extend(order, record_ids, now=now)
    return back


def extend(order: Order, record_ids: list[int], *, now: datetime) -> None:
    """Gives coupons that come back the days that they had left when the order took them."""
    today = timezone.localdate(now)
    taken = date.fromisoformat(order.quote["taken"])
    for coupon in coupons_of(order):
        if coupon["id"] not in record_ids or not coupon["last_day"]:
            continue
        last_day = date.fromisoformat(coupon["last_day"])
        until = returned_until(last_day=last_day, taken=taken, today=today)
        if until is not None:
            CouponRecord.objects.filter(pk=coupon["id"]).update(valid_until=until)
