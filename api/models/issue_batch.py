"""A handing-out of a coupon as a whole (contract §11, 批次): what was issued at once, or one-time
codes that were made at once."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class IssueBatch(models.Model):
    """Written in the transaction that issues, so that it is there if, and only if, its records are.
    `key` names the attempt: whoever tries once more, because he does not know what became of the
    first try, finds it by that.

    Of codes it is written first, and the codes are made later: `number` is how many were asked for,
    `made` how many there are. Their characters follow from `seed`, which is emptied when they are
    exported.
    """

    class Source(models.TextChoices):
        """How the receivers were named."""

        PICKED = "picked", "搜索选择账户"
        PASTED = "pasted", "粘贴用户名"
        FILE = "file", "上传文件"
        SEGMENT = "segment", "按条件选择"
        EVERYONE = "everyone", "全部账户"
        CODES = "codes", "兑换码"
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
    note = models.CharField("备注", max_length=200, blank=True, default="", db_default="")
    # When what was unused of it was taken back; its codes cannot be claimed from then on.
    taken_back_at = models.DateTimeField("撤回时间", null=True, blank=True)

    # Of one-time codes.
    made = models.PositiveIntegerField("已生成", default=0, db_default=0, editable=False)
    seed = models.CharField(max_length=64, default="", db_default="", editable=False)
    exported_at = models.DateTimeField("导出时间", null=True, blank=True)
    exported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="导出人",
        null=True,
        blank=True,
        related_name="+",
        on_delete=models.SET_NULL,
        db_index=False,
    )

    class Meta:
        verbose_name = verbose_name_plural = "发放批次"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="issue_batch_no_more_codes_than_asked_for",
                condition=Q(made__lte=F("number")),
            )
        ]

    def __str__(self) -> str:
        at = timezone.localtime(self.at)
        unit = "个" if self.is_of_codes else "张"
        return f"{at:%Y-%m-%d %H:%M} {self.get_source_display()} {self.number}{unit}"

    @property
    def is_of_codes(self) -> bool:
        return self.source == self.Source.CODES
