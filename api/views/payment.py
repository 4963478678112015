"""/api/payment/: the settlement's door (contract §3)."""

from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from api.serializers import parsed
from api.serializers.payment import ChooseRequest, SettleRequest
from api.serializers.quote import BestShown, QuoteShown
from api.services.checkout import quoting as quotes
from api.services.checkout import settlement as settlements
from utils.auth import AccountRequest
from utils.response import success


class PaymentViewSet(APIView):
    """An account's settlement: start it, choose coupons, read it."""

    def post(self, request: AccountRequest) -> Response:
        asked = parsed(SettleRequest, request.data)
        settlements.settle(
            account_id=request.auth.user_id,
            course_ids=asked["courseids"],
            now=timezone.now(),
        )
        return success()

    def patch(self, request: AccountRequest) -> Response:
        asked = parsed(ChooseRequest, request.data)
        settlements.choose_coupon(
            account_id=request.auth.user_id,
            course_id=asked["courseid"],
            record_id=asked["couponid"],
        )
        return success("修改成功")

    def get(self, request: AccountRequest) -> Response:
        return success(settlements.read(account_id=request.auth.user_id))


class QuoteView(APIView):
    """What the settlement costs with its present choices."""

    def get(self, request: AccountRequest) -> Response:
        quote = quotes.quote(account_id=request.auth.user_id, now=timezone.now())
        return success(QuoteShown(quote).data)


class BestChoiceView(APIView):
    """The choice of coupons with the lowest total: look at it, or take it."""

    def get(self, request: AccountRequest) -> Response:
        best = quotes.best(account_id=request.auth.user_id, now=timezone.now())
        return success(BestShown(best).data)

    def post(self, request: AccountRequest) -> Response:
        quote = quotes.choose_best(account_id=request.auth.user_id, now=timezone.now())
        return success(QuoteShown(quote).data)
