"""/api/couponrecord/: the coupons in one's own hands (contract §11)."""

from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from api.serializers import parsed
from api.serializers.coupon import MyCouponPageShown, MyCouponQuery
from api.services.coupons import mine
from utils.auth import AccountRequest
from utils.response import success


class MyCouponsView(APIView):
    """The account's coupons."""

    def get(self, request: AccountRequest) -> Response:
        asked = parsed(MyCouponQuery, request.query_params)
        page = mine.coupons(account_id=request.auth.user_id, now=timezone.now(), **asked)
        return success(MyCouponPageShown(page).data)
