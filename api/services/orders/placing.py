"""Placing an order: the settlement as quoted, or not at all (contract §9).

Redis is read first, for which courses, policies and coupons are meant; everything else is read
again in SQL, inside the transaction that decides and writes. After the commit, Redis is cleared up.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from api.errors import (
    CouponUseFailed,
    MoneyMismatch,
    NotPayable,
    QuoteOutdated,
    SettlementNotFound,
)
from api.models import Account, Course, Order, OrderDetail, PaymentType
from api.rules.money import to_fen
from api.rules.orders import OrderStatus
from api.services.checkout.etags import require_match
from api.services.checkout.quote import Quote, QuotedCoupon
from api.services.checkout.quoting import today_for
from api.services.checkout.settled import Settled
from api.services.coupons import lifecycle
from api.services.coupons.lifecycle import Actor, RecordsNotThere
from api.services.later import later
from api.services.orders import events, frozen, paying, tidying
from api.services.orders.locks import lock_account
from api.stores.settlement import SettlementIndex, SettlementStore
from api.stores.snapshot import SettlementSnapshot
from utils.optimistic import until_uncontended


@dataclass(frozen=True, slots=True)
class Consent:
    """What the learner consented to: exactly this breakdown, this sum (元), or both."""

    version: str | None = None
    money: Decimal | None = None


Meant = tuple[SettlementIndex, SettlementSnapshot] | None


@until_uncontended
def meant(*, account_id: int) -> Meant:
    """The settlement that the account means to order, or None. One round trip to Redis. Raises
    SettlementUnreadable."""
    return SettlementStore().read(account_id)


def place(
    meant: Meant,
    *,
    account_id: int,
    consent: Consent,
    payment_type: PaymentType,
    now: datetime,
    if_match: str | None = None,
) -> Order:
    """The order of the settlement, made now or before: each settlement is ordered once.

    The first of these that holds refuses, and nothing has changed: SettlementNotFound,
    SettlementChanged (`If-Match`), NotPayable, QuoteOutdated (another version), MoneyMismatch
    (another sum), CouponUseFailed. Contract §9.
    """
    with transaction.atomic():
        lock_account(account_id)
        if meant is None:
            return _newest(account_id, consent)
        index, snapshot = meant
        placed = Order.objects.filter(account_id=account_id, settlement=index.settlement).first()
        if placed is not None:
            return placed
        if not snapshot.course_list:
            raise SettlementNotFound
        require_match(index, snapshot, if_match)
        quote = Settled(index, snapshot, today_for(account_id, snapshot, now)).quote()
        _require_consent(quote, consent)
        order = _write(account_id, quote, payment_type, now)
        bought = {line.course_id: int(line.policy_id) for line in quote.course_list}
        transaction.on_commit(lambda: tidying.tidy_placed(order, index, bought), robust=True)
        return order


def _newest(account_id: int, consent: Consent) -> Order:
    """The settlement has gone from Redis: the order that it became, if that is what is meant."""
    newest = Order.objects.filter(account_id=account_id).order_by("-id").first()
    if newest is None or consent.version is None or newest.version != consent.version:
        raise SettlementNotFound
    return newest


def _require_consent(quote: Quote, consent: Consent) -> None:
    if not quote.payable:
        raise NotPayable
    if consent.version is not None and consent.version != quote.version:
        raise QuoteOutdated
    if consent.money is not None and to_fen(consent.money) != to_fen(quote.total):
        raise MoneyMismatch


def _write(account_id: int, quote: Quote, payment_type: PaymentType, now: datetime) -> Order:
    order = Order.objects.create(
        payment_type=PaymentType.COUPON if not quote.total else payment_type,
        order_number=_new_number(now),
        account_id=account_id,
        actual_amount=quote.total,
        status=OrderStatus.UNPAID.value,
        date=now,
        subtotal=quote.subtotal,
        course_discount=quote.course_discount,
        global_discount=quote.global_discount,
        expires_at=now + timedelta(seconds=settings.ORDER_TTL),
        settlement=quote.settlement,
        version=quote.version,
        quote=frozen.freeze(quote, now),
    )
    _lock_records([coupon.id for coupon in _at_work(quote)], order, account_id, now)
    OrderDetail.objects.bulk_create(_details(order, quote))
    Account.objects.filter(pk=account_id).update(ordered_settlement=quote.settlement)
    events.write(events.PLACED, order, now)
    if quote.total:
        later("orders.close_order", order.pk, at=order.expires_at)
    else:
        paying.settle_free(order, now=now)
    return order


def _lock_records(record_ids: Sequence[int], order: Order, account_id: int, now: datetime) -> None:
    try:
        lifecycle.lock(
            record_ids,
            order_id=order.pk,
            now=now,
            by=Actor(account_id=account_id),
            reason=f"下单 {order.order_number}",
        )
    except RecordsNotThere as error:
        raise CouponUseFailed from error


def _details(order: Order, quote: Quote) -> Iterator[OrderDetail]:
    kind = ContentType.objects.get_for_model(Course)
    for line in quote.course_list:
        at_work = [coupon.id for coupon in line.coupons if coupon.at_work]
        yield OrderDetail(
            order=order,
            content_type=kind,
            object_id=line.course_id,
            original_price=line.price,
            price=line.pay,
            content=line.title,
            valid_period_display=line.period_display,
            valid_period=int(line.period),
            policy_id=int(line.policy_id),
            coupon_record_id=at_work[0] if at_work else None,
            discount=line.discount,
            share=line.share,
        )


def _at_work(quote: Quote) -> Iterator[QuotedCoupon]:
    """The coupons that the order spends. One that is chosen and takes nothing off stays free."""
    for line in quote.course_list:
        yield from (coupon for coupon in line.coupons if coupon.at_work)
    yield from (coupon for coupon in quote.global_coupons if coupon.at_work)


def _new_number(now: datetime) -> str:
    """24 digits: the moment, and chance. Within what payment channels take."""
    return f"{timezone.localtime(now):%Y%m%d%H%M%S}{secrets.randbelow(10**10):010}"
