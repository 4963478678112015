"""Who comes to the shop; locust's file, in a virtual environment of its own, without Django.

`Day`: of 100 requests 80 look at courses, 10 are about the car, 8 settle, choose coupons and quote,
2 order and begin to pay. `Sale`: everybody claims the one coupon, settles a course with it, and
orders. The environment's LOAD_FILE has the tokens, courses and keys.
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from locust import FastHttpUser, task
from locust.exception import StopUser

from api.gateways import rsa
from api.gateways.alipay.signing import text_of

TOLD: dict[str, Any] = json.loads(Path(os.environ["LOAD_FILE"]).read_text())
LEFT = list(TOLD["tokens"])  # of accounts that nobody has been yet
SUCCESS = 1000
CATEGORY = "/api/category/"
COURSES = "/api/course/"
CAR = "/api/shoppingcar/"
PAYMENT = "/api/payment/"


class Shopper(FastHttpUser):
    """Asks as soon as it was answered: how much the service bears, not how it idles."""

    abstract = True
    connection_timeout = network_timeout = 60.0
    token = ""

    def ask(self, method: str, path: str, data: Any = None, *, name: str = "") -> Any:
        """The data of the answer; one that is not a success counts as a failure, and is None."""
        head = {"Authorization": f"Token {self.token}"}
        with self.client.request(
            method, path, json=data, headers=head, name=name or path, catch_response=True
        ) as answer:
            try:
                said = answer.json()
            except ValueError:
                said = {"code": answer.status_code, "error": answer.text}
            if not isinstance(said, dict) or said.get("code") != SUCCESS:
                answer.failure(str(said)[:200])
                return None
            return said["data"]

    def order(self, version: str) -> dict[str, Any] | None:
        body = {"version": version, "payment_type": 1}
        placed: dict[str, Any] | None = self.ask("POST", "/api/order/", body)
        return placed

    def pay(self, order: dict[str, Any]) -> None:
        """Begins to pay; then the gateway says that it was paid."""
        path = f"/api/order/{order['order_number']}/pay/"
        begun = self.ask("POST", path, {"payment_type": 1}, name="/api/order/…/pay/")
        if begun is None:
            return
        [content] = parse_qs(urlsplit(begun["pay_url"]).query)["biz_content"]
        notice = _notice(json.loads(content))
        with self.client.post("/api/alipay/", data=notice, catch_response=True) as answer:
            if answer.text != "success":
                answer.failure(answer.text[:200])


class Day(Shopper):
    def on_start(self) -> None:
        if not LEFT:
            raise StopUser
        self.token = LEFT.pop()
        self._in_car: list[list[int]] = []
        self._version = ""
        self._about_car, self._settling = cycle(self._car()), cycle(self._settle())

    @task(80)
    def look(self) -> None:
        chance = random.random()
        if chance < 0.05:
            self.ask("GET", CATEGORY)
        elif chance < 0.55:
            page = random.randint(1, 10)
            self.ask("GET", f"{COURSES}?page={page}", name=COURSES)
        else:
            course_id = random.choice(TOLD["policies"])[0]
            self.ask("GET", f"{COURSES}{course_id}/", name=f"{COURSES}…/")

    @task(10)
    def car(self) -> None:
        next(self._about_car)()

    @task(8)
    def settle(self) -> None:
        if self._in_car:
            next(self._settling)()
        else:
            self._add()

    @task(2)
    def buy(self) -> None:
        if not self._version:
            self.settle()
        elif placed := self.order(self._version):
            self._in_car, self._version = [], ""
            self._settling = cycle(self._settle())
            self.pay(placed)

    def _car(self) -> Iterator[Callable[[], object]]:
        yield from (self._add, lambda: self.ask("GET", CAR), self._add, self._change)

    def _add(self) -> None:
        if len(self._in_car) < 5:
            chosen = random.choice(TOLD["policies"])
            if chosen not in self._in_car:
                self._in_car.append(chosen)
            self.ask("POST", CAR, {"courseid": chosen[0], "policyid": chosen[1]})
        else:
            self.ask("GET", CAR)

    def _change(self) -> None:
        if self._in_car:
            course_id, _, second = self._in_car[-1]
            self.ask("PATCH", CAR, {"courseid": course_id, "policyid": second})
        else:
            self.ask("GET", CAR)

    def _settle(self) -> Iterator[Callable[[], object]]:
        yield from (self._begin, self._quote, self._best, self._quote)

    def _begin(self) -> None:
        ids = [chosen[0] for chosen in self._in_car]
        self.ask("POST", PAYMENT, {"courseids": ids})
        self._version = ""

    def _quote(self) -> None:
        self._keep(self.ask("GET", f"{PAYMENT}quote/"))

    def _best(self) -> None:
        self._keep(self.ask("POST", f"{PAYMENT}best/"))

    def _keep(self, quote: dict[str, Any] | None) -> None:
        self._version = quote["version"] if quote and quote["payable"] else ""


class Sale(Shopper):
    @task
    def come(self) -> None:
        if not LEFT:
            raise StopUser
        self.token = LEFT.pop()
        course_id, policy_id, _ = random.choice(TOLD["policies"])
        self.ask("POST", "/api/coupon/", {"couponid": TOLD["coupon"]})
        self.ask("POST", CAR, {"courseid": course_id, "policyid": policy_id})
        self.ask("POST", PAYMENT, {"courseids": [course_id]})
        if quote := self.ask("POST", f"{PAYMENT}best/"):
            self.order(quote["version"])


def _notice(content: dict[str, str]) -> dict[str, str]:
    """What Alipay sends when this was paid."""
    params = {
        "app_id": TOLD["app_id"],
        "seller_id": TOLD["seller_id"],
        "notify_id": random.randbytes(17).hex(),
        "notify_time": time.strftime("%Y-%m-%d %H:%M:%S"),
        "out_trade_no": content["out_trade_no"],
        "trade_no": random.randbytes(14).hex(),
        "trade_status": "TRADE_SUCCESS",
        "total_amount": content["total_amount"],
        "sign_type": "RSA2",
    }
    text = text_of(params, without=("sign", "sign_type"))
    return params | {"sign": rsa.sign(TOLD["gateway_private"], text)}
