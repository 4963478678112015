"""/api/payment/."""

from typing import Any

from api.errors import (
    CarUnreadable,
    CourseCouponNotFound,
    GlobalCouponNotFound,
    NotInCar,
    SettlementNotChanged,
    SettlementNotFound,
)
from api.schema.answers import Operation, describe
from api.serializers.payment import ChooseRequest, SettlementShown, SettleRequest
from api.serializers.quote import BestShown, QuoteShown
from api.serializers.top_up import TopUpShown
from api.views.payment import BestChoiceView, PaymentViewSet, QuoteView, TopUpView

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
        statuses=[412],
    ),
    get=Operation(
        "The settlement: courses in the order asked for, and the coupons offered",
        data=SettlementShown,
        example=_SETTLEMENT,
        refusals=[SettlementNotFound],
    ),
)


def _coupon(record_id: int, name: str, words: str, **more: Any) -> dict[str, Any]:
    return {
        "id": record_id,
        "name": name,
        "words": words,
        "coupon_type": 1,
        "money_equivalent_value": 0,
        "off_percent": None,
        "minimum_consume": None,
        "max_off": None,
        "last_day": "2026-12-26",
        "usable": True,
        "chosen": True,
        "at_work": True,
        "reason": None,
        "short": None,
        "saves": "0.00",
    } | more


_NOT_CHOSEN = {"chosen": False, "at_work": False, "reason": "未选择此优惠券", "saves": "-20.00"}
_QUOTE = {
    "course_list": [
        {
            "course_id": "2",
            "title": "CRM客户关系管理系统实战开发-专题",
            "img": "https://shop.example.com/media/CRM.jpg",
            "policy_id": "4",
            "period_display": "12个月",
            "price": "122.00",
            "coupon": None,
            "coupon_usable": None,
            "discount": "0.00",
            "share": "36.91",
            "pay": "85.09",
            "changed": None,
            "coupons": [],
        },
        {
            "course_id": "1",
            "title": "爬虫开发-专题",
            "img": "https://shop.example.com/media/%E7%88%AC%E8%99%AB.jpg",
            "policy_id": "2",
            "period_display": "2个月",
            "price": "599.00",
            "coupon": 6,
            "coupon_usable": True,
            "discount": "60.00",
            "share": "163.09",
            "pay": "375.91",
            "changed": None,
            "coupons": [
                _coupon(
                    4, "促销", "立减40", coupon_type=0, money_equivalent_value=40, **_NOT_CHOSEN
                ),
                _coupon(6, "大促", "满100减60", money_equivalent_value=60, minimum_consume=100),
            ],
        },
    ],
    "subtotal": "721.00",
    "course_discount": "60.00",
    "global_coupon": 2,
    "global_coupon_usable": True,
    "global_discount": "200.00",
    "discount_total": "260.00",
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
    "global_coupons": [
        _coupon(2, "1周年", "满500减200", money_equivalent_value=200, minimum_consume=500)
    ],
    "changes": [
        {
            "course_id": "2",
            "coupon": None,
            "code": "price_changed",
            "reason": "价格已变动",
            "was": "99.00",
            "now": "122.00",
        }
    ],
    "payable": True,
    "version": "c93a767f97959aa76a65a0786ca2733f",
}

describe(
    QuoteView,
    get=Operation(
        "What it would cost if it were ordered this moment, and what has changed since",
        data=QuoteShown,
        example=_QUOTE,
        refusals=[SettlementNotFound],
    ),
    post=Operation(
        "Accept today's prices, periods and coupons",
        data=QuoteShown,
        example=_QUOTE | {"changes": []},
        refusals=[SettlementNotFound],
    ),
)

describe(
    BestChoiceView,
    get=Operation(
        "The choice of coupons with the lowest total",
        data=BestShown,
        example={
            "quote": _QUOTE | {"changes": []},
            "saves": "200.00",
            "alternatives": [{"global_coupon": None, "total": "661.00"}],
        },
        refusals=[SettlementNotFound],
    ),
    post=Operation(
        "Take the choice of coupons with the lowest total",
        data=QuoteShown,
        example=_QUOTE | {"changes": []},
        refusals=[SettlementNotFound],
        statuses=[412],
    ),
)

describe(
    TopUpView,
    get=Operation(
        "The courses that bring the total down when they are bought too, what saves most first",
        data=TopUpShown(many=True),
        example=[
            {
                "course_id": "3",
                "policy_id": "5",
                "title": "Linux基础",
                "img": "https://shop.example.com/media/linux.jpg",
                "price": "50.00",
                "total": "300.00",
                "saves": "150.00",
            }
        ],
        refusals=[SettlementNotFound],
    ),
)
