"""Which rows nobody needs any more.

An order's events and the notifications of its payments go together, when nothing about it is open
and nothing has happened to it since the day: its story at the desk is whole, or archived. What was
not delivered yet stays, with all that its order tells.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Model, Q, QuerySet

from api.models import ArchivedFile, Order, PaymentNotification, ShopEvent, WebhookDelivery
from api.rules.orders import OrderStatus
from api.rules.payments import Verdict

OPEN = (OrderStatus.UNPAID.value, OrderStatus.REFUND_ASKED.value)


class Kind(NamedTuple):
    """`older` finds rows by what they themselves say, `order` is the way to their order, and `at`
    gives the moment that one is of."""

    name: ArchivedFile.Kind
    older: Callable[[datetime], QuerySet[Any, Any]]
    order: str
    at: Callable[[Any], datetime]


def going(kind: Kind, ids: Collection[int], before: datetime) -> list[int]:
    """Those of the rows that may go. A query for what can hold each back, by the numbers of a
    batch: a join with what is young would read a whole table for every batch."""
    rows = dict(kind.older(before).filter(pk__in=ids).values_list("pk", kind.order))
    living = _living({order for order in rows.values() if order}, before)
    free = [pk for pk, order in rows.items() if order not in living]
    if kind.name != ArchivedFile.Kind.EVENTS:
        return free
    deliveries = WebhookDelivery.objects.filter(_held_at(before), event__in=free)
    held = set(deliveries.values_list("event", flat=True))
    return [pk for pk in free if pk not in held]


def is_held(delivery: WebhookDelivery, before: datetime) -> bool:
    """As `_held_at` says, of one that was read."""
    waits = delivery.status == WebhookDelivery.Status.WAITING
    over = delivery.delivered_at is None or delivery.delivered_at < before
    return waits or delivery.since >= before or not over


def _held_at(before: datetime) -> Q:
    """Deliveries that are not over, or were not when that day began."""
    waits = Q(status=WebhookDelivery.Status.WAITING)
    return waits | Q(since__gte=before) | Q(delivered_at__gte=before)


def _living(orders: Collection[int], before: datetime) -> set[int]:
    """The orders that are open, that something has happened to since, or that something is still to
    be told of."""
    open_ = Order.objects.filter(pk__in=orders, status__in=OPEN).values_list("pk", flat=True)
    events = ShopEvent.objects.filter(order__in=orders)
    younger = events.filter(Q(at__gte=before) | Q(pending=True)).values_list("order", flat=True)
    held = WebhookDelivery.objects.filter(_held_at(before), event__order__in=orders)
    return {
        *open_,
        *filter(None, younger),
        *filter(None, held.values_list("event__order", flat=True)),
    }


def _older_events(before: datetime) -> QuerySet[ShopEvent]:
    return ShopEvent.objects.filter(at__lt=before, pending=False)


def _older_notifications(before: datetime) -> QuerySet[PaymentNotification]:
    # What nobody signed is cleared up by a job of its own.
    old = PaymentNotification.objects.filter(last_seen__lt=before)
    return old.exclude(verdict=Verdict.SIGNATURE.value)


KINDS = (
    Kind(ArchivedFile.Kind.EVENTS, _older_events, "order", lambda row: row.at),
    Kind(
        ArchivedFile.Kind.NOTIFICATIONS,
        _older_notifications,
        "payment__order",
        lambda row: row.last_seen,
    ),
)
SORTS: dict[type[Model], str] = {
    ShopEvent: "events",
    WebhookDelivery: "deliveries",
    PaymentNotification: "notifications",
}
