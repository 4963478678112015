"""The gateways' bills, and what holding them against the shop's own gave (contract §10,
Reconciliation)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from api.models.order import money
from api.models.payment import Payment
from api.models.refund import Refund
from api.rules.reconciliation import BillKind, BillResult


class Bill(models.Model):
    """A channel's bill of a day of Asia/Shanghai: fetched, or tried to be; `problem` says what the
    last try failed of. The numbers are those of its lines; `unsettled` are those that somebody must
    look at."""

    CHANNELS = (
        (Payment.Channel.ALIPAY.value, "支付宝"),
        (Payment.Channel.WECHAT.value, "微信支付"),
    )

    channel = models.CharField("渠道", max_length=16, choices=CHANNELS)
    day = models.DateField("账单日")
    fetched_at = models.DateTimeField("取得时间", null=True, blank=True)
    tried_at = models.DateTimeField("最近尝试")
    problem = models.CharField("问题", max_length=255, blank=True, default="")
    digest = models.CharField("文件摘要", max_length=64, blank=True, default="")
    received = money("渠道收款", default=0)
    refunded = money("渠道退款", default=0)
    balanced = models.PositiveIntegerField("平", default=0)
    surplus = models.PositiveIntegerField("长款", default=0)
    shortage = models.PositiveIntegerField("短款", default=0)
    mismatched = models.PositiveIntegerField("金额不符", default=0)
    unsettled = models.PositiveIntegerField("待处理", default=0)

    class Meta:
        verbose_name = "账单"
        verbose_name_plural = "账单"
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["channel", "day"], name="bill_once")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.day}"


class BillLine(models.Model):
    """A row of a bill beside what the shop has; or, where the bill lacks it, what the shop has:
    then `amount`, `at` and `raw` are empty. `copy` counts rows of one bill about the same money:
    only the first can be right.

    `note` is of who settled a difference by hand; it stays, whatever is fetched later. A difference
    that has become another one is to be settled again."""

    bill = models.ForeignKey(
        Bill, on_delete=models.PROTECT, related_name="lines", verbose_name="账单"
    )
    kind = models.CharField(
        "类型", max_length=8, choices=[(one.value, one.display) for one in BillKind]
    )
    out_trade_no = models.CharField("商户单号", max_length=64)
    out_request_no = models.CharField("退款单号", max_length=64, blank=True, default="")
    copy = models.PositiveSmallIntegerField("重复序号", default=1)
    trade_no = models.CharField("渠道单号", max_length=64, blank=True, default="")
    amount = models.DecimalField("渠道金额", max_digits=18, decimal_places=2, null=True, blank=True)
    at = models.DateTimeField("渠道时间", null=True, blank=True)
    raw = models.TextField("账单原文", blank=True, default="")
    own_amount = models.DecimalField(
        "本店金额", max_digits=18, decimal_places=2, null=True, blank=True
    )
    payment = models.ForeignKey(
        Payment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="支付记录",
    )
    refund = models.ForeignKey(
        Refund,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="退款",
    )
    result = models.CharField(
        "结果", max_length=8, choices=[(one.value, one.display) for one in BillResult]
    )
    note = models.CharField("处理说明", max_length=255, blank=True, default="")
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="处理人",
    )
    settled_at = models.DateTimeField("处理时间", null=True, blank=True)

    class Meta:
        verbose_name = "对账明细"
        verbose_name_plural = "对账明细"
        default_permissions = ("view",)
        permissions = [("settle_billline", "可以处理对账差异")]
        constraints = [
            models.UniqueConstraint(
                fields=["bill", "kind", "out_trade_no", "out_request_no", "copy"],
                name="bill_line_once",
            ),
        ]
        indexes = [
            models.Index(fields=["out_trade_no"], name="bill_line_trade"),
            models.Index(
                fields=["bill"],
                name="bill_line_open",
                condition=~Q(result="balanced") & Q(settled_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.out_request_no or self.out_trade_no

    @property
    def is_open(self) -> bool:
        """Whether somebody must look at it."""
        return self.result != BillResult.BALANCED and self.settled_at is None
