"""/api/payment/."""

from typing import Any

from rest_framework import serializers

from api.errors import (
    CarUnreadable,
    CourseCouponNotFound,
    GlobalCouponNotFound,
    NotInCar,
    SettlementNotChanged,
    SettlementNotFound,
)
from api.schema.answers import Operation, describe
from api.serializers.payment import ChooseRequest, SettleRequest
from api.serializers.quote import BestShown, QuoteShown
from api.views.payment import BestChoiceView, PaymentViewSet, QuoteView


class CouponShown(serializers.Serializer[Any]):
    """What a coupon does: 立减券 (0) and 满减券 (1) take an amount off, 折扣券 (2) a share."""

    coupon_type = serializers.IntegerField()
    coupon_display = serializers.CharField()
    money_equivalent_value = serializers.IntegerField(required=False, help_text="Types 0 and 1, 元")
    minimum_consume = serializers.IntegerField(required=False, help_text="Type 1, 元")
    off_percent = serializers.IntegerField(required=False, help_text="Type 2: one pays so many %")


class OffersShown(serializers.Serializer[Any]):
    """The coupons offered, and which is chosen."""

    coupon = serializers.DictField(child=CouponShown(), help_text="By coupon-record id")
    default_coupon = serializers.CharField(help_text="The id of the record chosen, or 0")


class SettledCourseShown(OffersShown):
    course_id = serializers.CharField()
    title = serializers.CharField()
    img = serializers.CharField()
    policy_id = serializers.CharField()
    period = serializers.CharField()
    period_display = serializers.CharField()
    price = serializers.CharField(help_text="元")


class SettlementShown(serializers.Serializer[Any]):
    course_list = SettledCourseShown(many=True)
    global_coupon_dict = OffersShown()


_SETTLEMENT = {
    "course_list": [
        {
            "course_id": "2",
            "title": "CRM客户关系管理系统实战开发-专题",
            "img": "CRM.jpg",
            "policy_id": "4",
            "coupon": {},
            "default_coupon": "0",
            "period": "210",
            "period_display": "12个月",
            "price": "122.0",
        },
        {
            "course_id": "1",
            "title": "爬虫开发-专题",
            "img": "爬虫开发-专题.jpg",
            "policy_id": "2",
            "coupon": {
                "4": {"coupon_type": 0, "coupon_display": "立减券", "money_equivalent_value": 40},
                "6": {
                    "coupon_type": 1,
                    "coupon_display": "满减券",
                    "money_equivalent_value": 60,
                    "minimum_consume": 100,
                },
            },
            "default_coupon": "6",
            "period": "60",
            "period_display": "2个月",
            "price": "599.0",
        },
    ],
    "global_coupon_dict": {
        "coupon": {
            "2": {
                "coupon_type": 1,
                "coupon_display": "满减券",
                "money_equivalent_value": 200,
                "minimum_consume": 500,
            }
        },
        "default_coupon": "0",
    },
}

describe(
    PaymentViewSet,
    post=Operation(
        "Settle courses of the car, in the place of the account's earlier settlement",
        request=SettleRequest,
        body={"courseids": [2, 1]},
        data=None,
        refusals=[NotInCar, CarUnreadable],
    ),
    patch=Operation(
        "Choose a coupon for a course, or site-wide without a course; 0 for none",
        request=ChooseRequest,
        body={"courseid": 1, "couponid": 6},
        data="修改成功",
        refusals=[CourseCouponNotFound, GlobalCouponNotFound, SettlementNotChanged],
    ),
    get=Operation(
        "The settlement: courses in the order asked for, and the coupons offered",
        data=SettlementShown,
        example=_SETTLEMENT,
        refusals=[SettlementNotFound],
    ),
)

_QUOTE = {
    "course_list": [
        {
            "course_id": "2",
            "price": "122.00",
            "coupon": None,
            "coupon_usable": None,
            "discount": "0.00",
            "share": "36.91",
            "pay": "85.09",
            "changed": None,
        },
        {
            "course_id": "1",
            "price": "599.00",
            "coupon": 6,
            "coupon_usable": True,
            "discount": "60.00",
            "share": "163.09",
            "pay": "375.91",
            "changed": None,
        },
    ],
    "subtotal": "721.00",
    "course_discount": "60.00",
    "global_coupon": 2,
    "global_coupon_usable": True,
    "global_discount": "200.00",
    "total": "461.00",
    "idle_coupons": [
        {
            "course_id": "1",
            "coupon": 4,
            "code": "not_chosen",
            "reason": "未选择此优惠券",
            "short": None,
            "saves": "-20.00",
            "usable": True,
        }
    ],
}

describe(
    QuoteView,
    get=Operation(
        "What the settlement costs, and what has changed since it was started",
        data=QuoteShown,
        example=_QUOTE,
        refusals=[SettlementNotFound],
    ),
)

describe(
    BestChoiceView,
    get=Operation(
        "The choice of coupons with the lowest total",
        data=BestShown,
        example={
            "quote": _QUOTE,
            "saves": "200.00",
            "alternatives": [{"global_coupon": None, "total": "661.00"}],
        },
        refusals=[SettlementNotFound],
    ),
    post=Operation(
        "Take the choice of coupons with the lowest total",
        data=QuoteShown,
        example=_QUOTE,
        refusals=[SettlementNotFound],
    ),
)
