"""What the shop asks of a payment provider, and what it is told (contract §10).

Each call that goes over the network has a timeout and no second attempt, and belongs outside any
transaction. What a gateway says is believed only where its signature is right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Protocol

from api.rules.payments import TradeState, Verdict, Way
from api.rules.reconciliation import BillKind
from api.rules.refunds import RefundState


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment to be started: `amount` in 元. `openid` is the payer within WeChat, `client_ip` his
    address; only some ways need them."""

    out_trade_no: str
    amount: Decimal
    subject: str
    expires_at: datetime
    way: Way
    client_ip: str = ""
    openid: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """What the learner's browser needs to pay: an address to go to (or to show as a code), or the
    parameters for WeChat's own browser."""

    pay_url: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trade:
    """A payment as the gateway knows it: `amount` in 元, `trade_no` the gateway's own number."""

    out_trade_no: str
    state: TradeState
    trade_no: str | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notification says, once its signature, application and merchant are right. `verdict`
    is what its status asks for: PAID, CLOSED, REFUND or STATUS (nothing)."""

    out_trade_no: str
    trade_no: str
    amount: Decimal
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Refunding:
    """Money to send back, in 元: `amount` of a payment of `total`. `out_request_no` is its number:
    the same again is the same refund."""

    out_trade_no: str
    out_request_no: str
    amount: Decimal
    total: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class BillRow:
    """Money that the gateway's bill has moved: `amount` in 元, not negative; `out_request_no` is ""
    for a payment; `at` the gateway's own moment; `raw` the row as it came."""

    channel: str
    kind: BillKind
    out_trade_no: str
    out_request_no: str
    trade_no: str
    amount: Decimal
    at: datetime
    raw: str


@dataclass(frozen=True, slots=True)
class BillFile:
    """A day's bill, whole: its rows in their order, and the SHA-256 of the file in hexadecimal."""

    rows: tuple[BillRow, ...]
    digest: str


class BillAbsent(Exception):
    """The gateway has no bill of the day: it is not made yet, or nothing moved on that day."""


class BillUnreadable(Exception):
    """The bill is not as its gateway writes it, and nothing of it counts. It says what is wrong."""


class NotBelieved(Exception):
    """A notification that is not believed: nothing may change. `out_trade_no` is what it claims."""

    def __init__(self, verdict: Verdict, out_trade_no: str = "") -> None:
        super().__init__(verdict)
        self.verdict, self.out_trade_no = verdict, out_trade_no


class Gateway(Protocol):
    """A payment provider."""

    channel: str
    ways: tuple[Way, ...]  # the first is what is taken where none is asked for
    asks_nobody: bool  # to start a payment
    bill_ready: time  # from when on, in the time of Beijing, the bill of the day before is there

    def start(self, charge: Charge, *, now: datetime) -> Started:
        """Raises GatewayOutOfReach. The same charge again gives the same trade."""

    def query(self, out_trade_no: str, *, now: datetime) -> Trade:
        """Raises GatewayOutOfReach."""

    def close(self, out_trade_no: str, *, now: datetime) -> Trade:
        """Closes what is not paid, and says what the trade is then: CLOSED or ABSENT, or PAID where
        it was paid before. Raises GatewayOutOfReach: nobody knows."""

    def refund(self, refunding: Refunding, *, now: datetime) -> RefundState:
        """Sends money back: DONE or PENDING. Raises GatewayOutOfReach, nobody knows; or
        GatewayUnclear, it is refused and somebody must look."""

    def query_refund(self, refunding: Refunding, *, now: datetime) -> RefundState:
        """Raises GatewayOutOfReach."""

    def read(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Notice:
        """A notification, read. Raises NotBelieved; asks nobody."""

    def bill(self, day: date, *, now: datetime) -> BillFile:
        """What moved on a day of the time of Beijing. Raises BillAbsent, BillUnreadable,
        GatewayOutOfReach."""
