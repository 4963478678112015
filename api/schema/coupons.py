"""/api/coupon/ and /api/couponrecord/."""

from api.errors import (
    ClaimedOut,
    ClaimLimitReached,
    CouponNotThere,
    CouponStopped,
    NotInReceiptDays,
)
from api.schema.answers import Operation, describe
from api.serializers.coupon import (
    ClaimRequest,
    MyCouponPageShown,
    MyCouponQuery,
    MyCouponShown,
    OfferedPageShown,
)
from api.serializers.page import PageQuery
from api.views.coupon import CouponView, MyCouponsView

MINE = {
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

OFFERED = {
    "id": 3,
    "name": "大促",
    "words": "满100减60",
    "left": 940,
    "mine": 0,
    "course_id": "1",
    "open_date": "2026-11-20",
    "close_date": "2026-12-12",
}

describe(
    CouponView,
    get=Operation(
        "The coupons that everybody can claim now, the newest first",
        query=PageQuery,
        data=OfferedPageShown,
        example={"count": 1, "next": None, "results": [OFFERED]},
        public=True,
        token_helps=True,
    ),
    post=Operation(
        "Claims a coupon of the list, by `couponid`, or another by its `code` (in whatever case, "
        "with or without spaces and, of a one-time code, hyphens); the answer is as in "
        "`GET /api/couponrecord/`",
        request=ClaimRequest,
        body={"couponid": 3},
        data=MyCouponShown,
        example=MINE,
        refusals=(
            CouponNotThere,
            CouponStopped,
            NotInReceiptDays,
            ClaimLimitReached,
            ClaimedOut,
        ),
        statuses=(409, 422),
    ),
)
describe(
    MyCouponsView,
    get=Operation(
        "The account's coupons: those that can still be used (status 0) by their last day",
        query=MyCouponQuery,
        data=MyCouponPageShown,
        example={
            "count": 1,
            "next": None,
            "results": [MINE],
        },
    ),
)
