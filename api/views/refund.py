"""/api/order/<number>/refund/: what would come back, and asking for it (contract §10)."""

from functools import partial
from typing import Any

from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from api.serializers import parsed
from api.serializers.order import OrderShown
from api.serializers.refund import DueShown, RefundQuery, RefundRequest
from api.services.idempotency import Answer
from api.services.refunds import asking
from api.views.shop import once
from utils.auth import AccountRequest
from utils.response import SUCCESS, success


class RefundView(APIView):
    """A refund of an order, or of some of its courses."""

    def get(self, request: AccountRequest, order_number: str) -> Response:
        asked = parsed(RefundQuery, request.query_params)
        due = asking.preview(
            account_id=request.auth.user_id,
            order_number=order_number,
            course_ids=asked["courseids"],
            now=timezone.now(),
        )
        return success(DueShown(due).data)

    def post(self, request: AccountRequest, order_number: str) -> Response:
        now = timezone.now()

        def ask(asked: dict[str, Any]) -> Answer:
            order = asking.ask(
                account_id=request.auth.user_id,
                order_number=order_number,
                course_ids=asked["courseids"],
                reason=asked["reason"],
                now=now,
            )
            return Answer(200, SUCCESS, dict(OrderShown(order, context={"request": request}).data))

        read = partial(parsed, RefundRequest, request.data)
        return once(request, ask, first=read, now=now)
