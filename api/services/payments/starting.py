"""Starting to pay an order (contract §10): a payment that waits, and what the browser needs."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from api.errors import ChannelUnavailable, GatewayOutOfReach, OrderNotFound, OrderStateRefused
from api.gateways.base import Charge, Gateway, Started
from api.gateways.channels import gateway_of
from api.models import Order, Payment, PaymentType
from api.rules.orders import OrderStatus
from api.rules.payments import Way
from api.services.orders import closing
from api.services.orders.locks import lock_account

CHANNELS = {PaymentType.WECHAT: Payment.Channel.WECHAT, PaymentType.ALIPAY: Payment.Channel.ALIPAY}


@dataclass(frozen=True, slots=True)
class Payer:
    """How the learner means to pay: `way` None is the channel's first. `ip` is his address,
    `openid` his name within WeChat."""

    payment_type: PaymentType
    way: Way | None = None
    ip: str = ""
    openid: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A payment that waits, and what the browser needs for it."""

    payment: Payment
    started: Started


def start(*, account_id: int, order_number: str, payer: Payer, now: datetime) -> Begun:
    """Begins to pay the account's order, or goes on: one channel and way is one payment, however
    often it is asked for. Outside any transaction.

    Raises OrderNotFound; OrderStateRefused for an order that is not, or no longer, to be paid;
    ChannelUnavailable where the channel has no merchant, no such way, or does not answer.
    """
    order = Order.objects.filter(account_id=account_id, order_number=order_number).first()
    if order is None:
        raise OrderNotFound
    closing.closed_if_due(order, now=now)
    if order.status != OrderStatus.UNPAID or order.expires_at <= now:
        raise OrderStateRefused
    gateway, way = _gateway(payer)
    payment = _waiting(order, gateway, way, now)
    try:
        started = gateway.start(_charge(order, payment, payer), now=now)
    except GatewayOutOfReach as error:
        raise ChannelUnavailable from error
    _keep(payment, started)
    return Begun(payment, started)


def start_at_once(order: Order, *, now: datetime) -> None:
    """Gives a new order its address to pay at, where its channel needs to ask nobody for one, and
    nobody has closed the order since it was placed."""
    channel = CHANNELS.get(PaymentType(order.payment_type))
    gateway = gateway_of(channel) if channel else None
    if gateway is None or not gateway.asks_nobody:
        return
    try:
        payment = _waiting(order, gateway, gateway.ways[0], now)
    except OrderStateRefused:
        return
    charge = _charge(order, payment, Payer(PaymentType(order.payment_type)))
    _keep(payment, gateway.start(charge, now=now))


def pay_url(order: Order) -> str | None:
    """Where the order can be paid: of the last of its payments that has an address, or None. One
    that its channel refused to begin has none, and takes nothing from those before it."""
    if order.status != OrderStatus.UNPAID:
        return None
    open_ = (one for one in order.payments.all() if one.status == Payment.Status.WAITING)
    begun = [one for one in open_ if one.pay_url]
    return max(begun, key=lambda one: one.pk).pay_url if begun else None


def _gateway(payer: Payer) -> tuple[Gateway, Way]:
    channel = CHANNELS.get(payer.payment_type)
    gateway = gateway_of(channel) if channel else None
    if gateway is None or (payer.way is not None and payer.way not in gateway.ways):
        raise ChannelUnavailable
    return gateway, payer.way or gateway.ways[0]


def _waiting(order: Order, gateway: Gateway, way: Way, now: datetime) -> Payment:
    """The payment of this channel and way that waits; made here if there is none. An order that is
    being closed meanwhile has none any more."""
    with transaction.atomic():
        lock_account(order.account_id)
        order.refresh_from_db(fields=["status"])
        if order.status != OrderStatus.UNPAID:
            raise OrderStateRefused
        number = order.payments.count() + 1
        payment, _ = Payment.objects.get_or_create(
            order=order,
            channel=gateway.channel,
            way=way.value,
            status=Payment.Status.WAITING,
            defaults={
                "out_trade_no": f"{order.order_number}{number:02}",
                "amount": order.actual_amount,
                "created": now,
            },
        )
        return payment


def _charge(order: Order, payment: Payment, payer: Payer) -> Charge:
    return Charge(
        out_trade_no=payment.out_trade_no,
        amount=payment.amount,
        subject=f"课程订单{order.order_number}",
        expires_at=order.expires_at,
        way=Way(payment.way),
        client_ip=payer.ip,
        openid=payer.openid,
    )


def _keep(payment: Payment, started: Started) -> None:
    payment.pay_url = started.pay_url
    Payment.objects.filter(pk=payment.pk).update(pay_url=started.pay_url)
