"""The gateway that runs here, by HTTP: what the shop asks, the cashier, and the panel."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from api.gateways.local import keys, panel_bills, sending
from api.gateways.local.alipay import WAYS, AlipayServer, Refused
from api.gateways.local.book import PAID, WAITING, Book, LocalTrade
from api.gateways.local.wechat import CHANNEL as WECHAT
from api.gateways.local.wechat import Answered, Asked, WechatServer

# How the gateway answers what the shop asks, as its panel says it.
ANSWERS = {
    "": "正常",
    "error": "系统错误",
    "silent": "不处理，也不响应",
    "late": "已处理，但超时后才响应",
}
LISTED, SENT_LISTED = 20, 8
CHANNELS = {"alipay": "支付宝", "wechat": "微信支付"}
STATES = {"waiting": "等待付款", "paid": "已付款", "closed": "已关闭"}


@lru_cache(maxsize=4)
def book_in(folder: Path) -> Book:
    """The book of the gateway in this folder."""
    return Book(folder)


def book() -> Book:
    """The gateway's book, where the settings have it."""
    return book_in(settings.LOCAL_GATEWAY_DIR)


def alipay_server() -> AlipayServer:
    """Alipay, as it runs here."""
    bills_at = f"{settings.PUBLIC_URL}/gateway/alipay/bill/"
    certs = settings.ALIPAY_CERTS
    numbers = (certs.app_sn, certs.root_sn, certs.alipay_sn) if certs else None
    return AlipayServer(book(), keys.pairs(settings.LOCAL_GATEWAY_DIR), bills_at, numbers)


def wechat_server() -> WechatServer:
    """WeChat Pay, as it runs here."""
    cashier = f"{settings.PUBLIC_URL}/gateway/cashier"
    itself = f"{settings.PUBLIC_URL}/gateway/wechat"
    return WechatServer(book(), keys.pairs(settings.LOCAL_GATEWAY_DIR), cashier, itself)


def server_of(trade: LocalTrade) -> sending.Server:
    """The provider that the trade is at."""
    return wechat_server() if trade.channel == WECHAT else alipay_server()


@csrf_exempt
@require_http_methods(["GET", "POST"])
def wechat(request: HttpRequest, path: str) -> HttpResponse:
    """What the shop asks of WeChat Pay."""
    server, now = wechat_server(), timezone.now()
    query = request.META.get("QUERY_STRING", "")
    asked = Asked(
        request.method or "",
        f"/{path}?{query}" if query else f"/{path}",
        request.body,
        request.headers.get("Authorization", ""),
    )
    if file := server.file(asked, now=now):
        return HttpResponse(file, content_type="application/octet-stream")
    return _behaving(
        lambda: _as_http(server.answer(asked, now=now)), lambda: _as_http(server.broken(now))
    )


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def alipay(request: HttpRequest) -> HttpResponse:
    """Alipay's one address: a payment to be begun in the browser, or what the shop asks."""
    server, now = alipay_server(), timezone.now()
    params = (request.POST if request.method == "POST" else request.GET).dict()
    if params.get("method") in WAYS:
        try:
            trade = server.begin(params, now=now)
        except Refused as refused:
            return render(request, "gateway/refused.html", {"reason": refused}, status=400)
        return redirect("gateway:cashier", secret=trade.secret)
    return _behaving(
        lambda: HttpResponse(server.answer(params, now=now), content_type="application/json"),
        lambda: HttpResponse(server.broken(params), content_type="application/json"),
    )


@require_http_methods(["GET", "HEAD"])
def alipay_bill(request: HttpRequest, day: str) -> HttpResponse:
    """The file of a day's bill at Alipay."""
    found = panel_bills.day_in(day)
    if found is None:
        raise Http404
    return HttpResponse(alipay_server().bill(found), content_type="application/zip")


@require_http_methods(["GET", "HEAD", "POST"])
def cashier(request: HttpRequest, secret: str) -> HttpResponse:
    """Where the learner pays, or does not."""
    trade, now = book().at_cashier(secret), timezone.now()
    if trade is None:
        raise Http404
    trade = server_of(trade).look(trade, now=now)
    if request.method == "POST" and request.POST.get("do") == "pay":
        return _pay(request, trade, now)
    unpaid = trade.return_url and f"{trade.return_url}?out_trade_no={trade.out_trade_no}"
    page = {
        "trade": trade,
        "channel": CHANNELS[trade.channel],
        "state": STATES[trade.state],
        "waiting": trade.state == WAITING,
        "paid": trade.state == PAID,
        "expires_at": datetime.fromisoformat(trade.expires_at),
        # A link and no form: those may lead to no other host (Content-Security-Policy).
        "way_back_unpaid": unpaid or _redirect_url(request),
        "way_back": server_of(trade).way_back(trade, now=now) or _redirect_url(request),
        "how": sending.HOW[book().behaviour("notify")],
    }
    return render(request, "gateway/cashier.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
def panel(request: HttpRequest) -> HttpResponse:
    """What the gateway is to do wrong from now on, and for one trade at once."""
    if request.method == "POST":
        _do(request)
        return HttpResponseRedirect(request.get_full_path())
    trades = [
        {
            "trade": trade,
            "channel": CHANNELS[trade.channel],
            "state": STATES[trade.state],
            "sent": book().sent(trade, SENT_LISTED),
            "refunds": [
                (number, f"{fen // 100}.{fen % 100:02}")
                for number, fen in book().refunds(trade).items()
            ],
        }
        for trade in book().newest(LISTED)
    ]
    page = {
        "trades": trades,
        "how": sending.HOW,
        "answers": ANSWERS,
        "notify": book().behaviour("notify"),
        "answer": book().behaviour("answer"),
        "channels": CHANNELS,
        **panel_bills.shown(book(), request, CHANNELS),
    }
    return render(request, "gateway/panel.html", page)


def _do(request: HttpRequest) -> None:
    panel_bills.falsify(book(), request)
    for name, known in (("notify", sending.HOW), ("answer", ANSWERS)):
        value = request.POST.get(name)
        if value is not None and value in known:
            book().behave(name, value)
    trade = book().at_cashier(request.POST.get("trade", ""))
    how = request.POST.get("send")
    if trade is not None and how in sending.HOW:
        server = server_of(trade)
        sendings = sending.plan(server, trade, how, now=timezone.now())
        sending.send(book(), server, trade, sendings)


def _pay(request: HttpRequest, trade: LocalTrade, now: datetime) -> HttpResponse:
    """Takes the money, notifies as the panel says, and sends the browser back."""
    own, server = book(), server_of(trade)
    if own.pay(trade, at=now.isoformat(), payer="buyer"):
        paid = own.find(trade.channel, trade.out_trade_no) or trade
        sendings = sending.plan(server, paid, own.behaviour("notify"), now=now)
        sending.send(own, server, paid, sendings)
    return HttpResponseRedirect(request.get_full_path())


def _redirect_url(request: HttpRequest) -> str:
    """Where a page of H5 is told to lead back to; only to the shop."""
    url = request.GET.get("redirect_url", "")
    return url if url.startswith(f"{settings.PUBLIC_URL}/") else ""


def _as_http(answered: Answered) -> HttpResponse:
    return HttpResponse(
        answered.body,
        status=answered.status,
        content_type="application/json",
        headers=dict(answered.headers),
    )


def _behaving(
    answer: Callable[[], HttpResponse], broken: Callable[[], HttpResponse]
) -> HttpResponse:
    """The answer, as the panel says."""
    beyond = settings.GATEWAY_TIMEOUT + 1
    match book().behaviour("answer"):
        case "error":
            return broken()
        case "silent":
            time.sleep(beyond)
            return HttpResponse(status=504)
        case "late":
            late = answer()
            time.sleep(beyond)
            return late
    return answer()
