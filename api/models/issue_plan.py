"""A handing-out of a coupon that is to happen later (contract §11, 计划发放)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from api.models.issue_batch import IssueBatch


class IssuePlan(models.Model):
    """Waits until its time, and is then issued, once, or fails; until then it may be cancelled.

    `audience` and `terms` are what the manager has confirmed, as JSON; `whom` is the audience in
    his words. `key` is that of the batch which it becomes. `why` is the reason, of a cancelled
    plan the manager's, of a failed one the refusal.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "待执行"
        DONE = "done", "已执行"
        CANCELLED = "cancelled", "已取消"
        FAILED = "failed", "失败"

    coupon = models.ForeignKey(
        "Coupon",
        verbose_name="优惠券",
        null=True,
        related_name="plans",
        on_delete=models.SET_NULL,  # it fails then, and says so
    )
    coupon_name = models.CharField("优惠券名称", max_length=64)
    key = models.CharField("发放编号", max_length=64, unique=True)
    audience = models.JSONField("发给谁")
    terms = models.JSONField("优惠内容")
    source = models.CharField("来源", max_length=16, choices=IssueBatch.Source.choices)
    whom = models.CharField("发给谁", max_length=200)
    at = models.DateTimeField("发放时间")
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="工作人员",
        null=True,
        related_name="+",
        on_delete=models.SET_NULL,
        db_index=False,  # hardly anybody of the staff is ever deleted; plans are few
    )
    planned_at = models.DateTimeField("计划于")
    state = models.CharField("状态", max_length=16, choices=State.choices, default=State.WAITING)
    settled_at = models.DateTimeField("执行或取消于", null=True)
    number = models.PositiveIntegerField("发放数量", null=True)
    why = models.TextField("原因", default="")
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="取消人",
        null=True,
        related_name="+",
        on_delete=models.SET_NULL,
        db_index=False,
    )

    class Meta:
        verbose_name = verbose_name_plural = "计划发放"
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["at"], name="issue_plan_waiting", condition=Q(state="waiting")),
        ]
        constraints = [
            models.CheckConstraint(
                name="issue_plan_number_of_what_was_issued",
                condition=Q(state="done", number__isnull=False)
                | (~Q(state="done") & Q(number__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        return f"{timezone.localtime(self.at):%Y-%m-%d %H:%M} {self.coupon_name}"
