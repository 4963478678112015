"""The answers of /api/payment/quote/ and /api/payment/best/. Money is 元, a text of two places."""

from typing import Any

from rest_framework import serializers

from api.rules.pricing import Reason
from api.services.checkout.changes import ChangeCode


class MoneyField(serializers.DecimalField):
    """元, as a text with two places."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=None, decimal_places=2, **kwargs)


class ChangeShown(serializers.Serializer[Any]):
    """What has changed about a course since the settlement was started."""

    code = serializers.ChoiceField([code.value for code in ChangeCode])
    reason = serializers.CharField()
    price = MoneyField(allow_null=True, help_text="today's price, where that has changed")


class PricedCourseShown(serializers.Serializer[Any]):
    """What a course costs: price - discount - share = pay."""

    course_id = serializers.CharField()
    price = MoneyField()
    coupon = serializers.IntegerField(allow_null=True, help_text="the coupon record chosen")
    coupon_usable = serializers.BooleanField(
        allow_null=True, help_text="whether that record can still be used today; null for none"
    )
    discount = MoneyField(help_text="what that coupon takes off")
    share = MoneyField(help_text="this course's part of the site-wide discount")
    pay = MoneyField()
    changed = ChangeShown(allow_null=True)


class IdleCouponShown(serializers.Serializer[Any]):
    """A coupon of the settlement that takes nothing off now."""

    course_id = serializers.CharField(allow_null=True, help_text="null for a site-wide one")
    coupon = serializers.IntegerField(help_text="the coupon record")
    code = serializers.ChoiceField([reason.value for reason in Reason], source="reason")
    reason = serializers.CharField(source="message")
    short = MoneyField(allow_null=True, help_text="what is missing to its minimum")
    saves = MoneyField(help_text="how much the total would fall if it were chosen in its place")
    usable = serializers.BooleanField(help_text="whether the record can still be used today")


class QuoteShown(serializers.Serializer[Any]):
    """A settlement's breakdown: subtotal - course_discount - global_discount = total."""

    course_list = PricedCourseShown(many=True)
    subtotal = MoneyField()
    course_discount = MoneyField()
    global_coupon = serializers.IntegerField(allow_null=True, help_text="the site-wide one chosen")
    global_coupon_usable = serializers.BooleanField(allow_null=True)
    global_discount = MoneyField()
    total = MoneyField()
    idle_coupons = IdleCouponShown(many=True)


class AlternativeShown(serializers.Serializer[Any]):
    """The best total with another site-wide coupon, or with none (null)."""

    global_coupon = serializers.IntegerField(allow_null=True)
    total = MoneyField()


class BestShown(serializers.Serializer[Any]):
    """The choice with the lowest total, and what it saves against the present one."""

    quote = QuoteShown()
    saves = MoneyField()
    alternatives = AlternativeShown(many=True)
