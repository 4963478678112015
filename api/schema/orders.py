"""/api/order/ and /api/enrolled/."""

from typing import Any

from api.errors import (
    ChannelUnavailable,
    CouponUseFailed,
    MoneyMismatch,
    NothingToRefund,
    NotPayable,
    OrderNotFound,
    OrderStateRefused,
    QuoteOutdated,
    RefundTooLate,
    SettlementNotFound,
)
from api.schema.answers import Operation, describe
from api.serializers.order import (
    EnrolledPageShown,
    OrderPageShown,
    OrderQuery,
    OrderRequest,
    OrderShown,
    WholeOrderShown,
)
from api.serializers.page import PageQuery
from api.serializers.pay import BegunShown, PayRequest
from api.serializers.refund import DueShown, RefundQuery, RefundRequest
from api.views.order import CancelOrderView, EnrolledView, OrderListView, OrderView
from api.views.pay import PayOrderView
from api.views.refund import RefundView

_ORDER: dict[str, Any] = {
    "order_number": "202611261830021234567890",
    "status": 1,
    "status_display": "待支付",
    "actual_amount": "375.91",
    "subtotal": "599.00",
    "course_discount": "60.00",
    "global_discount": "163.09",
    "payment_type": 1,
    "date": "2026-11-26T18:30:02+08:00",
    "expires_at": "2026-11-26T19:00:02+08:00",
    "pay_time": None,
    "cancel_time": None,
    "refunded": "0.00",
    "pay_url": None,
    "details": [
        {
            "course_id": "1",
            "title": "爬虫开发-专题",
            "img": "https://shop.example.com/media/%E7%88%AC%E8%99%AB.jpg",
            "policy_id": "2",
            "valid_period": 60,
            "valid_period_display": "2个月",
            "original_price": "599.00",
            "discount": "60.00",
            "share": "163.09",
            "price": "375.91",
            "coupon": 6,
            "refunded": "0.00",
        }
    ],
}
_COUPON = {
    "course_id": "1",
    "coupon": 6,
    "name": "大促",
    "words": "满100减60",
    "last_day": "2026-12-26",
    "at_work": True,
    "reason": None,
}
_CANCELLED = _ORDER | {
    "status": 4,
    "status_display": "主动取消",
    "cancel_time": "2026-11-26T18:31:00+08:00",
}

describe(
    OrderListView,
    post=Operation(
        "Order the settlement as quoted, or not at all",
        request=OrderRequest,
        body={"version": "c93a767f97959aa76a65a0786ca2733f", "payment_type": 1},
        data=OrderShown,
        example=_ORDER,
        refusals=[SettlementNotFound, NotPayable, QuoteOutdated, MoneyMismatch, CouponUseFailed],
        statuses=[409, 412, 422],
    ),
    get=Operation(
        "The account's orders, newest first",
        query=OrderQuery,
        data=OrderPageShown,
        example={"count": 1, "next": None, "results": [_ORDER]},
    ),
)

describe(
    OrderView,
    get=Operation(
        "One order, and which coupon did what",
        data=WholeOrderShown,
        example=_ORDER | {"coupons": [_COUPON], "overpaid": []},
        refusals=[OrderNotFound],
    ),
)

describe(
    CancelOrderView,
    post=Operation(
        "Cancel an order that is not paid",
        data=OrderShown,
        example=_CANCELLED,
        refusals=[OrderNotFound, OrderStateRefused],
        statuses=[409, 422],
    ),
)

describe(
    PayOrderView,
    post=Operation(
        "Begin to pay an order, or go on: where the browser is to go",
        request=PayRequest,
        body={"payment_type": 1, "way": "page"},
        data=BegunShown,
        example={
            "order_number": "202611261830021234567890",
            "payment_type": 1,
            "way": "page",
            "out_trade_no": "20261126183002123456789001",
            "amount": "375.91",
            "pay_url": "https://openapi.alipay.com/gateway.do?app_id=2021000000000001&method=alipay.trade.page.pay&sign=…",
            "parameters": {},
        },
        refusals=[OrderNotFound, OrderStateRefused, ChannelUnavailable],
        statuses=[409, 422],
    ),
)

_REFUND_ASKED = _ORDER | {
    "status": 2,
    "status_display": "退费申请中",
    "pay_time": "2026-11-26T18:30:40+08:00",
}

describe(
    RefundView,
    get=Operation(
        "What a refund would give back: of some courses, or of all that are left",
        query=RefundQuery,
        data=DueShown,
        example={
            "courses": [{"course_id": "1", "amount": "375.91"}],
            "amount": "375.91",
            "coupons": [6, 2],
        },
        refusals=[OrderNotFound, OrderStateRefused, RefundTooLate, NothingToRefund],
    ),
    post=Operation(
        "Ask for a refund; the desk decides",
        request=RefundRequest,
        body={"courseids": [1], "reason": "不想学了"},
        data=OrderShown,
        example=_REFUND_ASKED,
        refusals=[OrderNotFound, OrderStateRefused, RefundTooLate, NothingToRefund],
        statuses=[409, 422],
    ),
)

describe(
    EnrolledView,
    get=Operation(
        "The courses that the account has bought",
        query=PageQuery,
        data=EnrolledPageShown,
        example={
            "count": 1,
            "next": None,
            "results": [
                {
                    "course_id": "1",
                    "title": "爬虫开发-专题",
                    "img": "https://shop.example.com/media/%E7%88%AC%E8%99%AB.jpg",
                    "enrolled_date": "2026-11-26T18:30:40+08:00",
                    "valid_begin_date": "2026-11-26",
                    "valid_end_date": "2027-01-25",
                    "status": 0,
                    "status_display": "已开通",
                    "order_number": "202611261830021234567890",
                }
            ],
        },
    ),
)
