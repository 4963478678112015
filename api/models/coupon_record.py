"""Coupons in accounts' hands, and what happened to them (contract §9)."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from api.models.append_only import AppendOnlyModel, AppendOnlyQuerySet


class CouponRecordStatus(models.IntegerChoices):
    UNUSED = 0, "未使用"
    USED = 1, "已使用"
    EXPIRED = 2, "已过期"
    # Taken back by a manager; it has not expired.
    VOID = 3, "已作废"
    # In an order that is not paid yet: neither free nor used.
    LOCKED = 4, "已锁定"


class CouponRecordQuerySet(models.QuerySet["CouponRecord"]):
    def unused_of(self, account_id: int) -> Self:
        """The account's unused records. Whether their coupons are valid today is another rule."""
        return self.filter(account_id=account_id, status=CouponRecordStatus.UNUSED).order_by("id")


class CouponRecord(models.Model):
    """A coupon in an account's hands."""

    coupon = models.ForeignKey("Coupon", on_delete=models.CASCADE)
    number = models.CharField(max_length=64, unique=True)
    account = models.ForeignKey("Account", verbose_name="拥有者", on_delete=models.CASCADE)
    status_choices = CouponRecordStatus.choices
    status = models.SmallIntegerField(choices=status_choices, default=CouponRecordStatus.UNUSED)
    get_time = models.DateTimeField(verbose_name="领取时间", help_text="用户领取时间")
    used_time = models.DateTimeField(blank=True, null=True, verbose_name="使用时间")

    # Of a locked or used record; the document has it commented out.
    order = models.ForeignKey(
        "Order",
        verbose_name="关联订单",
        null=True,
        blank=True,
        related_name="records",
        on_delete=models.PROTECT,
        db_index=False,  # the partial index below
    )
    # Beyond the document. Where it is set, it alone is the last day.
    valid_until = models.DateField("可用至", blank=True, null=True)
    # With which issuing, or by a code of which batch, it came; null for those that were claimed
    # otherwise, for those from before, and of other programs.
    batch = models.ForeignKey(
        "IssueBatch",
        verbose_name="批次",
        null=True,
        blank=True,
        editable=False,
        related_name="records",
        on_delete=models.SET_NULL,
        db_index=False,  # the partial index below
    )
    # Which of the account's claims of this coupon it is, from 1; null for one that was issued.
    claim_no = models.PositiveIntegerField("领取序号", null=True, blank=True, editable=False)

    objects = CouponRecordQuerySet.as_manager()

    class Meta:
        verbose_name = "用户优惠券"
        verbose_name_plural = "32. 用户优惠券"
        permissions = [
            ("void_couponrecord", "可以作废用户优惠券"),
            ("export_couponrecord", "可以导出用户优惠券"),
        ]
        constraints = [
            # In part, since most records are issued: the index is as small as the claims are few.
            models.UniqueConstraint(
                fields=["coupon", "account", "claim_no"],
                name="couponrecord_claimed_once",
                condition=Q(claim_no__isnull=False),
            )
        ]
        indexes = [
            # A settlement asks for the unused records of one account.
            models.Index(fields=["account", "status"], name="couponrecord_account_status"),
            # What the desk's list filters by, newest first, and its home page counts.
            models.Index(fields=["coupon", "status"], name="couponrecord_coupon_status"),
            models.Index(fields=["status", "id"], name="couponrecord_status"),
            models.Index(fields=["get_time"], name="couponrecord_get_time"),
            models.Index(
                fields=["order"], name="couponrecord_order", condition=Q(order__isnull=False)
            ),
            models.Index(
                # The desk counts a batch's records by their status.
                fields=["batch", "status"],
                name="couponrecord_batch_status",
                condition=Q(batch__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}-{self.number}-{self.status}"


class CouponRecordEvent(AppendOnlyModel):
    """One change of a record's status. Written in the transaction of the change, never changed and
    never deleted; saving one again, or deleting one, raises AppendOnly.

    By whom: an account, a member of staff, or, with neither, the service itself. Events go only
    together with their record, which goes only together with its coupon or its account.
    """

    record = models.ForeignKey(
        "CouponRecord",
        verbose_name="用户优惠券",
        related_name="events",
        on_delete=models.CASCADE,
        db_index=False,  # the index below begins with it
    )
    from_status = models.SmallIntegerField(
        "原状态", choices=CouponRecordStatus.choices, null=True, blank=True
    )
    to_status = models.SmallIntegerField("新状态", choices=CouponRecordStatus.choices)
    at = models.DateTimeField("时间")
    account = models.ForeignKey(
        "Account",
        verbose_name="账户",
        null=True,
        blank=True,
        related_name="+",
        on_delete=models.SET_NULL,
        db_index=False,
    )
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="工作人员",
        null=True,
        blank=True,
        related_name="+",
        on_delete=models.SET_NULL,
        db_index=False,  # hardly anybody of the staff is ever deleted; events are many
    )
    order = models.ForeignKey(
        "Order",
        verbose_name="订单",
        null=True,
        blank=True,
        related_name="+",
        on_delete=models.PROTECT,
        db_index=False,  # orders are never deleted
    )
    reason = models.TextField("原因", blank=True, default="")

    objects = AppendOnlyQuerySet["CouponRecordEvent"].as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "优惠券经过"
        default_permissions = ()  # the desk shows them with their record, and has no right to more
        indexes = [
            models.Index(fields=["record", "id"], name="couponrecordevent_record"),
            # Few events have one; without it, deleting an account would read the whole table.
            models.Index(
                fields=["account"],
                name="couponrecordevent_account",
                condition=Q(account__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_id}: {self.from_status} → {self.to_status}"
