"""/api/order/ and /api/enrolled/: ordering what is settled, and what came of it (contract §9)."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from api.models import Order, PaymentType
from api.serializers import parsed
from api.serializers.order import (
    EnrolledPageShown,
    OrderPageShown,
    OrderQuery,
    OrderRequest,
    OrderShown,
    WholeOrderShown,
)
from api.serializers.page import PageQuery
from api.services import enrolments, pages
from api.services.idempotency import Answer
from api.services.orders import closing, placing, reading, trades
from api.services.orders.placing import Consent
from api.services.payments import starting
from api.views.shop import clear_up, once
from utils.auth import AccountRequest
from utils.response import SUCCESS, success


class OrderListView(APIView):
    """An account's orders: order the settlement as quoted, list them."""

    def post(self, request: AccountRequest) -> Response:
        now = timezone.now()

        def read() -> tuple[dict[str, Any], placing.Meant]:
            asked = parsed(OrderRequest, request.data)
            clear_up(request)
            return asked, placing.meant(account_id=request.auth.user_id)

        def place(read: tuple[dict[str, Any], placing.Meant]) -> Answer:
            asked, meant = read
            order = placing.place(
                meant,
                account_id=request.auth.user_id,
                consent=Consent(asked["version"], asked["money"]),
                payment_type=PaymentType(asked["payment_type"]),
                if_match=request.headers.get("If-Match"),
                now=now,
            )
            starting.start_at_once(order, now=now)
            return _answer(request, order)

        return once(request, place, first=read, now=now)

    def get(self, request: AccountRequest) -> Response:
        asked = parsed(OrderQuery, request.query_params)
        page = reading.orders(account_id=request.auth.user_id, now=timezone.now(), **asked)
        return success(OrderPageShown(page, context={"request": request}).data)


class OrderView(APIView):
    """One order."""

    def get(self, request: AccountRequest, order_number: str) -> Response:
        order = reading.order(
            account_id=request.auth.user_id, order_number=order_number, now=timezone.now()
        )
        return success(WholeOrderShown(order, context={"request": request}).data)


class CancelOrderView(APIView):
    """Cancels an order that is not paid."""

    def post(self, request: AccountRequest, order_number: str) -> Response:
        now: datetime = timezone.now()

        def cancel(_: None) -> Answer:
            order = closing.cancel(
                account_id=request.auth.user_id, order_number=order_number, now=now
            )
            return _answer(request, order)

        def close_trades() -> None:
            trades.close_before_cancelling(
                account_id=request.auth.user_id, order_number=order_number, now=now
            )

        return once(request, cancel, first=close_trades, now=now)


class EnrolledView(APIView):
    """The courses that the account has bought."""

    def get(self, request: AccountRequest) -> Response:
        asked = parsed(PageQuery, request.query_params)
        page = pages.page_of(enrolments.enrolled_courses(request.auth.user_id), **asked)
        return success(EnrolledPageShown(page, context={"request": request}).data)


def _answer(request: AccountRequest, order: Order) -> Answer:
    return Answer(200, SUCCESS, dict(OrderShown(order, context={"request": request}).data))
