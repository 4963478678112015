"""Posting an event to the books, in the transaction of the change (contract §10). What each event
posts is in `api.rules.ledger`; that it is posted once, a constraint holds."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet

from api.models import CouponRecord, LedgerEntry, Order, OrderDetail, Payment, Refund
from api.rules import ledger
from api.rules.ledger import Posting, TakenOff


def post_paid(order: Order, payment: Payment | None, *, now: datetime) -> None:
    """The order is paid, by this money, or, without any, because it costs nothing."""
    lines = order.details.all()
    posting = ledger.paid(
        full=order.subtotal,
        taken_off=_taken_off(order, lines),
        amount=order.actual_amount,
        channel=payment.channel if payment else None,
    )
    _post(posting, order, payment=payment, now=now)


def post_excess(payment: Payment, *, now: datetime) -> None:
    """The order cannot take this money."""
    posting = ledger.excess(amount=payment.amount, channel=payment.channel)
    _post(posting, payment.order, payment=payment, now=now)


def post_refunded(refund: Refund, *, now: datetime) -> None:
    """The refund is done: of courses, or of money that the order could not take."""
    payment = refund.payment
    if refund.excess and payment:
        posting = ledger.returned(amount=refund.amount, channel=payment.channel)
    else:
        lines = OrderDetail.objects.filter(refund_lines__refund=refund)
        posting = ledger.refunded(
            taken_off=_taken_off(refund.order, lines),
            amount=refund.amount,
            channel=payment.channel if payment else Payment.Channel.OFFLINE,
        )
    _post(posting, refund.order, payment=payment, refund=refund, now=now)


def _post(
    posting: Posting,
    order: Order,
    *,
    now: datetime,
    payment: Payment | None = None,
    refund: Refund | None = None,
) -> None:
    subject = refund or payment or order
    if posting.event is ledger.LedgerEvent.PAID:
        subject = order
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            posting=f"{posting.event}:{subject.pk}",
            line=line,
            event=posting.event.value,
            account=entry.account.value,
            amount=entry.amount,
            at=now,
            order=order,
            payment=payment,
            refund=refund,
            record=entry.record,
            coupon=entry.coupon,
        )
        for line, entry in enumerate(posting.entries, 1)
    )


def _taken_off(order: Order, lines: QuerySet[OrderDetail]) -> Iterator[TakenOff]:
    """What coupons took off these lines: each its own, and their parts of the site-wide one."""
    site_wide = order.quote["global_coupon"]
    own = [line.coupon_record_id for line in lines]
    records = [record for record in (*own, site_wide) if record is not None]
    there = CouponRecord.objects.filter(pk__in=records)
    coupons = dict[int | None, int](there.values_list("pk", "coupon"))
    for line in lines:
        record = line.coupon_record_id
        yield TakenOff(line.discount, record, coupons.get(record))
        yield TakenOff(line.share, site_wide, coupons.get(site_wide))
