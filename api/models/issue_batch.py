"""A handing-out of a coupon as a whole (contract §11, 批次)."""

from django.conf import settings
from django.db import models


class IssueBatch(models.Model):
    """Written in the transaction that issues, so that it is there if, and only if, its records are.
    `key` names the attempt: whoever tries once more, because he does not know what became of the
    first try, finds it by that."""

    class Source(models.TextChoices):
        """How the receivers were named."""

        PICKED = "picked", "搜索选择账户"
        PASTED = "pasted", "粘贴用户名"
        FILE = "file", "上传文件"
        EVERYONE = "everyone", "全部账户"
        OTHER = "other", "其他"

    coupon = models.ForeignKey(
        "Coupon", verbose_name="优惠券", related_name="batches", on_delete=models.CASCADE
    )
    key = models.CharField("发放编号", max_length=64, unique=True)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="工作人员",
        null=True,
        blank=True,
        related_name="+",
        on_delete=models.SET_NULL,
        db_index=False,  # hardly anybody of the staff is ever deleted; batches are few
    )
    at = models.DateTimeField("发放时间")
    source = models.CharField("来源", max_length=16, choices=Source.choices, default=Source.OTHER)
    number = models.PositiveIntegerField("发放数量")

    class Meta:
        verbose_name = verbose_name_plural = "优惠券发放批次"
        default_permissions = ()  # the desk shows what came of it with the records

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}：{self.number}张"
