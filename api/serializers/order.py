"""The requests and answers of /api/order/ and /api/enrolled/ (contract §9). Money is 元, a text of
two places."""

import re
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from api.models import EnrolledCourse, Order, OrderDetail, Payment
from api.rules.orders import OrderStatus
from api.serializers.answers import MoneyField, Shown, image_url, money
from api.serializers.fields import NumberField, TextField
from api.serializers.page import PageQuery, PageShown
from api.services.payments import starting

_MONEY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")


class ConsentMoneyField(serializers.Field[Decimal, Any, Any, Any]):
    """A sum of 元: a text or a number with at most two places."""

    default_error_messages = {"invalid": "必须是金额，最多两位小数"}

    def to_internal_value(self, data: Any) -> Decimal:
        text = data if isinstance(data, str) else repr(data)
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            self.fail("invalid")
        if not _MONEY.fullmatch(text):
            self.fail("invalid")
        return Decimal(text)

    def to_representation(self, value: Decimal) -> str:
        return f"{value:.2f}"


class OrderRequest(serializers.Serializer[Any]):
    """POST: consent to a version of the quote, to a sum, or to both."""

    version = TextField(required=False, allow_null=True, default=None, max_length=64)
    money = ConsentMoneyField(required=False, allow_null=True, default=None)
    payment_type = NumberField(smallest=0, largest=1, required=False, default=1)

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["version"] is None and asked["money"] is None:
            raise serializers.ValidationError({"version": "请提供version或money"})
        return asked


class OrderQuery(PageQuery):
    """GET: the orders of one status, or all."""

    status = NumberField(smallest=0, largest=5, required=False, default=None)


class OrderDetailShown(Shown):
    """A course of an order: original_price - discount - share = price."""

    course_id = serializers.CharField()
    title = serializers.CharField()
    img = serializers.CharField(help_text="an absolute address")
    policy_id = serializers.CharField()
    valid_period = serializers.IntegerField(help_text="days")
    valid_period_display = serializers.CharField()
    original_price = MoneyField()
    discount = MoneyField()
    share = MoneyField()
    price = MoneyField(help_text="what it costs in this order")
    coupon = serializers.IntegerField(allow_null=True, help_text="the coupon record at work on it")
    refunded = MoneyField()

    def shape(self, detail: OrderDetail) -> dict[str, Any]:
        return {
            "course_id": str(detail.object_id),
            "title": detail.content or "",
            "img": image_url(self.context["images"].get(detail.object_id, ""), self.context),
            "policy_id": str(detail.policy_id),
            "valid_period": detail.valid_period,
            "valid_period_display": detail.valid_period_display,
            "original_price": money(detail.original_price),
            "discount": money(detail.discount),
            "share": money(detail.share),
            "price": money(detail.price),
            "coupon": detail.coupon_record_id,
            "refunded": money(detail.refunded),
        }


class OrderShown(Shown):
    """An order: subtotal - course_discount - global_discount = actual_amount."""

    order_number = serializers.CharField()
    status = serializers.ChoiceField(Order.status_choices)
    status_display = serializers.CharField()
    actual_amount = MoneyField()
    subtotal = MoneyField()
    course_discount = MoneyField()
    global_discount = MoneyField()
    payment_type = serializers.IntegerField(help_text="0 微信, 1 支付宝, 2 优惠码, 3 贝里")
    date = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    pay_time = serializers.DateTimeField(allow_null=True)
    cancel_time = serializers.DateTimeField(allow_null=True)
    refunded = MoneyField()
    pay_url = serializers.CharField(
        allow_null=True, help_text="of the payment that was begun last, while it can be paid"
    )
    details = OrderDetailShown(many=True)

    def shape(self, order: Order) -> dict[str, Any]:
        images = {line["course_id"]: line["img"] for line in order.quote["course_list"]}
        detail = OrderDetailShown(context={**self.context, "images": images})
        return {
            "order_number": order.order_number,
            "status": order.status,
            "status_display": OrderStatus(order.status).display,
            "actual_amount": money(order.actual_amount),
            "subtotal": money(order.subtotal),
            "course_discount": money(order.course_discount),
            "global_discount": money(order.global_discount),
            "payment_type": order.payment_type,
            "date": moment(order.date),
            "expires_at": moment(order.expires_at),
            "pay_time": moment(order.pay_time),
            "cancel_time": moment(order.cancel_time),
            "refunded": money(order.refunded),
            "pay_url": starting.pay_url(order),
            "details": [
                detail.shape(one) for one in sorted(order.details.all(), key=lambda one: one.pk)
            ],
        }


class FrozenCouponShown(Shown):
    """A coupon of the breakdown that was consented to: what it did, or why it lay idle."""

    course_id = serializers.CharField(allow_null=True, help_text="null for a site-wide one")
    coupon = serializers.IntegerField()
    name = serializers.CharField()
    words = serializers.CharField()
    last_day = serializers.DateField(allow_null=True)
    at_work = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True)

    def shape(self, value: tuple[int | None, dict[str, Any]]) -> dict[str, Any]:
        course_id, coupon = value
        return {
            "course_id": None if course_id is None else str(course_id),
            "coupon": coupon["id"],
            **{name: coupon[name] for name in ("name", "words", "last_day", "at_work", "reason")},
        }


class OverpaidShown(Shown):
    """Money that came and that the order could not take: it goes back by itself."""

    channel_display = serializers.CharField(help_text="支付宝")
    amount = MoneyField()
    paid_at = serializers.DateTimeField()
    returned_at = serializers.DateTimeField(allow_null=True, help_text="null: on its way back")

    def shape(self, payment: Payment) -> dict[str, Any]:
        returned = (refund.done_at for refund in payment.refunds.all() if refund.excess)
        return {
            "channel_display": payment.get_channel_display(),
            "amount": money(payment.amount),
            "paid_at": moment(payment.paid_at),
            "returned_at": moment(next(returned, None)),
        }


class WholeOrderShown(OrderShown):
    """One order, with why it is that price (every coupon of it, frozen when it was placed), and
    what was paid for it in vain."""

    coupons = FrozenCouponShown(many=True)
    overpaid = OverpaidShown(many=True)

    def shape(self, order: Order) -> dict[str, Any]:
        lines = order.quote["course_list"]
        coupons = [(line["course_id"], one) for line in lines for one in line["coupons"]]
        coupons += [(None, one) for one in order.quote["global_coupons"]]
        shown, paid = FrozenCouponShown(), OverpaidShown()
        excess = [one for one in order.payments.all() if one.status == Payment.Status.EXCESS]
        return {
            **super().shape(order),
            "coupons": [shown.shape(one) for one in coupons],
            "overpaid": [paid.shape(one) for one in sorted(excess, key=lambda one: one.pk)],
        }


class OrderPageShown(PageShown):
    """A page of orders, newest first."""

    results = OrderShown(many=True)


class EnrolledShown(Shown):
    """A course that the account may learn, from its first to its last day."""

    course_id = serializers.CharField()
    title = serializers.CharField()
    img = serializers.CharField(help_text="an absolute address")
    enrolled_date = serializers.DateTimeField()
    valid_begin_date = serializers.DateField()
    valid_end_date = serializers.DateField(help_text="the last day, included")
    status = serializers.ChoiceField(EnrolledCourse.status_choices)
    status_display = serializers.CharField()
    order_number = serializers.CharField()

    def shape(self, enrolled: EnrolledCourse) -> dict[str, Any]:
        over = enrolled.status or enrolled.valid_end_date < timezone.localdate()
        status = 1 if over else 0
        return {
            "course_id": str(enrolled.course_id),
            "title": enrolled.course.name,
            "img": image_url(enrolled.course.course_img, self.context),
            "enrolled_date": moment(enrolled.enrolled_date),
            "valid_begin_date": enrolled.valid_begin_date.isoformat(),
            "valid_end_date": enrolled.valid_end_date.isoformat(),
            "status": status,
            "status_display": dict(EnrolledCourse.status_choices)[status],
            "order_number": enrolled.order_detail.order.order_number,
        }


class EnrolledPageShown(PageShown):
    """A page of enrolments, newest first."""

    results = EnrolledShown(many=True)


def moment(when: Any) -> str | None:
    """In the shop's time zone, as ISO 8601."""
    return None if when is None else timezone.localtime(when).isoformat(timespec="seconds")
