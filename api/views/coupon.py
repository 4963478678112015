"""/api/coupon/ and /api/couponrecord/: coupons to be had, and those in one's own hands (contract
§11)."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.serializers import parsed
from api.serializers.coupon import (
    ClaimRequest,
    MyCouponPageShown,
    MyCouponQuery,
    MyCouponShown,
    OfferedPageShown,
)
from api.serializers.page import PageQuery
from api.services.coupons import claiming, mine
from api.services.coupons.claiming import Wanted
from api.services.idempotency import Answer
from api.views.shop import once
from utils.auth import AccountRequest, OptionalAuth
from utils.limits import claims as claim_limits
from utils.response import SUCCESS, success


class CouponView(APIView):
    """What can be claimed, for everybody; claiming it."""

    def get_authenticators(self) -> list[Any]:
        if self.request is not None and self.request.method in ("GET", "HEAD"):
            return [OptionalAuth()]
        return super().get_authenticators()

    def get(self, request: Request) -> Response:
        auth: Any = request.auth
        asked = parsed(PageQuery, request.query_params)
        account_id = auth.user_id if auth else None
        page = claiming.offered(account_id=account_id, now=timezone.now(), **asked)
        return success(OfferedPageShown(page).data)

    def post(self, request: AccountRequest) -> Response:
        account_id, now = request.auth.user_id, timezone.now()

        def wanted() -> Wanted:
            asked = parsed(ClaimRequest, request.data)
            claim_limits.count_claim(account_id)
            if asked["code"] is not None:
                claim_limits.check_guesses(account_id)
            found = claiming.wanted(coupon_id=asked["couponid"], code=asked["code"])
            if found.coupon_id is None:
                claim_limits.count_wrong_guess(account_id)
            return found

        def claim(wanted: Wanted) -> Answer:
            claimed = claiming.claim(wanted, account_id=account_id, now=now)
            return Answer(200, SUCCESS, dict(MyCouponShown(claimed).data))

        return once(request, claim, first=wanted, now=now)


class MyCouponsView(APIView):
    """The account's coupons."""

    def get(self, request: AccountRequest) -> Response:
        asked = parsed(MyCouponQuery, request.query_params)
        page = mine.coupons(account_id=request.auth.user_id, now=timezone.now(), **asked)
        return success(MyCouponPageShown(page).data)
