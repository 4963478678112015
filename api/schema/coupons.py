"""/api/couponrecord/."""

from api.schema.answers import Operation, describe
from api.serializers.coupon import MyCouponPageShown, MyCouponQuery
from api.views.coupon import MyCouponsView

describe(
    MyCouponsView,
    get=Operation(
        "The account's coupons: those that can still be used (status 0) by their last day",
        query=MyCouponQuery,
        data=MyCouponPageShown,
        example={
            "count": 1,
            "next": None,
            "results": [
                {
                    "id": 6,
                    "number": "b0f3a7c19d2e4f58a6c7d8e9f0a1b2c3",
                    "name": "大促",
                    "words": "满100减60",
                    "first_day": "2026-11-26",
                    "last_day": "2026-12-26",
                    "days_left": 31,
                    "soon": False,
                    "course_id": "1",
                    "order_number": None,
                    "status": 0,
                }
            ],
        },
    ),
)
