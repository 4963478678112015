"""An order's trades at the gateways: what is still to be paid there (contract §9, §10).

Everything here that asks a gateway belongs outside any transaction.
"""

import logging
from datetime import datetime

from django.db.models import QuerySet

from api.errors import GatewayUnclear
from api.gateways.base import Trade
from api.gateways.channels import gateway_of
from api.models import Order, Payment
from api.rules.orders import OrderStatus
from api.rules.payments import TradeState
from api.services.orders import paying
from api.services.orders.paying import Outcome, Received, WrongAmount, WrongTrade

logger = logging.getLogger(__name__)


def waiting(order: Order) -> QuerySet[Payment]:
    """The order's payments that a gateway may still take money for."""
    return Payment.objects.filter(order_id=order.pk, status=Payment.Status.WAITING)


def close_of(order: Order, *, now: datetime) -> None:
    """Closes the order's trades at their gateways; one that was paid before is taken in. Raises
    GatewayOutOfReach: some may be closed, and the order is as it was."""
    for payment in waiting(order):
        close(payment, now=now)


def close_before_cancelling(*, account_id: int, order_number: str, now: datetime) -> None:
    """As `close_of`, for an order of the account; nothing where there is no such order."""
    order = Order.objects.filter(account_id=account_id, order_number=order_number).first()
    if order is not None and order.status == OrderStatus.UNPAID:
        close_of(order, now=now)


def close(payment: Payment, *, now: datetime) -> None:
    """Closes one trade at its gateway; money that came before is taken in. Raises
    GatewayOutOfReach."""
    gateway = gateway_of(payment.channel)
    if gateway is None:
        logger.error("payment %s: its channel has no merchant any more", payment.out_trade_no)
        raise GatewayUnclear
    trade = gateway.close(payment.out_trade_no, now=now)
    if trade.state is TradeState.PAID:
        take_in(payment, trade, now=now)
    else:
        note_closed(payment)


def take_in(payment: Payment, trade: Trade, *, now: datetime) -> Outcome:
    """The money of a trade that its gateway says is paid. Raises GatewayUnclear where it names
    another amount, or another payment's number: then somebody must look."""
    received = Received(
        channel=payment.channel,
        out_trade_no=payment.out_trade_no,
        trade_no=trade.trade_no,
        amount=payment.amount if trade.amount is None else trade.amount,
    )
    try:
        return paying.receive(payment.order_id, received, now=now)
    except (WrongAmount, WrongTrade):
        number, has = payment.out_trade_no, (trade.trade_no, trade.amount)
        logger.error("payment %s: its gateway has %s, %s", number, *has)
        raise GatewayUnclear from None


def note_closed(payment: Payment) -> bool:
    """Its gateway takes no more money for it. False if it was not waiting for any."""
    open_ = Payment.objects.filter(pk=payment.pk, status=Payment.Status.WAITING)
    return bool(open_.update(status=Payment.Status.CLOSED))
