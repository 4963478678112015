"""Which rows nobody needs any more.

An order's events and the notifications of its payments go together, when nothing about it is open
and nothing has happened to it since the day: its story at the desk is whole, or archived. What was
not delivered yet stays, with all that its order tells.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from api.models import ArchivedFile, PaymentNotification, ShopEvent, WebhookDelivery
from api.rules.orders import OrderStatus
from api.rules.payments import Verdict

OPEN = (OrderStatus.UNPAID.value, OrderStatus.REFUND_ASKED.value)
Rows = QuerySet[Any, Any]


class Kind(NamedTuple):
    """`older` finds rows by what they themselves say, `going` those of them that may go; `at` is
    the moment that a row is of."""

    name: ArchivedFile.Kind
    older: Callable[[datetime], Rows]
    going: Callable[[datetime], Rows]
    at: Callable[[Any], datetime]


def _older_events(before: datetime) -> QuerySet[ShopEvent]:
    return ShopEvent.objects.filter(at__lt=before, pending=False)


def _going_events(before: datetime) -> QuerySet[ShopEvent]:
    held = Exists(WebhookDelivery.objects.filter(held_at(before), event=OuterRef("pk")))
    of_orders = _of_living(before, "order")
    return _older_events(before).filter(~held, *of_orders).exclude(order__status__in=OPEN)


def _older_notifications(before: datetime) -> QuerySet[PaymentNotification]:
    # What nobody signed is cleared up by a job of its own.
    old = PaymentNotification.objects.filter(last_seen__lt=before)
    return old.exclude(verdict=Verdict.SIGNATURE.value)


def _going_notifications(before: datetime) -> QuerySet[PaymentNotification]:
    going = _older_notifications(before).filter(*_of_living(before, "payment__order"))
    return going.exclude(payment__order__status__in=OPEN)


def held_at(before: datetime) -> Q:
    """Deliveries that are not over, or were not when that day began."""
    waits = Q(status=WebhookDelivery.Status.WAITING)
    return waits | Q(since__gte=before) | Q(delivered_at__gte=before)


def is_held(delivery: WebhookDelivery, before: datetime) -> bool:
    """As `held_at` says, of one that was read."""
    waits = delivery.status == WebhookDelivery.Status.WAITING
    over = delivery.delivered_at is None or delivery.delivered_at < before
    return waits or delivery.since >= before or not over


def _of_living(before: datetime, order: str) -> tuple[Any, Any]:
    """That nothing has happened to the order since, and that all of it was told."""
    younger = ShopEvent.objects.filter(order=OuterRef(order))
    waiting = WebhookDelivery.objects.filter(held_at(before), event__order=OuterRef(order))
    return (
        ~Exists(younger.filter(Q(at__gte=before) | Q(pending=True))),
        ~Exists(waiting),
    )


KINDS = (
    Kind(ArchivedFile.Kind.EVENTS, _older_events, _going_events, lambda row: row.at),
    Kind(
        ArchivedFile.Kind.NOTIFICATIONS,
        _older_notifications,
        _going_notifications,
        lambda row: row.last_seen,
    ),
)
SORTS: dict[type[Model], str] = {
    ShopEvent: "events",
    WebhookDelivery: "deliveries",
    PaymentNotification: "notifications",
}
