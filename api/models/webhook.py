"""Who is told what happens in the shop, and what each was told (contract §10)."""

from django.db import models
from django.db.models import Q

from api.models.order import Order, ShopEvent
from api.rules.webhooks import KINDS


class WebhookEndpoint(models.Model):
    """An address that events are delivered to, signed with its secret. It gets what happens from
    `created` on, of the kinds that it wants, or of all where it names none.

    After a rotation the old secret signs beside the new one until `old_secret_until`. `rests_until`
    is set while the endpoint gives no answer at all.
    """

    url = models.URLField("地址", max_length=500)
    description = models.CharField("说明", max_length=200, blank=True, default="")
    kinds = models.JSONField("订阅的事件", default=list, blank=True)
    enabled = models.BooleanField("启用", default=True)
    secret = models.CharField("签名密钥", max_length=100, editable=False)
    old_secret = models.CharField(max_length=100, blank=True, default="", editable=False)
    old_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    note = models.CharField("停用原因", max_length=200, blank=True, default="", editable=False)
    rests_until = models.DateTimeField("暂缓至", null=True, blank=True, editable=False)
    created = models.DateTimeField("创建时间", editable=False)

    class Meta:
        verbose_name = "Webhook端点"
        verbose_name_plural = "Webhook端点"
        # Switched off, never deleted: what it was told stays told.
        default_permissions = ("view", "add", "change")

    def __str__(self) -> str:
        return f"端点 {self.description or self.url}"

    def wants(self, kind: str) -> bool:
        """Whether events of this kind are delivered to it."""
        return not self.kinds or kind in self.kinds


class WebhookDelivery(models.Model):
    """An event on its way to an endpoint. `attempts` counts those that were begun, `next_at` is
    when the next may begin; both are set before anything is sent, so that no other worker sends it
    at that moment. Of one order's deliveries to one endpoint only the first that waits is sent.
    """

    class Status(models.IntegerChoices):
        WAITING = 0, "待投递"
        DELIVERED = 1, "已送达"
        DEAD = 2, "死信"

    endpoint = models.ForeignKey(
        WebhookEndpoint,
        on_delete=models.PROTECT,
        related_name="deliveries",
        verbose_name="端点",
        db_index=False,  # the indexes below begin with it
    )
    event = models.ForeignKey(
        ShopEvent,
        on_delete=models.PROTECT,
        related_name="deliveries",
        verbose_name="事件",
        db_index=False,  # the constraint below begins with it
    )
    kind_choices = tuple(KINDS.items())
    kind = models.CharField("事件类型", max_length=32, choices=kind_choices)
    order = models.ForeignKey(
        Order,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="订单",
        db_index=False,  # orders are never deleted
    )
    status = models.SmallIntegerField("状态", choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveIntegerField("尝试次数", default=0)
    since = models.DateTimeField("开始投递")
    next_at = models.DateTimeField("下次投递")
    last_status = models.PositiveSmallIntegerField("最近应答", null=True, blank=True)
    last_error = models.CharField("最近错误", max_length=200, blank=True, default="")
    delivered_at = models.DateTimeField("送达时间", null=True, blank=True)

    class Meta:
        verbose_name = "投递记录"
        verbose_name_plural = "投递记录"
        default_permissions = ("view",)
        permissions = [("redeliver_webhookdelivery", "可以重新投递事件")]
        constraints = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="webhook_delivery_once")
        ]
        indexes = [
            models.Index(fields=["endpoint", "next_at"], name="webhook_due", condition=Q(status=0)),
            # Whether an earlier one of its order still waits.
            models.Index(
                fields=["endpoint", "order", "event"], name="webhook_first", condition=Q(status=0)
            ),
            models.Index(fields=["endpoint", "-id"], name="webhook_endpoint"),
            models.Index(fields=["status", "-id"], name="webhook_status"),
            models.Index(fields=["endpoint"], name="webhook_dead", condition=Q(status=2)),
            models.Index(fields=["delivered_at"], name="webhook_delivered", condition=Q(status=1)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}（{self.event_id}）"
