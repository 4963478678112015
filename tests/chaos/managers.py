"""Managers at work while customers are: issuing, taking back, prices; and the desk over HTTP."""

import http.client
import json
import random
import re
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from threading import Event
from typing import NamedTuple
from urllib.parse import urlencode

from tests.chaos import inside
from tests.chaos.front import PATIENCE, Broken, Tally
from tests.chaos.inside import Unknown
from tests.chaos.shop import MANAGER, PASSWORD

UNUSED, VOID = 0, 3
PAGES = ("", "api/coupon/", "api/couponrecord/", "api/order/", "api/course/", "api/account/")


class Issued(NamedTuple):
    """Records of a coupon that there must be, and that there may be."""

    least: int
    most: int


class Manager:
    """By the service's own functions."""

    def __init__(self, coupon_ids: list[int], policies: list[int], tally: Tally) -> None:
        self._tally = tally
        self._policies = policies
        self._accounts = inside.account_ids()
        self.issued = {pk: Issued(*[inside.records_of(pk)] * 2) for pk in coupon_ids}
        self.taken_back: set[int] = set()

    def act(self) -> None:
        try:
            random.choice([self.issue, self.take_back, self.reprice])()
        except Unknown:
            self._tally.deed("managers' work of which nobody knows")

    def issue(self) -> None:
        coupon_id = random.choice(list(self.issued))
        accounts = random.sample(self._accounts, random.randint(1, 5))
        self.expect(coupon_id, 0, len(accounts))
        done = inside.issue(coupon_id, accounts)
        self.expect(coupon_id, done, 0)
        self._tally.deed("coupons issued", done)

    def expect(self, coupon_id: int, surely: int, maybe: int) -> None:
        least, most = self.issued[coupon_id]
        self.issued[coupon_id] = Issued(least + surely, most + maybe)

    def take_back(self) -> None:
        record = inside.some_record(UNUSED)
        if record is not None and inside.take_back(record):
            self.taken_back.add(record)
            self._tally.deed("coupons taken back")

    def reprice(self) -> None:
        inside.price(random.choice(self._policies), random.choice([99.0, 199.0, 320.5, 0.01]))
        self._tally.deed("prices changed")


class Desk:
    """A manager in a browser: the pages of the desk, and issuing there."""

    def __init__(self, port: int, manager: Manager, tally: Tally) -> None:
        self._host = f"http://127.0.0.1:{port}/admin/"
        self._manager, self._tally = manager, tally
        self._cookies = CookieJar()
        self._open = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self._cookies), _StayHere
        ).open
        self._inside = False

    def act(self) -> None:
        if not self._inside:
            self._log_in()
        elif random.random() < 0.5:
            self._inside = self._ask(random.choice(PAGES))[0] in (200, 0, 503)
        else:
            self._issue()

    def _log_in(self) -> None:
        if self._ask("login/")[0] == 200:
            form = {"username": MANAGER, "password": PASSWORD, "next": "/admin/"}
            self._inside = self._ask("login/", form)[0] == 302

    def _issue(self) -> None:
        coupon_id = random.choice(list(self._manager.issued))
        page = f"api/coupon/{coupon_id}/issue/"
        names = "\n".join(f"customer-{n}" for n in random.sample(range(4), 2))
        status, body = self._ask(page, {"source": "pasted", "names": names, "again": "on"})
        token = re.search(r'name="token" value="([^"]+)"', body)
        if status != 200 or token is None:
            return
        self._manager.expect(coupon_id, 0, 2)
        status, body = self._ask(page + "confirm/", {"token": token[1]})
        last = _last_line(body) if status == 200 else {}
        if "issued" in last:
            self._manager.expect(coupon_id, 2, 0)
            self._tally.deed("coupons issued at the desk", 2)
        elif "没有发放任何一张" in str(last.get("error")):
            self._manager.expect(coupon_id, 0, -2)

    def _ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and body; 0 and nothing where no answer came. Raises Broken for a crash."""
        token = next((c.value for c in self._cookies if c.name == "csrftoken"), "") or ""
        data = urlencode(form | {"csrfmiddlewaretoken": token}).encode() if form else None
        try:
            with self._open(self._host + path, data, timeout=PATIENCE) as answer:
                status, body = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            self._tally.deed("pages of the desk that did not come")
            return 0, ""
        self._tally.deed(f"pages of the desk with HTTP {status}")
        if status >= 500 and status != 503:
            raise Broken(f"the desk answers {status} to {path}: {body[:1000]}")
        return status, body


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


def _last_line(body: str) -> dict[str, object]:
    lines = body.strip().splitlines()
    try:
        last: dict[str, object] = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {}
    return last


def at_work(worker: Manager | Desk, until: Event) -> None:
    while not until.wait(random.uniform(0.02, 0.2)):
        worker.act()
