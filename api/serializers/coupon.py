"""The requests and answers of /api/coupon/ and /api/couponrecord/ (contract §11)."""

from typing import Any

from rest_framework import serializers

from api.models import CouponRecordStatus
from api.serializers.answers import Shown
from api.serializers.fields import DigitsOrTextField, IdOrNothingField, NumberField
from api.serializers.page import PageQuery, PageShown
from api.services.coupons.claiming import Offered
from api.services.coupons.mine import MyCoupon


class ClaimRequest(serializers.Serializer[Any]):
    """POST: a coupon of the list, or a code."""

    couponid = IdOrNothingField()
    code = DigitsOrTextField(
        required=False, allow_null=True, allow_blank=True, default=None, max_length=64
    )

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        code = asked["code"] or None
        if (asked["couponid"] is None) == (code is None):
            raise serializers.ValidationError({"couponid": "请提供couponid或code其中之一"})
        return asked | {"code": code}


class OfferedShown(Shown):
    """A coupon that can be claimed."""

    id = serializers.IntegerField(help_text="the coupon's, as POST wants it")
    name = serializers.CharField()
    words = serializers.CharField(help_text="满500减200")
    left = serializers.IntegerField(help_text="how many there still are")
    mine = serializers.IntegerField(help_text="how many of it one has had; 0 without a token")
    course_id = serializers.CharField(allow_null=True, help_text="null for a site-wide one")
    open_date = serializers.DateField(help_text="from this day on it can be claimed")
    close_date = serializers.DateField(help_text="until this day, included")

    def shape(self, offered: Offered) -> dict[str, Any]:
        coupon, terms = offered.coupon, offered.coupon.terms
        return {
            "id": coupon.pk,
            "name": coupon.name,
            "words": terms.worth.words,
            "left": coupon.left,
            "mine": offered.mine,
            "course_id": None if terms.course_id is None else str(terms.course_id),
            "open_date": coupon.open_date.isoformat(),
            "close_date": coupon.close_date.isoformat(),
        }


class OfferedPageShown(PageShown):
    """A page of the coupons that can be claimed."""

    results = OfferedShown(many=True)


class MyCouponQuery(PageQuery):
    """GET: the coupons of one status, or all."""

    status = NumberField(smallest=0, largest=4, required=False, default=None)


class MyCouponShown(Shown):
    """A coupon of one's own."""

    id = serializers.IntegerField(help_text="the record's, as PATCH /api/payment/ wants it")
    number = serializers.CharField()
    name = serializers.CharField()
    words = serializers.CharField(help_text="满500减200")
    first_day = serializers.DateField(allow_null=True)
    last_day = serializers.DateField(allow_null=True, help_text="included")
    days_left = serializers.IntegerField(
        allow_null=True, help_text="1 on the last day; null unless it can still be used"
    )
    soon = serializers.BooleanField(help_text="at most 3 days are left")
    course_id = serializers.CharField(allow_null=True, help_text="null for a site-wide one")
    order_number = serializers.CharField(allow_null=True, help_text="that locks or used it")
    status = serializers.ChoiceField(CouponRecordStatus.choices)

    def shape(self, coupon: MyCoupon) -> dict[str, Any]:
        held, window = coupon.held, coupon.held.window
        course_id = held.terms.course_id
        return {
            "id": held.record_id,
            "number": coupon.number,
            "name": held.name,
            "words": held.worth.words,
            "first_day": window.first.isoformat() if window else None,
            "last_day": window.last.isoformat() if window else None,
            "days_left": coupon.days_left,
            "soon": coupon.soon,
            "course_id": None if course_id is None else str(course_id),
            "order_number": coupon.order_number,
            "status": coupon.status.value,
        }


class MyCouponPageShown(PageShown):
    """A page of one's own coupons."""

    results = MyCouponShown(many=True)
