"""Gateways without a network, which answer whatever a test wants and remember what they heard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

import pytest

from api.errors import GatewayOutOfReach, GatewayUnclear
from api.gateways.base import (
    BillAbsent,
    BillFile,
    BillUnreadable,
    Charge,
    NotBelieved,
    Notice,
    Refunding,
    Started,
    Trade,
)
from api.rules.payments import TradeState, Verdict, Way
from api.rules.refunds import RefundState
from api.services.orders import trades
from api.services.payments import asking, notices, starting
from api.services.reconciling import fetching
from api.services.refunds import sending


@dataclass
class FakeGateway:
    """`heard` are what it was asked for and the number that this was about; of those numbers that
    are `unclear` it says nothing that helps, and `silent` it says nothing at all."""

    channel: str
    ways: tuple[Way, ...]
    asks_nobody: bool = False
    silent: bool = False
    unclear: set[str] = field(default_factory=set)
    heard: list[tuple[str, str]] = field(default_factory=list)
    # A trade's state (`states` are those of some numbers), its amount, and its number there.
    state: TradeState = TradeState.ABSENT
    states: dict[str, TradeState] = field(default_factory=dict)
    amount: Decimal | None = None
    trade_no: str | None = None
    # What became of a refund, where it is asked for it, and where it is told of it.
    known: RefundState = RefundState.ABSENT
    sends: RefundState = RefundState.DONE
    charges: list[Charge] = field(default_factory=list)
    refunds: list[Refunding] = field(default_factory=list)
    # Its bills; of any other day it has none.
    bill_ready: time = time(9)
    bills: dict[date, BillFile] = field(default_factory=dict)
    unreadable: str = ""  # what is wrong with each
    # What it says in a notification; nobody signed any other.
    signed: dict[bytes, Notice] = field(default_factory=dict)

    def start(self, charge: Charge, *, now: datetime) -> Started:
        self.charges.append(charge)
        self._hear("start", charge.out_trade_no)
        return Started(f"https://pay.example/{charge.out_trade_no}")

    def close(self, out_trade_no: str, *, now: datetime) -> Trade:
        self._hear("close", out_trade_no)
        return self._trade(out_trade_no)

    def query(self, out_trade_no: str, *, now: datetime) -> Trade:
        self._hear("query", out_trade_no)
        return self._trade(out_trade_no)

    def read(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Notice:
        if body not in self.signed:
            raise NotBelieved(Verdict.SIGNATURE)
        return self.signed[body]

    def bill(self, day: date, *, now: datetime) -> BillFile:
        self._hear("bill", str(day))
        if self.unreadable:
            raise BillUnreadable(self.unreadable)
        if day not in self.bills:
            raise BillAbsent
        return self.bills[day]

    def query_refund(self, refunding: Refunding, *, now: datetime) -> RefundState:
        self._hear("query_refund", refunding.out_request_no)
        return self.known

    def refund(self, refunding: Refunding, *, now: datetime) -> RefundState:
        self.refunds.append(refunding)
        self._hear("refund", refunding.out_request_no)
        return self.sends

    def _trade(self, out_trade_no: str) -> Trade:
        state = self.states.get(out_trade_no, self.state)
        return Trade(out_trade_no, state, self.trade_no, self.amount)

    def _hear(self, what: str, number: str) -> None:
        self.heard.append((what, number))
        if self.silent:
            raise GatewayOutOfReach
        if number in self.unclear:
            raise GatewayUnclear


@dataclass
class FakeGateways:
    """Each None where the shop has no merchant there."""

    alipay: FakeGateway | None
    wechat: FakeGateway | None

    def of(self, channel: str) -> FakeGateway | None:
        return {"alipay": self.alipay, "wechat": self.wechat}.get(channel)


def fake_gateways(monkeypatch: pytest.MonkeyPatch) -> FakeGateways:
    """In the place of those that the settings have."""
    gateways = FakeGateways(
        FakeGateway("alipay", (Way.PAGE, Way.WAP), asks_nobody=True),
        FakeGateway("wechat", (Way.NATIVE, Way.H5, Way.JSAPI)),
    )
    for module in (asking, fetching, notices, sending, starting, trades):
        monkeypatch.setattr(module, "gateway_of", gateways.of)
    return gateways
