"""Writing down what happens, in the transaction of the change: both or neither (contract §10)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from api.models import Order, ShopEvent
from api.rules.webhooks import COUPON_CLAIMED, COUPON_RETURNED, KINDS
from api.services.events import endpoints
from api.services.later import later


class Moved(NamedTuple):
    """A coupon record that was used or came back. `account` is whose it is."""

    record: int
    coupon: int
    account: int


def write(events: Sequence[ShopEvent]) -> None:
    """One statement, whatever their number. Those that anybody may subscribe to are delivered soon
    after the commit."""
    for event in events:
        event.pending = event.kind in KINDS
    if len(events) == 1:
        events[0].save(force_insert=True)
    else:
        ShopEvent.objects.bulk_create(events)
    if any(event.pending for event in events):
        _wake_after_commit()


def of_coupons(
    kind: str, moved: Iterable[Moved], order: Order, now: datetime, **more: Any
) -> list[ShopEvent]:
    """An event for each record that an order used or gave back, to be written with the order's."""
    return [
        ShopEvent(
            kind=kind,
            order=order,
            at=now,
            data={**_told(one), "order_number": order.order_number, **more},
        )
        for one in moved
    ]


def write_claimed(claimed: Moved, now: datetime) -> None:
    """One statement."""
    write([ShopEvent(kind=COUPON_CLAIMED, at=now, data=_told(claimed))])


def write_revived(moved: Iterable[Moved], now: datetime) -> None:
    """Expired records that can be used again, because their coupon's days were changed."""
    told = [_told(one) | {"order_number": None, "why": "days_changed"} for one in moved]
    events = [ShopEvent(kind=COUPON_RETURNED, at=now, data=data) for data in told]
    if events:
        write(events)


def _told(one: Moved) -> dict[str, Any]:
    return {"account": one.account, "coupon": one.coupon, "record": one.record}


def _wake_after_commit() -> None:
    # One task for a transaction, however many events it writes. A savepoint that is rolled back
    # takes its own call out of this list.
    waiting = (call for _, call, *_ in transaction.get_connection().run_on_commit)
    if _wake not in waiting:
        transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    if endpoints.anybody_listens():
        later("webhooks.deliver")
