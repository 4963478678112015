"""A refund is decided at the desk, by somebody else than who asked for it there (contract §10)."""

from datetime import datetime

from django.db import transaction

from api.models import Order, Refund
from api.rules.orders import OrderStatus
from api.services.orders import events
from api.services.orders.locks import lock_account


class NotOpen(Exception):
    """The refund was decided before; nothing was changed."""


class OwnRequest(Exception):
    """Who asked for a refund does not decide it; nothing was changed."""


def approve(refund_id: int, *, staff_id: int, note: str, now: datetime) -> Refund:
    """Lets the refund go out; sending it (`sending.send`) comes after this transaction. Of two that
    approve at once one does. Raises NotOpen, OwnRequest."""
    with transaction.atomic():
        return _decide(refund_id, Refund.Status.APPROVED, staff_id, note, now)


def refuse(refund_id: int, *, staff_id: int, note: str, now: datetime) -> Refund:
    """Refuses it: the order goes back from 2 to 0. Raises NotOpen, OwnRequest."""
    with transaction.atomic():
        refund = _decide(refund_id, Refund.Status.REFUSED, staff_id, note, now)
        asked = Order.objects.filter(pk=refund.order_id, status=OrderStatus.REFUND_ASKED.value)
        asked.update(status=OrderStatus.PAID.value)
        events.write(events.REFUND_REFUSED, refund.order, now, amount=str(refund.amount))
        return refund


def _decide(
    refund_id: int, status: Refund.Status, staff_id: int, note: str, now: datetime
) -> Refund:
    refund = Refund.objects.select_related("order").get(pk=refund_id)
    lock_account(refund.order.account_id)
    if refund.asked_by_id == staff_id:
        raise OwnRequest
    open_ = Refund.objects.filter(pk=refund_id, status=Refund.Status.ASKED)
    decided = {"decided_by_id": staff_id, "decided_at": now, "note": note[:255]}
    if not open_.update(status=status, **decided):
        raise NotOpen
    refund.refresh_from_db()
    return refund
