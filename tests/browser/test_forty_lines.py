"""“A front end in forty lines” of docs/api.md, in Chromium, from a development server's origin."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from api.models import Account, Order
from api.services import accounts
from luffy.settings.environment import ON_THIS_MACHINE
from tests.support import orders
from tests.support.factories import CouponRecordFactory, PricePolicyFactory

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]


@contextmanager
def development_server(html: str) -> Iterator[str]:
    """Serves the page on a port of its own; gives its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def front_end(page: Any, live_server: Any, settings: Any) -> Iterator[Any]:
    """A page of another origin that holds the forty lines."""
    settings.CORS_ALLOWED_ORIGIN_REGEXES = [ON_THIS_MACHINE]
    page.makes_trouble = True  # it asks another host: that is what it is for
    (code,) = re.findall(r"```js\n(const API.*?)```", (ROOT / "docs/api.md").read_text(), re.DOTALL)
    assert len(code.splitlines()) <= 40
    code = code.replace("http://127.0.0.1:8000", live_server.url)
    html = f"<!doctype html><title>front end</title><script>{code}</script>"
    with development_server(html) as address:
        page.goto(address)
        yield page


def test_a_learner_logs_in_settles_orders_and_has_paid(front_end: Any) -> None:
    alice = accounts.register(username="alice", password="a long way to go")
    policy = PricePolicyFactory(price=100.0)
    CouponRecordFactory(account=alice)  # 立减40

    front_end.evaluate("logIn('alice', 'a long way to go')")
    listed = front_end.evaluate("courses()")
    assert [course["id"] for course in listed["course_list"]] == [policy.object_id]
    quote = front_end.evaluate(f"settle({policy.object_id}, {policy.pk})")
    assert quote["total"] == "60.00"
    placed = front_end.evaluate("quote => order(quote)", quote)
    again = front_end.evaluate("quote => order(quote)", quote)
    number = placed["order_number"]
    assert again["order_number"] == number
    assert front_end.evaluate(f"isPaid('{number}')") is False
    orders.pay(Order.objects.get(order_number=number))
    assert front_end.evaluate(f"isPaid('{number}')") is True
    assert Order.objects.get().status == Order.status_choices[0][0]


def test_a_refusal_is_thrown_with_its_name_and_field(front_end: Any) -> None:
    accounts.register(username="alice", password="a long way to go")
    caught = "error => ({message: error.message, name: error.name, field: error.field})"

    refused = front_end.evaluate(f"logIn('alice', 'wrong').catch({caught})")
    assert refused == {"message": "用户名或密码错误", "name": "login_refused", "field": None}
    front_end.evaluate("logIn('alice', 'a long way to go')")
    refused = front_end.evaluate(f"api('POST', 'payment/', {{courseids: ['x']}}).catch({caught})")
    assert (refused["name"], refused["field"]) == ("malformed", "courseids.0")


def test_after_a_401_the_token_is_forgotten(front_end: Any) -> None:
    front_end.evaluate("localStorage.setItem('token', 'old'), token = 'old'")

    name = front_end.evaluate("api('GET', 'account/').catch(error => error.name)")

    assert name == "not_authenticated"
    assert front_end.evaluate("localStorage.getItem('token')") is None
    assert not Account.objects.exists()
