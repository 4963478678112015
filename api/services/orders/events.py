"""What happened to an order, written in the transaction of the change (contract §10)."""

from datetime import datetime
from typing import Any

from api.models import Order, ShopEvent

PLACED, PAID, CLOSED = "order.placed", "order.paid", "order.closed"
REVIVED, EXCESS = "order.revived", "payment.excess"
REFUND_ASKED, REFUND_REFUSED = "refund.asked", "refund.refused"
REFUNDED, RETURNED = "order.refunded", "payment.returned"


def write(kind: str, order: Order, now: datetime, **more: Any) -> None:
    """One statement."""
    data = {
        "order_number": order.order_number,
        "account": order.account_id,
        "actual_amount": str(order.actual_amount),
        "courses": [line["course_id"] for line in order.quote["course_list"]],
        **more,
    }
    ShopEvent.objects.create(kind=kind, order=order, at=now, data=data)
