from datetime import date
from typing import Any, Self

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThan

from api.models.coupon_constraints import CONSTRAINTS
from api.rules.coupons import (
    CouponType,
    Scope,
    State,
    Terms,
    UseDays,
    Worth,
    claim_code,
    scope_of,
)


class CouponState(models.TextChoices):
    """Where a day stands among a coupon's days of receipt (领取), or of use (使用)."""

    PENDING = State.PENDING.value, "未开始"
    RUNNING = State.RUNNING.value, "进行中"
    ENDED = State.ENDED.value, "已结束"
    DISABLED = State.DISABLED.value, "已停用"  # of use alone


class DaysUntil(models.Func):
    """How many days from the second date to the first; a date of SQL is no number everywhere."""

    output_field = models.BigIntegerField()

    template = "(%(expressions)s)"
    arg_joiner = " - "

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        context["template"] = "CAST(JULIANDAY(%(expressions)s) AS INTEGER)"
        context["arg_joiner"] = ") - JULIANDAY("
        return self.as_sql(compiler, connection, **context)


class CouponQuerySet(models.QuerySet["Coupon"]):
    def with_states(self, today: date) -> Self:
        """Annotates `receipt_state` and `use_state`, each a CouponState, and `use_days_left`, the
        days from today to the last on which anybody can use it (0: today; null: there is none).

        The same rule as `Window.state_on` and `Terms.use_state_on` have it.
        """
        now = Cast(Value(today), models.DateField())
        fixed = Q(valid_begin_date__isnull=False, valid_end_date__isnull=False)
        counted = Q(coupon_valid_days__gte=1)
        days = Cast("coupon_valid_days", models.BigIntegerField())  # a sum may outgrow an integer
        first = Case(When(fixed, then=F("valid_begin_date")), When(counted, then=F("open_date")))
        left = Case(
            When(fixed, then=DaysUntil(F("valid_end_date"), now)),
            When(counted, then=DaysUntil(F("close_date"), now) + days - 1),
        )
        return self.annotate(use_days_left=left).annotate(
            receipt_state=_state(Q(open_date__gt=today), Q(close_date__gte=today)),
            use_state=Case(
                When(disabled=True, then=Value(CouponState.DISABLED)),
                default=_state(Q(GreaterThan(first, now)), Q(use_days_left__gte=0)),
            ),
        )

    def receivable(self, today: date) -> Self:
        """Those that are in their days of receipt, and not stopped (`is_stopped`)."""
        going = self.filter(paused=False, disabled=False)
        return going.filter(open_date__lte=today, close_date__gte=today)

    def take(self, coupon_id: int, number: int) -> bool:
        """Takes so many pieces of what is left of a coupon, by one UPDATE on the condition that
        they are there; False, and nothing has changed, if they are not."""
        enough = self.filter(pk=coupon_id, quantity__gte=F("issued") + number)
        return enough.update(issued=F("issued") + number) == 1


def _state(pending: Q, running: Q) -> Case:
    return Case(
        When(pending, then=Value(CouponState.PENDING)),
        When(running, then=Value(CouponState.RUNNING)),
        default=Value(CouponState.ENDED),
        output_field=models.CharField(),
    )


class Coupon(models.Model):
    """The rule that coupon records are issued under.

    What each type fills in:

    type        money_equivalent_value  off_percent  minimum_consume  max_off
    立减券      100                     null         0                null
    满减券      100                     null         1000             null
    折扣券      0                       79           0                null or 100
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

    # Beyond the document. Only ever changed by an UPDATE of its own: see save(). The database has
    # the default too, for programs that insert a coupon and do not know the column.
    issued = models.PositiveIntegerField("已发数量", default=0, db_default=0, editable=False)

    # Who may get it himself (contract §11).
    claimable = models.BooleanField("公开领取", default=False, db_default=False)
    per_account = models.PositiveIntegerField("每人限领", default=1, db_default=1, blank=True)
    paused = models.BooleanField("停止发放", default=False, db_default=False, editable=False)
    code = models.CharField("口令", max_length=64, null=True, blank=True, unique=True)

    # What a discount takes off at most (contract §11).
    max_off = models.PositiveIntegerField(
        "最高减", null=True, blank=True, help_text="仅折扣券，单位：元；留空不限"
    )
    # Nobody can use it, nor get it, until it is switched on again (contract §11).
    disabled = models.BooleanField("停用", default=False, db_default=False, editable=False)
    # What its records may take off in all, as it is meant: the desk warns beyond (contract §11).
    budget = models.DecimalField("预算", max_digits=12, decimal_places=2, null=True, blank=True)

    objects = CouponQuerySet.as_manager()

    class Meta:
        verbose_name = "优惠券生成记录"
        verbose_name_plural = "31. 优惠券生成记录"
        permissions = [("issue_coupon", "可以发放优惠券")]
        constraints = CONSTRAINTS

    def __str__(self) -> str:
        return f"{self.get_coupon_type_display()}({self.name})"

    @property
    def left(self) -> int:
        """How many pieces are still to be had."""
        return max(self.quantity - self.issued, 0)

    @property
    def is_stopped(self) -> bool:
        """Whether nobody gets it, by claiming or by issuing."""
        return self.paused or self.disabled

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
                self.max_off,
            ),
            days=UseDays(self.valid_begin_date, self.valid_end_date, self.coupon_valid_days),
            scope=scope,
            course_id=self.object_id if scope is Scope.COURSE else None,
            disabled=self.disabled,
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
        # As it is looked up; none is null, so that any number of coupons may have none.
        self.code = claim_code(self.code or "") or None
        if not self._state.adding and kwargs.get("update_fields") is None:
            # What this instance has read of the counter may be old by now.
            kwargs["update_fields"] = [
                field.name
                for field in self._meta.concrete_fields
                if not field.primary_key and field.name != "issued"
            ]
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """What a form says, each error beside its field. Stricter than save(): a coupon that
        could never be used, or would be worth nothing, is a slip of the manager."""
        super().clean()
        self.per_account = 1 if self.per_account is None else self.per_account
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
        if self.max_off is not None and kind != CouponType.DISCOUNT:
            errors["max_off"] = "只有折扣券可以填写最高减"
        elif self.max_off is not None and self.max_off < 1:
            errors["max_off"] = "最高减至少1元；留空表示不限"
        return errors

    def _binding_errors(self) -> dict[str, str]:
        if self.content_type_id is not None and not self.object_id:
            return {"object_id": "选择了绑定的类型，请同时填写绑定课程的ID"}
        if self.content_type_id is None and self.object_id:
            return {"content_type": "填写了绑定课程，请同时选择它的类型"}
        return {}
