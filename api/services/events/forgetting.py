"""What was delivered long ago is cleared up; what was not stays (contract §10)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef

from api.models import ShopEvent, WebhookDelivery
from api.rules.webhooks import COUPON_KINDS

BATCH = 5_000


def forget_old(*, now: datetime) -> int:
    """Deletes deliveries that arrived more than WEBHOOK_KEPT_DAYS ago, and coupons' events as old
    that nothing refers to; says how many. In batches. What waits and dead letters stay, and so do
    orders' own events: the desk tells an order's story with them."""
    before = now - timedelta(days=settings.WEBHOOK_KEPT_DAYS)
    delivered = WebhookDelivery.objects.filter(
        status=WebhookDelivery.Status.DELIVERED, delivered_at__lt=before
    )
    deleted = 0
    while ids := list(delivered.values_list("pk", flat=True)[:BATCH]):
        deleted += WebhookDelivery.objects.filter(pk__in=ids, status=1).delete()[0]
    left = WebhookDelivery.objects.filter(event=OuterRef("pk"))
    told = ShopEvent.objects.filter(
        ~Exists(left), kind__in=COUPON_KINDS, at__lt=before, pending=False
    )
    while ids := list(told.order_by("at").values_list("pk", flat=True)[:BATCH]):
        deleted += ShopEvent.objects.filter(pk__in=ids).delete()[0]
    return deleted
