"""The notifications of the gateway that runs here, as they should be and as they should not."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import requests

from api.gateways.local.book import Book, LocalTrade

# How the gateway notifies of a payment, as its panel says it.
HOW = {
    "": "正常：通知一次",
    "twice": "同一通知发两次",
    "eight": "同一通知同时发八次",
    "late": "迟到30秒",
    "disorder": "乱序：先完成，再成功，再等待付款",
    "amount": "金额不符",
    "seller": "商户不符",
    "signature": "签名有误",
    "silent": "不通知",
}
LATE = 30  # seconds
AGAIN = (2, 5, 10)  # seconds after an answer that is not the one it wants; short for a developer


@dataclass(frozen=True, slots=True)
class Sending:
    """A notification, and how many seconds from now it goes out."""

    what: str
    body: bytes
    headers: Mapping[str, str]
    after: float = 0


class Server(Protocol):
    """A provider's side of its protocol."""

    def look(self, trade: LocalTrade, *, now: datetime) -> LocalTrade:
        """The trade as it is now: one that is out of time has closed."""

    def way_back(self, trade: LocalTrade, *, now: datetime) -> str:
        """Where the browser is sent after paying, or "" for nowhere."""

    def paid(self, trade: LocalTrade, *, now: datetime, how: str = "") -> Sending:
        """The notification of a payment; `how` is amount, seller or signature for a wrong one."""

    def disorder(self, trade: LocalTrade, *, now: datetime) -> list[Sending]:
        """What happened to a payment, told in the wrong order."""

    def accepts(self, status: int, text: str) -> bool:
        """Whether the answer is the one after which nothing more is sent."""


def plan(server: Server, trade: LocalTrade, how: str, *, now: datetime) -> list[Sending]:
    """What is sent for a payment, by a key of HOW."""
    match how:
        case "silent":
            return []
        case "disorder":
            return server.disorder(trade, now=now)
        case "amount" | "seller" | "signature":
            wrong = server.paid(trade, now=now, how=how)
            return [replace(wrong, what=f"{wrong.what}，{HOW[how]}")]
    proper = server.paid(trade, now=now)
    match how:
        case "twice":
            return [proper, replace(proper, after=1)]
        case "eight":
            return [proper] * 8
        case "late":
            return [replace(proper, after=LATE)]
    return [proper]


def send(book: Book, server: Server, trade: LocalTrade, sendings: list[Sending]) -> None:
    """Sends them from threads, as their times say, and notes what is answered. Gives back at
    once."""
    for sending in sendings:
        run = threading.Thread(target=_send, args=(book, server, trade, sending), daemon=True)
        run.start()


def _send(book: Book, server: Server, trade: LocalTrade, sending: Sending) -> None:
    time.sleep(sending.after)
    for pause in (*AGAIN, None):
        try:
            answer = requests.post(
                trade.notify_url, data=sending.body, headers=dict(sending.headers), timeout=10
            )
            said, accepted = answer.text[:100], server.accepts(answer.status_code, answer.text)
            status = str(answer.status_code)
        except requests.RequestException as error:
            said, accepted, status = type(error).__name__, False, "没有应答"
        at = datetime.now(UTC).isoformat()
        book.note(trade, at=at, what=sending.what, answer=f"{status} {said}")
        if accepted or pause is None:
            return
        time.sleep(pause)
