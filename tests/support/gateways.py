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
from api.models import Payment

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
    """Alipay as it runs here: `pay` is the learner at its cashier, and what it would send is given
    back instead."""

    def __init__(self, settings: Any, folder: Path, address: str) -> None:
        self.settings = settings
        settings.LOCAL_ALIPAY = True
        settings.LOCAL_GATEWAY_DIR = folder
        settings.PUBLIC_URL = address
        settings.GATEWAY_TIMEOUT = 1
        settings.ALLOWED_HOSTS = ["*"]

    @property
    def book(self) -> Book:
        return views.book()

    @property
    def server(self) -> AlipayServer:
        return views.alipay_server()

    def begin(self, payment: Payment) -> LocalTrade:
        """The learner comes to the cashier with the payment's address."""
        query = QueryDict(payment.pay_url.partition("?")[2])
        return self.server.begin(query.dict(), now=timezone.now())

    def pay(self, payment: Payment) -> LocalTrade:
        """The learner pays."""
        trade = self.begin(payment)
        assert self.book.pay(trade, at=timezone.now().isoformat(), payer="buyer")
        paid = self.book.find(trade.channel, trade.out_trade_no)
        assert paid is not None
        return paid

    def notices(self, trade: LocalTrade, how: str = "") -> list[bytes]:
        """What it sends for a payment, by a key of `sending.HOW`."""
        now = timezone.now()
        return [one.body for one in sending.plan(self.server, trade, how, now=now)]
