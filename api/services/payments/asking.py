"""Payments of which no notification came: their gateways are asked (contract §10)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from api.errors import GatewayOutOfReach, GatewayUnclear
from api.gateways.channels import gateway_of
from api.models import Payment
from api.rules.orders import OrderStatus
from api.rules.payments import TradeState
from api.services.orders import trades

PATIENCE = timedelta(minutes=1)  # for a notification to come by itself


@dataclass(frozen=True, slots=True)
class Asked:
    """Of how many payments a run asked, and what became of them."""

    asked: int = 0
    paid: int = 0
    closed: int = 0
    silent: int = 0  # no answer, or none that helps; or not asked after that

    def __add__(self, other: "Asked") -> "Asked":
        return Asked(
            self.asked + other.asked,
            self.paid + other.paid,
            self.closed + other.closed,
            self.silent + other.silent,
        )


def ask_waiting(*, now: datetime) -> Asked:
    """Asks for every payment that waits for longer than a minute. Those of an order that is no
    longer to be paid (it was paid through another channel, say) are closed at their gateway. Safe
    to run twice, and at once; a gateway that does not answer is not asked again in this run."""
    told, silent = Asked(), set[str]()
    waiting = Payment.objects.filter(status=Payment.Status.WAITING, created__lte=now - PATIENCE)
    for payment in list(waiting.select_related("order").order_by("pk")):
        if payment.channel in silent:
            told += Asked(silent=1)
            continue
        try:
            told += _asked(payment, now)
        except GatewayUnclear:  # of this payment alone
            told += Asked(asked=1, silent=1)
        except GatewayOutOfReach:
            silent.add(payment.channel)
            told += Asked(asked=1, silent=1)
    return told


def _asked(payment: Payment, now: datetime) -> Asked:
    if payment.order.status == OrderStatus.UNPAID:
        _query(payment, now)
    else:
        trades.close(payment, now=now)
    payment.refresh_from_db(fields=["status"])
    came = payment.status in (Payment.Status.PAID, Payment.Status.EXCESS)
    return Asked(asked=1, paid=came, closed=payment.status == Payment.Status.CLOSED)


def _query(payment: Payment, now: datetime) -> None:
    gateway = gateway_of(payment.channel)
    if gateway is None:
        raise GatewayUnclear
    trade = gateway.query(payment.out_trade_no, now=now)
    if trade.state is TradeState.PAID:
        trades.take_in(payment, trade, now=now)
    elif trade.state is TradeState.CLOSED:
        trades.note_closed(payment)
