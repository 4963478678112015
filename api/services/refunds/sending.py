"""A refund that was approved is sent to its gateway, and found again where that was interrupted
(contract §10). Asking a gateway belongs outside any transaction."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from api.errors import GatewayOutOfReach, GatewayUnclear
from api.gateways.base import Refunding
from api.gateways.channels import CHANNELS, gateway_of
from api.models import Payment, Refund
from api.rules.refunds import RefundState
from api.services.orders.locks import lock_account
from api.services.refunds import finishing
from api.services.refunds.asking import next_number

logger = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=1)  # for whoever approved it to send it
EXCESS_REASON = "多付款项退回"


@dataclass(frozen=True, slots=True)
class Sent:
    """Of a run: refunds that were finished, and those that are still under way."""

    done: int
    waiting: int


def send(refund: Refund, *, now: datetime) -> bool:
    """Sends an approved refund, or asks what became of it where it may have been sent before; says
    whether it is done. The gateway knows its number: sent twice, it goes out once.

    Raises GatewayOutOfReach: it is under way still, and the next run goes on.
    """
    payment = refund.payment
    if payment is None or payment.channel not in CHANNELS or not refund.amount:
        return finishing.finish(refund, now=now)  # nothing that a gateway could send
    gateway = gateway_of(payment.channel)
    if gateway is None:
        logger.error("refund %s: its channel has no merchant any more", refund.out_request_no)
        raise GatewayUnclear
    refunding = Refunding(
        out_trade_no=payment.out_trade_no,
        out_request_no=refund.out_request_no,
        amount=refund.amount,
        total=payment.amount,
        reason=refund.reason or "退款",
    )
    state = RefundState.ABSENT
    if not _first_time(refund, now):
        state = gateway.query_refund(refunding, now=now)
    if state is RefundState.ABSENT:
        state = gateway.refund(refunding, now=now)
    return state is RefundState.DONE and finishing.finish(refund, now=now)


def send_waiting(*, now: datetime) -> Sent:
    """Money that no order could take is sent back by itself; refunds that were approved more than a
    minute ago and are not done are gone on with. Safe to run twice, and at once; a gateway that
    does not answer is not asked again in this run."""
    return_excess(now=now)
    old = Q(decided_at__lte=now - PATIENCE) | Q(excess=True)
    under_way = Refund.objects.filter(old, status=Refund.Status.APPROVED)
    done, waiting, silent = 0, 0, set[str]()
    for refund in list(under_way.select_related("payment", "order").order_by("pk")):
        channel = refund.payment.channel if refund.payment else ""
        try:
            sent = channel not in silent and send(refund, now=now)
        except GatewayUnclear:
            sent = False
        except GatewayOutOfReach:
            silent.add(channel)
            sent = False
        done, waiting = done + sent, waiting + (not sent)
    return Sent(done, waiting)


def return_excess(*, now: datetime) -> int:
    """A refund, approved by the service, for each payment through a gateway that is to go back;
    says how many are new."""
    excess = Payment.objects.filter(status=Payment.Status.EXCESS, channel__in=CHANNELS)
    fresh = excess.filter(refunds__isnull=True).select_related("order").order_by("pk")
    return sum(_return(payment, now) for payment in list(fresh))


def _return(payment: Payment, now: datetime) -> bool:
    try:
        with transaction.atomic():
            lock_account(payment.order.account_id)
            Refund.objects.create(
                order=payment.order,
                payment=payment,
                out_request_no=next_number(payment.order),
                amount=payment.amount,
                excess=True,
                status=Refund.Status.APPROVED,
                reason=EXCESS_REASON,
                asked_at=now,
                decided_at=now,
            )
    except IntegrityError:  # another run was first
        return False
    return True


def _first_time(refund: Refund, now: datetime) -> bool:
    """Notes, before it is sent, that it may have been."""
    unsent = Refund.objects.filter(
        pk=refund.pk, status=Refund.Status.APPROVED, sent_at__isnull=True
    )
    return bool(unsent.update(sent_at=now))
