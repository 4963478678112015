"""Orders, and what they brought (contract §9)."""

from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q, Value

from api.rules.orders import OrderStatus
from api.rules.webhooks import COUPON_KINDS

_HALF_FEN = Value(Decimal("0.005"))  # SQLite reckons in floats


class PaymentType(models.IntegerChoices):
    WECHAT = 0, "微信"
    ALIPAY = 1, "支付宝"
    COUPON = 2, "优惠码"
    BALANCE = 3, "贝里"


def money(verbose_name: str, **options: Any) -> "models.DecimalField[Any, Any]":
    """A column of 元, with two places."""
    return models.DecimalField(verbose_name, max_digits=18, decimal_places=2, **options)


class Order(models.Model):
    """What an account consented to pay: the settlement as it was quoted at `date`.

    `quote` is that breakdown, and why it is that price; `version` names it. `settlement` is the
    settlement that was ordered: each can be ordered once.
    """

    payment_type_choices = PaymentType.choices
    payment_type = models.SmallIntegerField(choices=payment_type_choices, verbose_name="支付方式")
    payment_number = models.CharField(
        max_length=128, verbose_name="支付第3方订单号", null=True, blank=True
    )
    order_number = models.CharField(max_length=128, verbose_name="订单号", unique=True)
    account = models.ForeignKey("Account", on_delete=models.PROTECT, verbose_name="账户")
    actual_amount = money("实付金额")
    status_choices = tuple((status.value, status.display) for status in OrderStatus)
    status = models.SmallIntegerField(choices=status_choices, verbose_name="状态")
    date = models.DateTimeField(verbose_name="订单生成时间")
    pay_time = models.DateTimeField(null=True, blank=True, verbose_name="付款时间")
    cancel_time = models.DateTimeField(null=True, blank=True, verbose_name="订单取消时间")

    subtotal = money("商品总额")
    course_discount = money("课程优惠")
    global_discount = money("全站优惠")
    refunded = money("已退金额", default=Decimal("0.00"))
    expires_at = models.DateTimeField(verbose_name="支付截止时间")
    settlement = models.CharField(max_length=32, verbose_name="结算编号")
    version = models.CharField(max_length=64, verbose_name="结算版本")
    quote = models.JSONField(encoder=DjangoJSONEncoder, verbose_name="结算明细")

    class Meta:
        verbose_name = "订单"
        verbose_name_plural = "37. 订单表"
        permissions = [("mark_paid_order", "可以将订单标记为已收款")]
        indexes = [
            models.Index(fields=["account", "-id"], name="order_account"),
            models.Index(fields=["status", "-id"], name="order_status"),
            models.Index(fields=["-date"], name="order_date"),  # the desk's days
            models.Index(
                fields=["expires_at"],
                name="order_unpaid_expires",
                condition=Q(status=OrderStatus.UNPAID.value),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "settlement"], name="order_one_for_a_settlement"
            ),
            models.CheckConstraint(
                name="order_amounts_add_up",
                condition=Q(
                    actual_amount__gt=F("subtotal")
                    - F("course_discount")
                    - F("global_discount")
                    - _HALF_FEN,
                    actual_amount__lt=F("subtotal")
                    - F("course_discount")
                    - F("global_discount")
                    + _HALF_FEN,
                ),
            ),
            models.CheckConstraint(
                name="order_amounts_not_negative",
                condition=Q(
                    actual_amount__gte=0,
                    course_discount__gte=0,
                    global_discount__gte=0,
                    refunded__gte=0,
                    refunded__lte=F("actual_amount"),
                ),
            ),
            models.CheckConstraint(
                name="order_status_is_known",
                condition=Q(status__in=[status.value for status in OrderStatus]),
            ),
            models.CheckConstraint(
                name="order_paid_has_pay_time",
                condition=Q(
                    status__in=[
                        OrderStatus.UNPAID.value,
                        OrderStatus.CANCELLED.value,
                        OrderStatus.TIMED_OUT.value,
                    ]
                )
                | Q(pay_time__isnull=False),
            ),
            models.CheckConstraint(
                name="order_closed_has_cancel_time",
                condition=~Q(status__in=[OrderStatus.CANCELLED.value, OrderStatus.TIMED_OUT.value])
                | Q(cancel_time__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.order_number


class OrderDetail(models.Model):
    """One course of an order. `price` is what it costs in this order: its own coupon (`discount`)
    and its part of the site-wide one (`share`) taken off."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="details")
    content_type = models.ForeignKey(ContentType, on_delete=models.PROTECT)
    object_id = models.PositiveIntegerField("课程")
    content_object = GenericForeignKey("content_type", "object_id")
    original_price = money("课程原价")
    price = money("折后价格")
    content = models.CharField(max_length=255, null=True, blank=True, verbose_name="课程名称")
    valid_period_display = models.CharField("有效期显示", max_length=32)
    valid_period = models.PositiveIntegerField("有效期(days)")
    memo = models.CharField(max_length=255, null=True, blank=True)

    policy_id = models.BigIntegerField("价格策略")
    coupon_record = models.ForeignKey(
        "CouponRecord",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="order_details",
        verbose_name="课程优惠券",
    )
    discount = money("优惠券抵扣")
    share = money("全站优惠分摊")
    refunded = money("已退金额", default=Decimal("0.00"))

    class Meta:
        verbose_name = "订单详细"
        verbose_name_plural = "38. 订单详细"
        indexes = [
            # Who has bought a course.
            models.Index(
                fields=["content_type", "object_id", "order"], name="order_detail_of_course"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "content_type", "object_id"], name="order_detail_course_once"
            ),
            models.CheckConstraint(
                name="order_detail_adds_up",
                condition=Q(
                    price__gt=F("original_price") - F("discount") - F("share") - _HALF_FEN,
                    price__lt=F("original_price") - F("discount") - F("share") + _HALF_FEN,
                ),
            ),
            models.CheckConstraint(
                name="order_detail_not_negative",
                condition=Q(
                    price__gte=0,
                    discount__gte=0,
                    share__gte=0,
                    refunded__gte=0,
                    refunded__lte=F("price"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content}"


class EnrolledCourse(models.Model):
    """A course that an account may learn, from the first to the last day, both included."""

    account = models.ForeignKey("Account", on_delete=models.PROTECT, verbose_name="账户")
    course = models.ForeignKey("Course", on_delete=models.PROTECT, verbose_name="课程")
    enrolled_date = models.DateTimeField(verbose_name="报名时间")
    valid_begin_date = models.DateField(verbose_name="有效期开始自")
    valid_end_date = models.DateField(verbose_name="有效期结束至")
    status_choices = ((0, "已开通"), (1, "已过期"))
    status = models.SmallIntegerField(choices=status_choices, default=0, verbose_name="状态")
    order_detail = models.OneToOneField(
        OrderDetail, on_delete=models.PROTECT, related_name="enrolment", verbose_name="订单详细"
    )

    class Meta:
        verbose_name = "报名专题课"
        verbose_name_plural = "34. 报名专题课"
        indexes = [models.Index(fields=["account", "course"], name="enrolled_account_course")]

    def __str__(self) -> str:
        return f"{self.account_id}:{self.course_id}"


class ShopEvent(models.Model):
    """What happened in the shop, written in the transaction of the change, for whoever listens.
    `pending` says that its deliveries are not made yet."""

    kind = models.CharField("事件", max_length=32)
    order = models.ForeignKey(
        Order, null=True, blank=True, on_delete=models.CASCADE, related_name="events"
    )
    at = models.DateTimeField("时间")
    data = models.JSONField("内容", encoder=DjangoJSONEncoder)
    # Those from before, and of a release that knows nothing of it, are told to nobody.
    pending = models.BooleanField("待分发", default=True, db_default=False, editable=False)

    class Meta:
        verbose_name = "业务事件"
        verbose_name_plural = "业务事件"
        indexes = [
            models.Index(fields=["order", "id"], name="shop_event_order"),
            models.Index(fields=["id"], name="shop_event_pending", condition=Q(pending=True)),
            # What is cleared up: an order's own events tell its story, and stay.
            models.Index(
                fields=["at"],
                name="shop_event_of_coupons",
                condition=Q(kind__in=COUPON_KINDS),
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class IdempotencyKey(models.Model):
    """A request that a client may send again, and the answer that it got."""

    account = models.ForeignKey("Account", on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # of method, path and body
    status = models.SmallIntegerField(null=True)
    answer = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    created = models.DateTimeField()

    class Meta:
        verbose_name = "幂等键"
        verbose_name_plural = "幂等键"
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="idempotency_key_once")
        ]
        indexes = [models.Index(fields=["created"], name="idempotency_key_created")]

    def __str__(self) -> str:
        return self.key
