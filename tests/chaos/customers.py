"""Customers at work: what they do, and what they hold the service to (contract §3, §9)."""

import random
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from threading import Event
from typing import Any

from tests.chaos import inside
from tests.chaos.front import Answer, Broken, Came, FrontEnd, Tally
from tests.chaos.inside import Unknown
from tests.chaos.model import CANCELLED, CLOSED, PAID, TIMED_OUT, UNPAID, Bought, Promised, Settled
from tests.chaos.shop import NOT_SOLD, PASSWORD, POLICIES, token_of

PATIENCE = 180  # seconds for the service to know everything again, once the fault is over
NO_SETTLEMENT = 1001
ORDER_REFUSALS = {4005, 4007}  # a manager changed a price, or took a coupon back
NOT_IN_THIS_STATE = 4011


@dataclass(frozen=True)
class _Ordering:
    settled: Settled
    version: str
    key: dict[str, str]


class Customer:
    """One account and its front end. It never guesses: once it does not know what came of a
    request, it only looks, until `settle_doubts`."""

    def __init__(self, account_id: int, name: str, port: int, tally: Tally) -> None:
        self.account_id, self.name = account_id, name
        self.front = FrontEnd(port, tally, token_of(name))
        self.promised = Promised()
        self._tally = tally
        self._token_unsure = False
        self._ordering: _Ordering | None = None  # sent, and nobody knows
        self._deeds: list[Callable[[], None]] = [
            *[self.put_in_car] * 3,
            *[self.settle] * 4,
            *[self.choose] * 4,
            *[self.order] * 4,
            *[self.pay] * 2,
            *(self.choose_policy, self.settle_what_is_not_in_the_car, self.take_best, self.quote),
            *(self.take_out, self.look, self.look_at_orders, self.accept_today),
            *(self.cancel, self.pay_and_cancel, self.log_in),
        ]

    def act(self) -> None:
        if self._token_unsure or self.promised.unsure:
            self.watch()
        else:
            random.choice(self._deeds)()

    def fill_car(self) -> None:
        """With everything. The service is well."""
        for course, policies in POLICIES.items():
            self._put("POST", course, policies[0])

    # --- Car ----------------------------------------------------------------------------------

    def put_in_car(self) -> None:
        course = random.choice(list(POLICIES))
        self._put("POST", course, random.choice(POLICIES[course]))

    def choose_policy(self) -> None:
        if held := self.promised.in_car():
            course = random.choice(list(held))
            self._put("PATCH", course, random.choice(POLICIES[course]))

    def _put(self, method: str, course: str, policy: str) -> None:
        body = {"courseid": course, "policyid": policy}
        answer = self.front.ask(method, "/api/shoppingcar/", body)
        if answer.came is Came.REFUSED:
            raise Broken(f"{method} {body} is refused: {answer}")
        before = self.promised.car.get(course, {None})
        self.promised.car[course] = {policy} | (before if self._doubt(answer) else set())

    def take_out(self) -> None:
        if held := self.promised.in_car():
            course = random.choice(list(held))
            answer = self.front.ask("DELETE", "/api/shoppingcar/", {"courseids": [course]})
            before = self.promised.car[course] if self._doubt(answer) else set()
            self.promised.car[course] = {None} | before

    # --- Settlement ---------------------------------------------------------------------------

    def settle(self) -> None:
        if self.promised.unsure:
            return
        held = self.promised.in_car()
        courses = random.sample(list(held), random.randint(0, len(held)))
        answer = self.front.ask("POST", "/api/payment/", {"courseids": courses})
        if answer.came is Came.REFUSED:
            raise Broken(f"{self.name}: {courses} of {held} are not settled: {answer}")
        before = self.promised.settled if self._doubt(answer) else set()
        self.promised.settled = {Settled.of((c, held[c]) for c in courses)} | before

    def settle_what_is_not_in_the_car(self) -> None:
        """Refused, and the former is still there."""
        courses = [*self.promised.in_car(), NOT_SOLD]
        answer = self.front.ask("POST", "/api/payment/", {"courseids": courses})
        if answer.came is Came.DONE:
            raise Broken(f"{self.name} settled what is not in the car")
        self.look()

    def choose(self) -> None:
        settled, offers = self.promised.now, self._offers()
        if settled is None or offers is None:
            return
        place = random.randrange(len(offers))
        record = random.choice([*offers[place], "0"])
        body: dict[str, Any] = {"couponid": record}
        if place < len(settled.courses):
            body["courseid"] = settled.courses[place][0]
        answer = self.front.ask("PATCH", "/api/payment/", body)
        if answer.came is Came.REFUSED:
            raise Broken(f"{self.name}: {body} is refused, though offered: {answer}")
        before = self.promised.settled if self._doubt(answer) else set()
        self.promised.settled = {settled.chosen(place, record)} | before

    def _offers(self) -> list[list[str]] | None:
        """The records that GET offers: of each course, and last site-wide."""
        data = self._seen_settlement()
        if data is None:
            return None
        places = [*data["course_list"], data["global_coupon_dict"]]
        return [list(place["coupon"]) for place in places]

    def take_best(self) -> None:
        self._rewrite("/api/payment/best/")

    def accept_today(self) -> None:
        self._rewrite("/api/payment/quote/")

    def _rewrite(self, path: str) -> None:
        """The service chooses; its answer says what."""
        settled = self.promised.now
        answer = self.front.ask("POST", path)
        if answer.came is Came.REFUSED:
            self._nothing_settled(answer)
        elif self._doubt(answer):
            if settled is not None:
                self.promised.settled |= {Settled(settled.courses, None)}
        elif settled is None:
            raise Broken(f"{self.name}: POST {path} found what is not there: {answer}")
        else:
            _check_quote(answer.data)
            lines = answer.data["course_list"]
            chosen = [*(line["coupon"] for line in lines), answer.data["global_coupon"]]
            choices = tuple(str(record or 0) for record in chosen)
            self.promised.settled = {Settled(settled.courses, choices)}

    def quote(self) -> Any:
        answer = self.front.ask("GET", "/api/payment/quote/")
        if answer.came is Came.DONE:
            _check_quote(answer.data)
            return answer.data
        if answer.came is Came.REFUSED:
            self._nothing_settled(answer)
        return None

    def _nothing_settled(self, answer: Answer) -> None:
        if answer.code != NO_SETTLEMENT or None not in self.promised.settled:
            raise Broken(f"{self.name}: {answer}, settled can only be {self.promised.settled}")

    # --- Orders -------------------------------------------------------------------------------

    def order(self) -> None:
        """Half of the time by a double click."""
        if self.promised.now is None:
            self.put_in_car()
            self.settle()
        if self.promised.unsure:
            return
        settled, quote = self.promised.now, self.quote()
        if quote is None or not quote["course_list"]:
            return
        if settled is None or not quote["payable"]:
            raise Broken(f"{self.name}: {settled} is quoted, nothing is offline: {quote}")
        key = {"Idempotency_Key": secrets.token_hex(8)} if random.random() < 0.5 else {}
        self._ordering = _Ordering(settled, quote["version"], key)
        clicks = random.choice([1, 2])
        with ThreadPoolExecutor(clicks) as pool:
            answers = list(pool.map(lambda _: self._send_order(), range(clicks)))
        self._take_order(answers)

    def _send_order(self) -> Answer:
        assert self._ordering
        body = {"version": self._ordering.version, "payment_type": 1}
        return self.front.ask("POST", "/api/order/", body, **self._ordering.key)

    def _take_order(self, answers: list[Answer]) -> None:
        assert self._ordering
        settled = self._ordering.settled
        done = [answer.data for answer in answers if answer.came is Came.DONE]
        for answer in answers:
            if answer.came is Came.REFUSED and answer.code not in ORDER_REFUSALS:
                raise Broken(f"{self.name}: the order is refused: {answer}")
        if len({order["order_number"] for order in done}) > 1:
            raise Broken(f"{self.name}: one settlement, two orders: {done}")
        if done:
            self.promised.ordered(settled, done[0])
            self._tally.deed("orders placed")
            self._ordering = None
        elif all(answer.came is Came.REFUSED for answer in answers):
            self.promised.not_ordered(settled)
            self._ordering = None
        else:
            self.promised.maybe_ordered(settled)

    def pay(self) -> None:
        if bought := self._some_order({UNPAID, *CLOSED}):
            self._pay(bought)

    def cancel(self) -> None:
        if bought := self._some_order({UNPAID, CANCELLED}):
            self._cancelled(bought, self._send_cancel(bought))

    def pay_and_cancel(self) -> None:
        """At the same moment: one of the two decides."""
        bought = self._some_order({UNPAID})
        if bought is None:
            return
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(self._send_cancel, bought)
            self._pay(bought, meanwhile={CANCELLED})
            answer = sent.result()
        if not answer.known:
            self.promised.unsure = True

    def _some_order(self, statuses: set[int]) -> Bought | None:
        fitting = [one for one in self.promised.orders.values() if one.statuses <= statuses]
        return random.choice(fitting[-3:]) if fitting else None

    def _pay(self, bought: Bought, meanwhile: set[int] | None = None) -> None:
        """The money comes in. `paying` stays where nobody knows."""
        before = bought.statuses | (meanwhile or set())
        bought.paying, bought.statuses = True, before | {PAID}
        try:
            outcome = inside.receive(bought.number, bought.amount)
        except Unknown:
            self.promised.unsure = True
            return
        bought.paying = False
        closed = CLOSED if UNPAID in before else before
        bought.statuses = set(closed) if outcome == "excess" else {PAID}
        self._tally.deed(f"money: {outcome}")

    def _send_cancel(self, bought: Bought) -> Answer:
        return self.front.ask("POST", f"/api/order/{bought.number}/cancel/")

    def _cancelled(self, bought: Bought, answer: Answer) -> None:
        if answer.came is Came.DONE:
            bought.statuses = {CANCELLED}
            self._tally.deed("orders cancelled")
        elif self._doubt(answer):
            bought.statuses |= {CANCELLED}
        elif answer.code != NOT_IN_THIS_STATE or UNPAID not in bought.statuses:
            raise Broken(f"{self.name}: {bought} is not cancelled: {answer}")
        else:
            bought.statuses = {TIMED_OUT}

    # --- Looking ------------------------------------------------------------------------------

    def log_in(self) -> None:
        self._token_unsure = True
        self._token_unsure = not self.front.log_in(self.name, PASSWORD)

    def watch(self) -> None:
        """What can be known while something is not."""
        if self._token_unsure:
            self.log_in()
        else:
            random.choice([self.look, self.look_into_car, self.quote])()

    def look(self) -> None:
        self._seen_settlement()

    def _seen_settlement(self) -> Any:
        answer = self.front.ask("GET", "/api/payment/")
        if answer.came is Came.REFUSED:
            self._nothing_settled(answer)
        if answer.known:
            self.promised.settlement_seen(answer.data)
        return answer.data

    def look_into_car(self) -> None:
        answer = self.front.ask("GET", "/api/shoppingcar/")
        if answer.came is Came.REFUSED:
            raise Broken(f"{self.name} cannot look into the car: {answer}")
        if answer.came is Came.DONE:
            self.promised.car_seen(answer.data)

    def look_at_orders(self) -> None:
        answer = self.front.ask("GET", "/api/order/?page_size=10")
        if answer.came is Came.REFUSED:
            raise Broken(f"{self.name} cannot look at the orders: {answer}")
        if answer.came is not Came.DONE:
            return
        for order in answer.data["results"]:
            bought = self.promised.orders.get(order["order_number"])
            if bought is None:
                raise Broken(f"{self.name} has an order that nobody placed: {order}")
            bought.seen(order)
        if answer.data["count"] != len(self.promised.orders):
            raise Broken(f"{self.name} has {answer.data['count']} of {self.promised.orders}")

    # --- After a fault ------------------------------------------------------------------------

    def settle_doubts(self) -> None:
        """The service is well again: each request of which nobody knows is sent once more, and then
        all must be known and be as promised. Nothing is under way any more."""
        deadline = time.monotonic() + PATIENCE
        while self._token_unsure:
            self.log_in()
            self._wait(deadline)
        for bought in self.promised.orders.values():
            while bought.paying:
                self._pay(bought, meanwhile=CLOSED & bought.statuses)
                self._wait(deadline)
        while self._ordering is not None:
            self._take_order([self._send_order()])
            self._wait(deadline)
        self.promised.unsure = False
        for look in (self._seen_settlement_at_last, self.look_into_car, self.look_at_orders):
            look()

    def _seen_settlement_at_last(self) -> None:
        answer = self.front.ask("GET", "/api/payment/")
        if not answer.known:
            raise Broken(f"{self.name}: the service is ready, and says {answer}")
        self._seen_settlement()

    def _wait(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise Broken(f"{self.name}: still in doubt {PATIENCE} seconds after the fault")
        time.sleep(0.05)

    def _doubt(self, answer: Answer) -> bool:
        """Whether nobody knows what came of it; then it is remembered."""
        if not answer.known:
            self.promised.unsure = True
        return not answer.known


def at_work(customers: list[Customer], until: Event) -> None:
    """These customers, one after another; each of them once more when the fault is over."""
    while not until.is_set():
        random.choice(customers).act()
    for customer in customers:
        customer.settle_doubts()


def _check_quote(quote: Any) -> None:
    """The lines add up to the total."""
    pays = sum(Decimal(line["pay"]) for line in quote["course_list"])
    if pays != Decimal(quote["total"]):
        raise Broken(f"the lines add up to {pays}: {quote}")
