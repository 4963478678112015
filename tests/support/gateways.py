"""The gateway that runs here, for tests: its protocol over HTTP, its notifications in hand."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.handlers.wsgi import WSGIHandler
from django.http import QueryDict
from django.utils import timezone

from api.gateways.local import sending, views
from api.gateways.local.alipay import AlipayServer
from api.gateways.local.book import Book, LocalTrade
from api.gateways.local.sending import Sending
from api.gateways.local.wechat import WechatServer
from api.models import Order, Payment, PaymentType
from api.rules.payments import Way
from api.services.payments import starting
from api.services.payments.starting import Payer

FORM = "application/x-www-form-urlencoded"


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@contextmanager
def served() -> Iterator[str]:
    """Serves the service in a thread, for as long as the block lasts; gives its address."""
    server = make_server("127.0.0.1", 0, WSGIHandler(), _Threaded, _Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class LocalGateway:
    """Alipay and WeChat Pay as they run here: `pay` is the learner at the cashier, and what would
    be sent is given back instead."""

    def __init__(self, settings: Any, folder: Path, address: str) -> None:
        self.settings = settings
        settings.LOCAL_ALIPAY = settings.LOCAL_WECHATPAY = True
        settings.LOCAL_GATEWAY_DIR = folder
        settings.PUBLIC_URL = address
        settings.GATEWAY_TIMEOUT = 1
        settings.ALLOWED_HOSTS = ["*"]

    @property
    def book(self) -> Book:
        return views.book()

    @property
    def alipay(self) -> AlipayServer:
        return views.alipay_server()

    @property
    def wechat(self) -> WechatServer:
        return views.wechat_server()

    def begin(self, payment: Payment) -> LocalTrade:
        """The learner comes to the cashier."""
        if payment.channel == Payment.Channel.WECHAT:
            return self.trade(payment)
        query = QueryDict(payment.pay_url.partition("?")[2])
        return self.alipay.begin(query.dict(), now=timezone.now())

    def trade(self, payment: Payment) -> LocalTrade:
        """The payment as the gateway has it."""
        trade = self.book.find(payment.channel, payment.out_trade_no)
        assert trade is not None
        return trade

    def pay(self, payment: Payment) -> LocalTrade:
        """The learner pays."""
        trade = self.begin(payment)
        assert self.book.pay(trade, at=timezone.now().isoformat(), payer="buyer")
        return self.trade(payment)

    def sendings(self, trade: LocalTrade, how: str = "") -> list[Sending]:
        """What it sends for a payment, by a key of `sending.HOW`."""
        return sending.plan(views.server_of(trade), trade, how, now=timezone.now())

    def notices(self, trade: LocalTrade, how: str = "") -> list[bytes]:
        """The bodies of these; for Alipay they are all of it."""
        return [one.body for one in self.sendings(trade, how)]


def begin(order: Order, payment_type: PaymentType, way: Way | None = None) -> Payment:
    """A payment of the order, begun."""
    begun = starting.start(
        account_id=order.account_id,
        order_number=order.order_number,
        payer=Payer(payment_type, way, ip="192.0.2.1", openid="oBuyer"),
        now=timezone.now(),
    )
    return Payment.objects.get(pk=begun.payment.pk)
