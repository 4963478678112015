"""Money that goes back (contract §10)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from api.models.order import Order, OrderDetail, money
from api.models.payment import Payment


class Refund(models.Model):
    """Money of one payment that is to go back, or went: asked for by the learner, or, for money
    that the order could not take (`excess`), by the service.

    `out_request_no` is its number at the gateway, which makes sending it again harmless. `sent_at`
    is set before it is sent: where it is set and the refund not done, the gateway is asked first.
    """

    class Status(models.IntegerChoices):
        ASKED = 0, "待审核"
        APPROVED = 1, "退款中"
        DONE = 2, "已退款"
        REFUSED = 3, "已拒绝"

    OPEN = (Status.ASKED, Status.APPROVED)

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    payment = models.ForeignKey(
        Payment, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds"
    )
    out_request_no = models.CharField("退款单号", max_length=64, unique=True)
    amount = money("退款金额")
    excess = models.BooleanField("多付退回", default=False)
    status = models.SmallIntegerField("状态", choices=Status.choices, default=Status.ASKED)
    reason = models.CharField("申请原因", max_length=255, blank=True, default="")
    asked_at = models.DateTimeField("申请时间")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="代申请人",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="审核人",
    )
    decided_at = models.DateTimeField("审核时间", null=True, blank=True)
    note = models.CharField("审核说明", max_length=255, blank=True, default="")
    sent_at = models.DateTimeField("发出时间", null=True, blank=True)
    done_at = models.DateTimeField("退款时间", null=True, blank=True)

    class Meta:
        verbose_name = "退款"
        verbose_name_plural = "退款"
        permissions = [("approve_refund", "可以审核退款")]
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status__in=[0, 1], excess=False),
                name="refund_one_open_for_an_order",
            ),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(excess=True), name="refund_excess_once"
            ),
            models.CheckConstraint(name="refund_not_negative", condition=Q(amount__gte=0)),
        ]
        indexes = [
            models.Index(fields=["decided_at"], name="refund_under_way", condition=Q(status=1)),
        ]

    def __str__(self) -> str:
        return self.out_request_no


class RefundLine(models.Model):
    """What of a refund is a course's."""

    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="lines")
    detail = models.ForeignKey(OrderDetail, on_delete=models.PROTECT, related_name="refund_lines")
    amount = money("退款金额")

    class Meta:
        verbose_name = "退款明细"
        verbose_name_plural = "退款明细"
        constraints = [
            models.UniqueConstraint(fields=["refund", "detail"], name="refund_line_once"),
            models.CheckConstraint(name="refund_line_not_negative", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.detail}"
