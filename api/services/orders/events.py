"""What happened to an order, written in the transaction of the change (contract §10)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from api.models import Order, ShopEvent
from api.models.coupon_record import CouponRecordQuerySet
from api.rules.orders import OrderStatus
from api.rules.webhooks import (
    COUPON_RETURNED,
    COUPON_USED,
    ORDER_CLOSED,
    ORDER_PAID,
    ORDER_PLACED,
    ORDER_REFUNDED,
)
from api.services.counted import count_order
from api.services.events import writing
from api.services.events.writing import Moved

PLACED, PAID, CLOSED = ORDER_PLACED, ORDER_PAID, ORDER_CLOSED
REVIVED, EXCESS = "order.revived", "payment.excess"
REFUND_ASKED, REFUND_REFUSED = "refund.asked", "refund.refused"
REFUNDED, RETURNED = ORDER_REFUNDED, "payment.returned"
# As an operator's Prometheus knows them; an order that is closed by the state that it came to.
_COUNTED_AS = {
    PLACED: "placed",
    PAID: "paid",
    REVIVED: "revived",
    EXCESS: "excess",
    REFUND_ASKED: "refund_asked",
    REFUND_REFUSED: "refund_refused",
    REFUNDED: "refunded",
    RETURNED: "excess_returned",
}


def write(
    kind: str,
    order: Order,
    now: datetime,
    *,
    used: Sequence[Moved] = (),
    returned: Sequence[Moved] = (),
    **more: Any,
) -> None:
    """Also that these coupon records were used by it, or came back from it. One statement. After
    the commit it is counted."""
    data = {
        "order_number": order.order_number,
        "account": order.account_id,
        "actual_amount": str(order.actual_amount),
        "courses": [line["course_id"] for line in order.quote["course_list"]],
        **more,
    }
    why = {CLOSED: "order_closed", REFUNDED: "refunded"}.get(kind, "")
    writing.write(
        [
            ShopEvent(kind=kind, order=order, at=now, data=data),
            *writing.of_coupons(COUPON_USED, used, order, now),
            *writing.of_coupons(COUPON_RETURNED, returned, order, now, why=why),
        ]
    )
    step = OrderStatus(more["status"]).name.lower() if kind == CLOSED else _COUNTED_AS[kind]
    count_order(step, number=order.order_number, account_id=order.account_id)


def moved(records: CouponRecordQuerySet) -> list[Moved]:
    """The records that are about to be used or given back. One query."""
    return [Moved(*row) for row in records.values_list("pk", "coupon_id", "account_id")]
