"""The answers of /api/payment/quote/ and /api/payment/best/. Money is 元, a text of two places."""

from decimal import Decimal
from functools import lru_cache
from typing import Any

from rest_framework import serializers

from api.rules.changes import Change, ChangeCode
from api.rules.coupons import CouponType, Worth
from api.rules.pricing import Reason
from api.serializers.answers import MoneyField, Shown, image_url, money
from api.serializers.car import CHANGE_CODES, ChangedShown
from api.services.checkout.quote import Quote, QuotedCoupon, QuotedLine
from api.services.checkout.quoting import BestQuote

IDLE_CODES = [*(reason.value for reason in Reason), ChangeCode.COUPON_GONE.value]


class QuotedCouponShown(Shown):
    """A coupon of the settlement, on today's terms."""

    id = serializers.IntegerField(help_text="the coupon record")
    name = serializers.CharField()
    words = serializers.CharField(help_text="as buyers say it: 满500减200")
    coupon_type = serializers.IntegerField()
    money_equivalent_value = serializers.IntegerField(allow_null=True, help_text="元")
    off_percent = serializers.IntegerField(allow_null=True, help_text="one pays so many %")
    minimum_consume = serializers.IntegerField(allow_null=True, help_text="元")
    max_off = serializers.IntegerField(
        allow_null=True, help_text="元; a discount takes at most that off; null: no such limit"
    )
    last_day = serializers.DateField(allow_null=True)
    usable = serializers.BooleanField(help_text="whether it can be used now")
    chosen = serializers.BooleanField()
    at_work = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True, help_text="why it is not at work")
    short = MoneyField(allow_null=True, help_text="what is missing to its minimum")
    saves = MoneyField(help_text="how much the total would fall if it were chosen in its place")

    def shape(self, coupon: QuotedCoupon) -> dict[str, Any]:
        return {
            "id": coupon.id,
            "name": coupon.name,
            **_worth(coupon.worth),
            "last_day": coupon.last_day and coupon.last_day.isoformat(),
            "usable": coupon.usable,
            "chosen": coupon.chosen,
            "at_work": coupon.at_work,
            "reason": coupon.reason,
            "short": money(coupon.short),
            "saves": money(coupon.saves),
        }


@lru_cache(maxsize=1024)  # hundreds of records may be of one coupon
def _worth(worth: Worth) -> dict[str, str | int | None]:
    kind = worth.coupon_type
    discount, threshold = kind is CouponType.DISCOUNT, kind is CouponType.THRESHOLD
    return {
        "words": worth.words,
        "coupon_type": kind.value,
        "money_equivalent_value": None if discount else int(worth.money_equivalent_value),
        "off_percent": worth.off_percent if discount else None,
        "minimum_consume": int(worth.minimum_consume) if threshold else None,
        "max_off": None if worth.max_off is None else int(worth.max_off),
    }


class QuotedLineShown(Shown):
    """What a course costs: price - discount - share = pay."""

    course_id = serializers.CharField()
    title = serializers.CharField()
    img = serializers.CharField(help_text="an absolute address")
    policy_id = serializers.CharField()
    period_display = serializers.CharField()
    price = MoneyField()
    coupon = serializers.IntegerField(allow_null=True, help_text="the coupon record chosen")
    coupon_usable = serializers.BooleanField(
        allow_null=True, help_text="whether that record can be used now; null for none"
    )
    discount = MoneyField(help_text="what that coupon takes off")
    share = MoneyField(help_text="this course's part of the site-wide discount")
    pay = MoneyField()
    changed = ChangedShown(allow_null=True)
    coupons = QuotedCouponShown(many=True)

    def shape(self, line: QuotedLine) -> dict[str, Any]:
        coupon = QuotedCouponShown()
        return {
            "course_id": str(line.course_id),
            "title": line.title,
            "img": image_url(line.img, self.context),
            "policy_id": line.policy_id,
            "period_display": line.period_display,
            "price": money(line.price),
            "coupon": line.coupon,
            "coupon_usable": line.coupon_usable,
            "discount": money(line.discount),
            "share": money(line.share),
            "pay": money(line.pay),
            "changed": ChangedShown().shape(line.changed) if line.changed else None,
            "coupons": [coupon.shape(one) for one in line.coupons],
        }


class IdleCouponShown(Shown):
    """A coupon of the settlement that takes nothing off now."""

    course_id = serializers.CharField(allow_null=True, help_text="null for a site-wide one")
    coupon = serializers.IntegerField(help_text="the coupon record")
    code = serializers.ChoiceField(IDLE_CODES)
    reason = serializers.CharField()
    short = MoneyField(allow_null=True, help_text="what is missing to its minimum")
    saves = MoneyField(help_text="how much the total would fall if it were chosen in its place")
    usable = serializers.BooleanField(help_text="whether the record can be used now")

    def shape(self, coupon: QuotedCoupon) -> dict[str, Any]:
        return {
            "course_id": None if coupon.course_id is None else str(coupon.course_id),
            "coupon": coupon.id,
            "code": coupon.code,
            "reason": coupon.reason,
            "short": money(coupon.short),
            "saves": money(coupon.saves),
            "usable": coupon.usable,
        }


class ChangeShown(Shown):
    """What differs from the settlement's snapshot: what was, and what is now, in words."""

    course_id = serializers.CharField(allow_null=True, help_text="null for a site-wide coupon")
    coupon = serializers.IntegerField(allow_null=True, help_text="the coupon record")
    code = serializers.ChoiceField(CHANGE_CODES)
    reason = serializers.CharField()
    was = serializers.CharField(allow_null=True)
    now = serializers.CharField(allow_null=True)

    def shape(self, change: Change) -> dict[str, Any]:
        return {
            "course_id": None if change.course_id is None else str(change.course_id),
            "coupon": change.coupon,
            "code": change.code.value,
            "reason": change.reason,
            "was": change.was,
            "now": change.now,
        }


class QuoteShown(Shown):
    """A settlement's breakdown: subtotal - course_discount - global_discount = total."""

    course_list = QuotedLineShown(many=True)
    subtotal = MoneyField()
    course_discount = MoneyField()
    global_coupon = serializers.IntegerField(allow_null=True, help_text="the site-wide one chosen")
    global_coupon_usable = serializers.BooleanField(allow_null=True)
    global_discount = MoneyField()
    discount_total = MoneyField(help_text="course and site-wide discounts together")
    total = MoneyField()
    idle_coupons = IdleCouponShown(many=True)
    global_coupons = QuotedCouponShown(many=True)
    changes = ChangeShown(many=True)
    payable = serializers.BooleanField(help_text="whether it can be ordered as it stands")
    version = serializers.CharField(help_text="names exactly this breakdown")

    def shape(self, quote: Quote) -> dict[str, Any]:
        line = QuotedLineShown(context=self.context)
        coupon, idle, change = QuotedCouponShown(), IdleCouponShown(), ChangeShown()
        return {
            "course_list": [line.shape(one) for one in quote.course_list],
            "subtotal": money(quote.subtotal),
            "course_discount": money(quote.course_discount),
            "global_coupon": quote.global_coupon,
            "global_coupon_usable": quote.global_coupon_usable,
            "global_discount": money(quote.global_discount),
            "discount_total": money(quote.discount_total),
            "total": money(quote.total),
            "idle_coupons": [idle.shape(one) for one in quote.idle_coupons],
            "global_coupons": [coupon.shape(one) for one in quote.global_coupons],
            "changes": [change.shape(one) for one in quote.changes],
            "payable": quote.payable,
            "version": quote.version,
        }


class AlternativeShown(serializers.Serializer[Any]):
    """The best total with another site-wide coupon, or with none (null)."""

    global_coupon = serializers.IntegerField(allow_null=True)
    total = MoneyField()
    gap = MoneyField(required=False)


class BestShown(Shown):
    """The choice with the lowest total, and what it saves against the present one.

    `gap` is there only where finding the lowest total would have taken too long: none is more than
    that below the one that was found.
    """

    quote = QuoteShown()
    saves = MoneyField()
    alternatives = AlternativeShown(many=True)
    gap = MoneyField(required=False)

    def shape(self, best: BestQuote) -> dict[str, Any]:
        return {
            "quote": QuoteShown(context=self.context).shape(best.quote),
            "saves": money(best.saves),
            "alternatives": [
                {
                    "global_coupon": other.coupon,
                    "total": money(other.total),
                    **_gap(other.gap),
                }
                for other in best.alternatives
            ],
            **_gap(best.gap),
        }


def _gap(yuan: Decimal) -> dict[str, str | None]:
    return {"gap": money(yuan)} if yuan else {}
