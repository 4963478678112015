"""/api/payment/: the settlement, its quote and its best choice (contract §3, §8)."""

from django.utils import timezone
from rest_framework.response import Response

from api.serializers import parsed
from api.serializers.payment import ChooseRequest, SettlementShown, SettleRequest
from api.serializers.quote import BestShown, QuoteShown
from api.serializers.top_up import TopUpShown
from api.services.checkout import quoting, settlement, topping_up
from api.services.checkout.quote import Quote
from api.views.shop import ShopView
from utils.auth import AccountRequest
from utils.response import success


class PaymentViewSet(ShopView):
    """An account's settlement: start it, choose coupons, read it."""

    def post(self, request: AccountRequest) -> Response:
        asked = parsed(SettleRequest, request.data)
        settlement.settle(
            account_id=request.auth.user_id,
            course_ids=asked["courseids"],
            now=timezone.now(),
        )
        return success()

    def patch(self, request: AccountRequest) -> Response:
        asked = parsed(ChooseRequest, request.data)
        settlement.choose_coupon(
            account_id=request.auth.user_id,
            course_id=asked["courseid"],
            record_id=asked["couponid"],
            if_match=request.headers.get("If-Match"),
        )
        return success("修改成功")

    def get(self, request: AccountRequest) -> Response:
        found = settlement.read(account_id=request.auth.user_id)
        answer = success(SettlementShown(found.snapshot).data)
        answer["ETag"] = found.etag
        return answer


class QuoteView(ShopView):
    """What the settlement costs this moment: look at it, or accept today's prices and terms."""

    def get(self, request: AccountRequest) -> Response:
        quote, etag = quoting.quote(account_id=request.auth.user_id, now=timezone.now())
        answer = _shown(request, quote)
        answer["ETag"] = etag
        return answer

    def post(self, request: AccountRequest) -> Response:
        quote = quoting.accept_today(account_id=request.auth.user_id, now=timezone.now())
        return _shown(request, quote)


class TopUpView(ShopView):
    """The courses that bring the total down."""

    def get(self, request: AccountRequest) -> Response:
        found = topping_up.top_ups(account_id=request.auth.user_id, now=timezone.now())
        return success(TopUpShown(found, many=True, context={"request": request}).data)


class BestChoiceView(ShopView):
    """The choice of coupons with the lowest total: look at it, or take it."""

    def get(self, request: AccountRequest) -> Response:
        best = quoting.best(account_id=request.auth.user_id, now=timezone.now())
        return success(BestShown(best, context={"request": request}).data)

    def post(self, request: AccountRequest) -> Response:
        quote = quoting.choose_best(
            account_id=request.auth.user_id,
            now=timezone.now(),
            if_match=request.headers.get("If-Match"),
        )
        return _shown(request, quote)


def _shown(request: AccountRequest, quote: Quote) -> Response:
    return success(QuoteShown(quote, context={"request": request}).data)
