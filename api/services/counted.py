"""What happens in the shop, counted and logged after the commit: what is rolled back is neither."""

import logging
from collections.abc import Callable
from itertools import product

from django.db import transaction

from api.models import Payment
from api.rules.payments import Verdict
from utils.metrics.values import counter

ORDER_EVENTS = (
    *("placed", "paid", "cancelled", "timed_out", "revived", "excess", "excess_returned"),
    *("refund_asked", "refund_refused", "refunded"),
)
RECORD_STEPS = (
    *("issued", "claimed", "locked", "released", "used", "given_back"),
    *("voided", "expired", "revived"),
)

_ORDERS = counter(
    "luffy_orders_total", "What happened to orders.", ("event",), known=zip(ORDER_EVENTS)
)
_RECORDS = counter(
    "luffy_coupon_records_total",
    "Coupon records by the step that they took.",
    ("step",),
    known=zip(RECORD_STEPS),
)
_NOTIFICATIONS = counter(
    "luffy_notifications_total",
    "Payment notifications by channel and verdict.",
    ("channel", "verdict"),
    known=product((Payment.Channel.ALIPAY, Payment.Channel.WECHAT), Verdict),
)

LONGEST_NUMBER = 64  # characters

logger = logging.getLogger("luffy.event")


def count_order(event: str, *, number: str, account_id: int) -> None:
    """An order took a step. It has a line in the log, too."""

    def tell() -> None:
        _ORDERS.labels(event).inc()
        fields = {"event": event, "order": number, "owner": account_id}
        logger.info("order %s: %s", number, event, extra={"fields": fields})

    _after_commit(tell)


def count_records(step: str, number: int) -> None:
    """So many coupon records took a step."""
    if number:
        _after_commit(lambda: _RECORDS.labels(step).inc(number))


def count_notification(channel: str, verdict: str, *, out_trade_no: str) -> None:
    """A notification was judged and kept. It has a line in the log, too."""

    def tell() -> None:
        _NOTIFICATIONS.labels(channel, verdict).inc()
        # Whoever forged it has chosen the number.
        claimed = out_trade_no[:LONGEST_NUMBER]
        fields = {"channel": channel, "verdict": verdict, "out_trade_no": claimed}
        logger.info("notification of %s: %s", channel, verdict, extra={"fields": fields})

    _after_commit(tell)


def _after_commit(tell: Callable[[], None]) -> None:
    transaction.on_commit(tell, robust=True)  # a number that is lost must not stop what follows
