"""One-time codes (兑换码, contract §11): who types one has a record of its coupon."""

from django.db import models
from django.db.models import Q


class CouponCode(models.Model):
    """What it says is not kept: `code` is what `services.coupons.codes.stored` makes of it. It is
    used if it has a record. A record that is deleted, with its account, takes its code along: one
    without a record could be claimed again."""

    coupon = models.ForeignKey(
        "Coupon",
        verbose_name="优惠券",
        related_name="codes",
        on_delete=models.CASCADE,
        db_index=False,  # the index below begins with it
    )
    batch = models.ForeignKey(
        "IssueBatch",
        verbose_name="批次",
        related_name="codes",
        on_delete=models.CASCADE,
        db_index=False,  # the unique constraint begins with it
    )
    serial = models.PositiveIntegerField("序号")  # within the batch, from 1
    code = models.CharField("兑换码", max_length=64, unique=True, editable=False)
    tail = models.CharField("尾号", max_length=4, editable=False)
    record = models.OneToOneField(
        "CouponRecord",
        verbose_name="用户优惠券",
        null=True,
        blank=True,
        related_name="claimed_by_code",
        on_delete=models.CASCADE,
    )

    class Meta:
        verbose_name = verbose_name_plural = "兑换码"
        default_permissions = ("view",)
        permissions = [("export_couponcode", "可以导出兑换码")]
        constraints = [
            models.UniqueConstraint(fields=["batch", "serial"], name="couponcode_once_in_its_batch")
        ]
        indexes = [
            models.Index(fields=["coupon", "id"], name="couponcode_coupon"),
            models.Index(fields=["tail"], name="couponcode_tail"),
            models.Index(
                fields=["batch"], name="couponcode_unused", condition=Q(record__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.tail}"
