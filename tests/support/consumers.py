"""A subscribed address: an HTTP server in a thread that keeps what it is sent, and answers as it is
told to."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from django.db.models import F
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from api.models import WebhookDelivery, WebhookEndpoint
from api.services.events import endpoints


class Received(NamedTuple):
    id: str
    event: dict[str, Any]
    headers: dict[str, str]
    body: bytes


class Consumer:
    """`answers` are the HTTP statuses of the next answers, then 204; "silent" answers nothing
    within `hangs` seconds, "cut" closes the connection, "drip" sends a byte again and again. `busy`
    is the largest number of requests that were under way at once."""

    def __init__(self, secret: str) -> None:
        self.secret, self.url = secret, ""
        self.answers: list[Any] = []
        self.received: list[Received] = []
        self.hangs = 3.0
        self.pause = 0.0
        self.location = ""
        self.busy = self._under_way = 0
        self._lock = threading.Lock()

    @property
    def kinds(self) -> list[str]:
        return [one.event["type"] for one in self.received]

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.received]

    def take(self, headers: dict[str, str], body: bytes) -> Any:
        event = Webhook(self.secret).verify(body, headers)
        with self._lock:
            self._under_way += 1
            self.busy = max(self.busy, self._under_way)
            found = {name.lower(): value for name, value in headers.items()}
            self.received.append(Received(found["webhook-id"], event, found, body))
            answer = self.answers.pop(0) if self.answers else 204
        time.sleep(self.pause)
        with self._lock:
            self._under_way -= 1
        return answer


@contextmanager
def consumer(**fields: Any) -> Iterator[tuple[Consumer, WebhookEndpoint]]:
    """A consumer, and the endpoint that it is subscribed by."""
    listening = Consumer(endpoints.new_secret())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = listening.take(dict(self.headers), body)
            if answer == "silent":
                time.sleep(listening.hangs)
                return
            if answer == "cut":
                self.connection.close()
                return
            if answer == "drip":
                self._drip()
                return
            self.send_response(answer)
            if listening.location:
                self.send_header("Location", listening.location)
            self.end_headers()
            if answer >= 400:
                self.wfile.write(b"not now " * 100_000)

        def _drip(self) -> None:
            ends = time.monotonic() + listening.hangs
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while time.monotonic() < ends:
                try:
                    self.wfile.write(b"x")
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.1)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # the other side has left
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    listening.url = f"http://127.0.0.1:{server.server_address[1]}/hook?of=shop"
    try:
        yield listening, endpoint(**{"url": listening.url, "secret": listening.secret, **fields})
    finally:
        server.shutdown()
        server.server_close()


def endpoint(**fields: Any) -> WebhookEndpoint:
    """One that was made a minute ago."""
    made = {
        "url": "https://shop.example.com/hook",
        "secret": endpoints.new_secret(),
        "created": timezone.now() - timedelta(minutes=1),
    }
    endpoints.forget_who_listens()
    return WebhookEndpoint.objects.create(**made | fields)


def all_due() -> None:
    """What was put off is put off no longer, and nobody rests."""
    WebhookDelivery.objects.update(next_at=F("since"))
    WebhookEndpoint.objects.filter(rests_until__isnull=False).update(
        rests_until=timezone.now() - timedelta(seconds=1)
    )
