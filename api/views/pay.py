"""/api/order/<number>/pay/, and what the gateways call (contract §10)."""

import logging

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from rest_framework.response import Response
from rest_framework.views import APIView

from api.models import Payment, PaymentType
from api.rules.payments import Verdict
from api.serializers import parsed
from api.serializers.pay import BegunShown, PayRequest
from api.services.idempotency import Answer
from api.services.payments import notices, starting
from api.services.payments.notices import SIGNED_WITH
from api.services.payments.starting import Begun, Payer
from api.views.shop import once
from utils.addresses import address_of
from utils.auth import AccountRequest
from utils.outages import is_out_of_reach
from utils.response import SUCCESS

logger = logging.getLogger(__name__)


class PayOrderView(APIView):
    """Begins to pay an order."""

    def post(self, request: AccountRequest, order_number: str) -> Response:
        now = timezone.now()

        def start() -> Begun:
            asked = parsed(PayRequest, request.data)
            payer = Payer(
                PaymentType(asked["payment_type"]),
                asked["way"],
                ip=address_of(request),
                openid=asked["openid"],
            )
            return starting.start(
                account_id=request.auth.user_id, order_number=order_number, payer=payer, now=now
            )

        def answer(begun: Begun) -> Answer:
            return Answer(200, SUCCESS, dict(BegunShown(begun).data))

        return once(request, answer, first=start, now=now)


@method_decorator(csrf_exempt, name="dispatch")
class AlipayView(View):
    """What Alipay sends, and where it sends the browser back to. Not under the envelope."""

    http_method_names = ["get", "head", "post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """A notification: `success` where it was understood, `fail` to get it again."""
        verdict = _taken_in(Payment.Channel.ALIPAY, request, {})
        understood = verdict is not None and verdict.understood
        return HttpResponse("success" if understood else "fail", content_type="text/plain")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The browser's return. It proves nothing: it only leads to the order's page."""
        out_trade_no = request.GET.get("out_trade_no", "").replace("\0", "")
        return _to_the_order(Payment.Channel.ALIPAY, out_trade_no)


@method_decorator(csrf_exempt, name="dispatch")
class WechatPayView(View):
    """What WeChat sends, and where it sends the browser back to. Not under the envelope."""

    http_method_names = ["get", "head", "post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """A notification: 204 where it was understood, `{"code": "FAIL"}` to get it again."""
        headers = {name: request.headers.get(name, "") for name in SIGNED_WITH}
        verdict = _taken_in(Payment.Channel.WECHAT, request, headers)
        if verdict is None:
            return JsonResponse({"code": "FAIL", "message": "暂时无法处理"}, status=503)
        if verdict.understood:
            return HttpResponse(status=204)
        status = 401 if verdict is Verdict.SIGNATURE else 400
        return JsonResponse({"code": "FAIL", "message": verdict.display}, status=status)

    def get(self, request: HttpRequest) -> HttpResponse:
        """The browser's return from H5. It proves nothing: it only leads to the order's page."""
        out_trade_no = request.GET.get("out_trade_no", "").replace("\0", "")
        return _to_the_order(Payment.Channel.WECHAT, out_trade_no)


def _taken_in(
    channel: Payment.Channel, request: HttpRequest, headers: dict[str, str]
) -> Verdict | None:
    """What became of a notification. None where it could not be taken in, whatever for: a gateway
    reads no envelope, and is to send it again."""
    try:
        return notices.take_in(channel, request.body, headers, now=timezone.now())
    except Exception as error:
        if is_out_of_reach(error):
            logger.warning("%s: not taken in: %s", channel.value, type(error).__name__)
        else:
            logger.exception("%s: not taken in", channel.value)
        return None


def _to_the_order(channel: str, out_trade_no: str) -> HttpResponse:
    payments = Payment.objects.filter(channel=channel, out_trade_no=out_trade_no)
    number = payments.values_list("order__order_number", flat=True).first()
    if number is None:
        raise Http404
    if settings.FRONTEND_ORDER_URL:
        return HttpResponseRedirect(settings.FRONTEND_ORDER_URL % number)
    return HttpResponseRedirect(reverse("order", args=[number]))
