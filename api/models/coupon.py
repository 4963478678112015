from datetime import date
from typing import Any, Self

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Count, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from api.rules.coupons import CouponType, Scope, Terms, UseDays, Worth, scope_of


class CouponRecordStatus(models.IntegerChoices):
    UNUSED = 0, "未使用"
    USED = 1, "已使用"
    EXPIRED = 2, "已过期"
    # Taken back by a manager; it has not expired.
    VOID = 3, "已作废"


class CouponState(models.TextChoices):
    """Where a coupon stands among the days on which it is handed out."""

    PENDING = "pending", "未开始"
    RUNNING = "running", "进行中"
    ENDED = "ended", "已结束"


class CouponQuerySet(models.QuerySet["Coupon"]):
    def with_state(self, today: date) -> Self:
        """Annotates `state`, a CouponState. One whose days of use are fixed and past has ended,
        even if its days of receipt go on."""
        closed = Q(close_date__lt=today)
        useless = Q(valid_begin_date__isnull=False, valid_end_date__lt=today)
        return self.annotate(
            state=Case(
                When(closed | useless, then=Value(CouponState.ENDED)),
                When(open_date__gt=today, then=Value(CouponState.PENDING)),
                default=Value(CouponState.RUNNING),
                output_field=models.CharField(),
            )
        )

    def with_issued(self) -> Self:
        """Annotates `issued`, the number of records that were ever handed out under it."""
        records = CouponRecord.objects.filter(coupon=OuterRef("pk")).order_by()
        counted = records.values("coupon").annotate(number=Count("pk")).values("number")
        return self.annotate(issued=Coalesce(Subquery(counted), 0))


class Coupon(models.Model):
    """The rule that coupon records are issued under.

    What each type fills in:

    type        money_equivalent_value  off_percent  minimum_consume
    立减券      100                     null         0
    满减券      100                     null         1000
    折扣券      0                       79           0
    """

    name = models.CharField(max_length=64, verbose_name="活动名称")
    brief = models.TextField(blank=True, null=True, verbose_name="优惠券介绍")
    coupon_type_choices = tuple((kind.value, kind.display) for kind in CouponType)
    coupon_type = models.SmallIntegerField(
        choices=coupon_type_choices, default=CouponType.CASH.value, verbose_name="券类型"
    )
    money_equivalent_value = models.IntegerField(verbose_name="等值货币")
    off_percent = models.PositiveSmallIntegerField(
        "折扣百分比", help_text="只针对折扣券,例7.9折,写79", blank=True, null=True
    )
    minimum_consume = models.PositiveIntegerField(
        "最低消费", default=0, help_text="仅在满减券时填写此字段"
    )

    content_type = models.ForeignKey(ContentType, blank=True, null=True, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField(
        "绑定课程", blank=True, null=True, help_text="可以把优惠券跟课程绑定"
    )
    content_object = GenericForeignKey("content_type", "object_id")

    quantity = models.PositiveIntegerField("数量(张)", default=1)
    open_date = models.DateField("优惠券领取开始时间")
    close_date = models.DateField("优惠券领取结束时间")
    valid_begin_date = models.DateField(verbose_name="有效期开始时间", blank=True, null=True)
    valid_end_date = models.DateField(verbose_name="有效结束时间", blank=True, null=True)
    coupon_valid_days = models.PositiveIntegerField(
        verbose_name="优惠券有效期(天)",
        blank=True,
        null=True,
        help_text="自券被领时开始算起",
    )
    date = models.DateTimeField(auto_now_add=True)

    objects = CouponQuerySet.as_manager()

    class Meta:
        verbose_name = "优惠券生成记录"
        verbose_name_plural = "31. 优惠券生成记录"
        permissions = [("issue_coupon", "可以发放优惠券")]
        constraints = [
            models.CheckConstraint(
                name="coupon_type_is_known",
                condition=Q(coupon_type__in=[kind.value for kind in CouponType]),
                violation_error_message="请选择立减券、满减券或折扣券",
            ),
            models.CheckConstraint(
                name="coupon_closes_not_before_opening",
                condition=Q(close_date__gte=F("open_date")),
                violation_error_message="优惠券领取结束时间不能早于领取开始时间",
            ),
            models.CheckConstraint(
                name="coupon_valid_end_after_begin",
                condition=Q(valid_begin_date__isnull=True)
                | Q(valid_end_date__isnull=True)
                | Q(valid_end_date__gt=F("valid_begin_date")),
                violation_error_message="有效结束时间必须晚于有效期开始时间",
            ),
            models.CheckConstraint(
                name="coupon_valid_days_not_zero",
                condition=Q(coupon_valid_days__isnull=True) | Q(coupon_valid_days__gte=1),
                violation_error_message="优惠券有效期(天)不能为0",
            ),
            models.CheckConstraint(
                name="coupon_discount_has_off_percent",
                # Null is named: a CHECK that comes out as null would let the row pass.
                condition=~Q(coupon_type=CouponType.DISCOUNT.value)
                | Q(off_percent__isnull=False, off_percent__gte=1, off_percent__lte=100),
                violation_error_message="折扣券的折扣百分比必须在1到100之间",
            ),
            models.CheckConstraint(
                name="coupon_money_not_negative",
                condition=Q(money_equivalent_value__gte=0),
                violation_error_message="等值货币不能为负数",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_coupon_type_display()}({self.name})"

    @property
    def terms(self) -> Terms:
        """What its holders have of it. No query: content types are remembered by Django."""
        bound = self.content_type_id and ContentType.objects.get_for_id(self.content_type_id)
        scope = scope_of(self.object_id, bound.model if bound else None, "course")
        return Terms(
            worth=Worth.of(
                self.coupon_type,
                self.money_equivalent_value,
                self.minimum_consume,
                self.off_percent,
            ),
            days=UseDays(self.valid_begin_date, self.valid_end_date, self.coupon_valid_days),
            scope=scope,
            course_id=self.object_id if scope is Scope.COURSE else None,
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        # For code that never calls full_clean(). The messages are an interface, spaces included.
        if (
            self.valid_begin_date
            and self.valid_end_date
            and self.valid_end_date <= self.valid_begin_date
        ):
            raise ValueError("valid_end_date 有效期结束日期必须晚于 valid_begin_date ")
        if self.coupon_valid_days == 0:
            raise ValueError("coupon_valid_days 有效期不能为0")
        if self.close_date < self.open_date:
            raise ValueError("close_date 优惠券领取结束时间必须晚于 open_date优惠券领取开始时间 ")
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """What a form says, each error beside its field. Stricter than save(): a coupon that
        could never be used, or would be worth nothing, is a slip of the manager."""
        super().clean()
        errors = self._period_errors() | self._worth_errors() | self._binding_errors()
        if errors:
            raise ValidationError(errors)

    # Any field below may be None, required ones too: a form leaves None where the field's own
    # validation has failed.

    def _period_errors(self) -> dict[str, str]:
        errors = {}
        if self.open_date and self.close_date and self.close_date < self.open_date:
            errors["close_date"] = "优惠券领取结束时间不能早于领取开始时间"

        begin, end, days = self.valid_begin_date, self.valid_end_date, self.coupon_valid_days
        if begin and end:
            if end <= begin:
                errors["valid_end_date"] = "有效结束时间必须晚于有效期开始时间"
        elif begin:
            errors["valid_end_date"] = "填写了有效期开始时间，请同时填写有效结束时间"
        elif end:
            errors["valid_begin_date"] = "填写了有效结束时间，请同时填写有效期开始时间"
        elif days is None:
            errors["valid_end_date"] = "请填写有效期起止日期，或领取后的有效天数"
        if days is not None and days < 1:
            errors["coupon_valid_days"] = "优惠券有效期(天)不能为0"
        return errors

    def _worth_errors(self) -> dict[str, str]:
        errors = {}
        kind, money, minimum = self.coupon_type, self.money_equivalent_value, self.minimum_consume
        if kind in (CouponType.CASH, CouponType.THRESHOLD) and money is not None and money <= 0:
            errors["money_equivalent_value"] = "立减券和满减券的等值货币必须大于0"
        elif money is not None and money < 0:
            errors["money_equivalent_value"] = "等值货币不能为负数"
        if kind == CouponType.THRESHOLD and minimum is not None and minimum <= 0:
            errors["minimum_consume"] = "满减券的最低消费必须大于0"
        if kind == CouponType.DISCOUNT and not 1 <= (self.off_percent or 0) <= 99:
            errors["off_percent"] = "折扣券的折扣百分比必须在1到99之间，例如7.9折写79"
        return errors

    def _binding_errors(self) -> dict[str, str]:
        if self.content_type_id is not None and not self.object_id:
            return {"object_id": "选择了绑定的类型，请同时填写绑定课程的ID"}
        if self.content_type_id is None and self.object_id is not None:
            return {"content_type": "填写了绑定课程，请同时选择它的类型"}
        return {}


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

    objects = CouponRecordQuerySet.as_manager()

    class Meta:
        verbose_name = "用户优惠券"
        verbose_name_plural = "32. 用户优惠券"
        permissions = [
            ("void_couponrecord", "可以作废用户优惠券"),
            ("export_couponrecord", "可以导出用户优惠券"),
        ]
        indexes = [
            # A settlement asks for the unused records of one account.
            models.Index(fields=["account", "status"], name="couponrecord_account_status"),
            # What the desk's list filters by, newest first, and its home page counts.
            models.Index(fields=["coupon", "status"], name="couponrecord_coupon_status"),
            models.Index(fields=["status", "id"], name="couponrecord_status"),
            models.Index(fields=["get_time"], name="couponrecord_get_time"),
        ]

    def __str__(self) -> str:
        return f"{self.account}-{self.number}-{self.status}"
