"""Notifications of the gateways (contract §10): judged in one order, acted upon once, and kept."""

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import caches
from django.db import IntegrityError, transaction
from django.db.models import F

from api.gateways.base import NotBelieved, Notice
from api.gateways.channels import gateway_of
from api.models import Payment, PaymentNotification
from api.rules.payments import Verdict
from api.services.counted import count_notification
from api.services.orders import paying, trades
from api.services.orders.paying import Outcome, Received, WrongAmount, WrongTrade

# The headers that a notification may be signed with.
SIGNED_WITH = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial")
MOST_OF_A_FORGERY = 8_192  # characters kept of what nobody signed
LONGEST_HEADER = 1_024  # characters, likewise
MOST_FORGERIES = 200  # kept by a process in a day, for a channel: anybody may send them
FORGERIES_KEPT = timedelta(days=30)

logger = logging.getLogger(__name__)


def take_in(channel: str, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Verdict:
    """What became of a notification. The first of these that fails refuses it, and nothing has
    changed: signature, application, merchant, number, amount, status. The same again, at whatever
    moment, changes nothing more. Each is kept with its verdict, but for more than MOST_FORGERIES
    that nobody signed: a stranger must not fill the disk."""
    gateway, payment = gateway_of(channel), None
    try:
        if gateway is None:
            raise NotBelieved(Verdict.SIGNATURE)
        notice = gateway.read(body, headers, now=now)
        number = notice.out_trade_no
        payment = Payment.objects.filter(channel=channel, out_trade_no=number).first()
        verdict = _acted_upon(payment, notice, now)
    except NotBelieved as refused:
        verdict, number = refused.verdict, refused.out_trade_no
    kept = {"verdict": verdict.value, "payment": payment, "out_trade_no": _storable(number)}
    _keep(channel, body, headers, kept, now)
    count_notification(channel, verdict.value, out_trade_no=number)
    return verdict


def _acted_upon(payment: Payment | None, notice: Notice, now: datetime) -> Verdict:
    if payment is None:
        return Verdict.UNKNOWN_TRADE
    if notice.amount != payment.amount:
        return Verdict.AMOUNT
    if notice.verdict is Verdict.PAID:
        return _paid(payment, notice, now)
    if notice.verdict is Verdict.CLOSED:
        return Verdict.CLOSED if trades.note_closed(payment) else Verdict.STATUS
    return notice.verdict


def _paid(payment: Payment, notice: Notice, now: datetime) -> Verdict:
    received = Received(
        channel=payment.channel,
        out_trade_no=payment.out_trade_no,
        trade_no=notice.trade_no,
        amount=notice.amount,
    )
    try:
        outcome = paying.receive(payment.order_id, received, now=now)
    except WrongAmount:
        return Verdict.AMOUNT
    except WrongTrade:
        return Verdict.UNKNOWN_TRADE
    return Verdict.EXCESS if outcome is Outcome.EXCESS else Verdict.PAID


def _keep(
    channel: str, body: bytes, headers: Mapping[str, str], kept: Mapping[str, Any], now: datetime
) -> None:
    digest = hashlib.sha256(body).hexdigest()
    text = _storable(body.decode("utf-8", "backslashreplace"))
    if kept["verdict"] == Verdict.SIGNATURE:
        text = text[:MOST_OF_A_FORGERY]
        headers = {name: value[:LONGEST_HEADER] for name, value in headers.items()}
    new = {"body": text, "headers": dict(headers), "first_seen": now, "last_seen": now}
    same = PaymentNotification.objects.filter(channel=channel, digest=digest)
    again = {"times_seen": F("times_seen") + 1, "last_seen": now}
    # Whoever knows a genuine one can send it with a signature of his own: it stays genuine.
    believed = same.exclude(verdict=Verdict.SIGNATURE.value)
    if kept["verdict"] == Verdict.SIGNATURE and believed.update(**again):
        return
    if same.update(**again, **kept):
        return
    if kept["verdict"] == Verdict.SIGNATURE and not _has_room_for_a_forgery(channel):
        logger.warning("%s: a notification that nobody signed, not kept: %s", channel, digest)
        return
    try:
        with transaction.atomic():
            PaymentNotification.objects.create(channel=channel, digest=digest, **new, **kept)
    except IntegrityError:  # the same came at the same moment
        same.update(**again, **kept)


def _has_room_for_a_forgery(channel: str) -> bool:
    counts, name = caches["process"], f"forgeries:{channel}"
    counts.add(name, 0, timedelta(days=1).total_seconds())
    try:
        return counts.incr(name) <= MOST_FORGERIES
    except ValueError:  # the day ended between the two
        return True


def forget_forgeries(*, now: datetime) -> int:
    """Deletes what nobody signed and nobody has sent for FORGERIES_KEPT; gives how many."""
    forged = PaymentNotification.objects.filter(verdict=Verdict.SIGNATURE.value)
    deleted, _ = forged.filter(last_seen__lt=now - FORGERIES_KEPT).delete()
    return deleted


def _storable(text: str) -> str:
    return text.replace("\0", "\\0")
