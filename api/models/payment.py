"""Money that came in, and what the gateways said of it (contract §10)."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from api.models.order import Order, money
from api.rules.payments import Verdict, Way


class Payment(models.Model):
    """Money that came in for an order, or was to come."""

    class Status(models.IntegerChoices):
        WAITING = 0, "待支付"
        PAID = 1, "已支付"
        CLOSED = 2, "已关闭"
        EXCESS = 3, "多付待退"

    class Channel(models.TextChoices):
        OFFLINE = "offline", "线下收款"
        ALIPAY = "alipay", "支付宝"
        WECHAT = "wechat", "微信支付"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    channel = models.CharField("渠道", max_length=16, choices=Channel.choices)
    out_trade_no = models.CharField("商户单号", max_length=64, unique=True)
    trade_no = models.CharField("渠道单号", max_length=128, null=True, blank=True)
    amount = money("金额")
    status = models.SmallIntegerField("状态", choices=Status.choices, default=Status.WAITING)
    created = models.DateTimeField("创建时间")
    paid_at = models.DateTimeField("付款时间", null=True, blank=True)
    way_choices = tuple((way.value, way.value) for way in Way)
    way = models.CharField("方式", max_length=8, choices=way_choices, blank=True, default="")
    pay_url = models.TextField("支付地址", blank=True, default="")
    note = models.CharField("说明", max_length=255, blank=True, default="")
    staff = models.ForeignKey(
        "auth.User", null=True, blank=True, on_delete=models.SET_NULL, verbose_name="经手人"
    )

    class Meta:
        verbose_name = "支付记录"
        verbose_name_plural = "支付记录"
        constraints = [
            models.UniqueConstraint(fields=["channel", "trade_no"], name="payment_trade_once"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(status=1), name="payment_one_paid_for_an_order"
            ),
            models.UniqueConstraint(
                fields=["order", "channel", "way"],
                condition=Q(status=0),
                name="payment_one_waiting_for_a_way",
            ),
        ]
        indexes = [
            models.Index(fields=["created"], name="payment_waiting", condition=Q(status=0)),
            # What is to go back: as small as such payments are few.
            models.Index(fields=["id"], name="payment_excess", condition=Q(status=3)),
        ]

    def __str__(self) -> str:
        return self.out_trade_no


class PaymentNotification(models.Model):
    """What somebody sent to a channel's address, raw, and what was thought of it: `verdict` is that
    of the last time. The same again is the same row."""

    channel = models.CharField("渠道", max_length=16, choices=Payment.Channel.choices)
    digest = models.CharField(max_length=64)  # of the body
    body = models.TextField("原文")
    headers = models.JSONField("签名头", encoder=DjangoJSONEncoder, default=dict)
    out_trade_no = models.CharField(
        "商户单号", max_length=64, blank=True, default="", db_index=True
    )
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.SET_NULL, related_name="notifications"
    )
    verdict = models.CharField(
        "结论", max_length=16, choices=[(one.value, one.display) for one in Verdict]
    )
    first_seen = models.DateTimeField("首次收到")
    last_seen = models.DateTimeField("最近收到")
    times_seen = models.PositiveIntegerField("次数", default=1)

    class Meta:
        verbose_name = "支付通知"
        verbose_name_plural = "支付通知"
        constraints = [
            models.UniqueConstraint(fields=["channel", "digest"], name="notification_once")
        ]
        indexes = [  # what the desk filters by
            models.Index(fields=["verdict", "-id"], name="notification_verdict"),
            models.Index(fields=["last_seen"], name="notification_last_seen"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.out_trade_no} {self.get_verdict_display()}"
