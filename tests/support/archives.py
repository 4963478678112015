"""What the archive is tried on: orders of long ago with what was told of them, and what the tables
and the files hold."""

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core import serializers

from api.models import (
    Order,
    Payment,
    PaymentNotification,
    ShopEvent,
    WebhookDelivery,
    WebhookEndpoint,
)
from api.services.archive import files
from tests.support import orders
from tests.support.factories import AccountFactory, CourseFactory, PricePolicyFactory

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 27, 12, tzinfo=SHANGHAI)
DAY = datetime(2026, 10, 1, tzinfo=SHANGHAI)  # when it begins
BEFORE = DAY.date()
LONG_AGO = DAY - timedelta(days=200)
MICROSECOND = timedelta(microseconds=1)
# What ends a line in a text, and none in JSON; and the rest of what a body may hold.
ODD = '{"a":"\u2028\u0085\x0b ✓ 支付"}\r\n'


def paid_order(at: datetime = LONG_AGO, *, told: bool = True) -> Order:
    """Placed and paid at that moment; a gateway notified of it. Its events wait for nobody, unless
    they are not told yet."""
    policy = PricePolicyFactory(content_object=CourseFactory(), price=99.0)
    order = orders.place(AccountFactory(), [policy], now=at)
    orders.pay(order, now=at)
    notify(at, payment=order.payments.get())
    if told:
        ShopEvent.objects.filter(order=order).update(pending=False)
    order.refresh_from_db()
    return order


def notify(
    at: datetime, payment: Payment | None = None, verdict: str = "paid"
) -> PaymentNotification:
    return PaymentNotification.objects.create(
        channel="alipay",
        digest=f"{PaymentNotification.objects.count():064}",
        body=ODD,
        headers={"Wechatpay-Nonce": "\u2028"},
        payment=payment,
        verdict=verdict,
        first_seen=at,
        last_seen=at,
    )


def deliver(
    event: ShopEvent, endpoint: WebhookEndpoint, status: int, at: datetime = LONG_AGO
) -> WebhookDelivery:
    return WebhookDelivery.objects.create(
        endpoint=endpoint,
        event=event,
        kind=event.kind,
        order_id=event.order_id,
        status=status,
        since=at,
        next_at=at,
        delivered_at=at if status == WebhookDelivery.Status.DELIVERED else None,
    )


def in_tables() -> list[str]:
    """Each row that could be archived, as a text, in whatever order."""
    models = (ShopEvent, WebhookDelivery, PaymentNotification)
    rows = [row for model in models for row in serializers.serialize("python", model.objects.all())]
    return sorted(as_text(row) for row in rows)


def in_files(place: Path, pattern: str = "*.ndjson.gz") -> list[str]:
    """Each row of the archive, as often as it is in it."""
    found = sorted(place.glob(pattern)) if place.exists() else []
    return sorted(as_text(row) for path in found for row in files.read(path))


def as_text(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True, default=lambda at: at.isoformat())


def numbers() -> Counter[str]:
    """How many rows each table has, if it has any."""
    found = Counter(
        events=ShopEvent.objects.count(),
        deliveries=WebhookDelivery.objects.count(),
        notifications=PaymentNotification.objects.count(),
    )
    return +found
