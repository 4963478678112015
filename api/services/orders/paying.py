"""An order that is paid (contract §9): 1 -> 0 by a conditional UPDATE, its coupons 4 -> 1, and the
enrolments, in one transaction. Money that comes for a closed order revives it, or is to go back."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from django.db import transaction
from django.utils import timezone

from api.models import CouponRecord, CouponRecordStatus, Course, Order, Payment, PaymentType
from api.rules.coupons import HeldCoupon
from api.rules.orders import CLOSED, OrderStatus
from api.services import enrolments
from api.services.coupons import holdings, lifecycle
from api.services.coupons.lifecycle import SERVICE, Actor, RecordsNotThere
from api.services.ledger import posting
from api.services.orders import events
from api.services.orders.frozen import spent_records, take_again
from api.services.orders.locks import lock_account

# A payment that was closed is none: its gateway may have taken the money all the same.
TAKEN = (Payment.Status.PAID, Payment.Status.EXCESS)
PAYMENT_TYPES = {
    Payment.Channel.WECHAT: PaymentType.WECHAT,
    Payment.Channel.ALIPAY: PaymentType.ALIPAY,
}


class WrongAmount(Exception):
    """The money is not what the order costs; nothing was changed."""


class WrongTrade(Exception):
    """The channel's own number is that of another payment; nothing was changed."""


class Outcome(Enum):
    """What became of money that came in."""

    PAID = "paid"
    REVIVED = "revived"  # the order had been closed, and is paid now
    EXCESS = "excess"  # the order cannot take it: it is to go back


@dataclass(frozen=True, slots=True)
class Received:
    """Money that came in: `amount` in 元; `trade_no` is the channel's own number."""

    channel: str
    out_trade_no: str
    amount: Decimal
    trade_no: str | None = None
    note: str = ""
    staff_id: int | None = None


def receive(order_id: int, received: Received, *, now: datetime, by: Actor = SERVICE) -> Outcome:
    """Takes the money in, once for each `out_trade_no`: the order is paid; or it had been closed
    and comes back to life, if every coupon of it is free and valid and every course still sold; or
    the money is noted as 多付待退.

    Raises WrongAmount, WrongTrade, Order.DoesNotExist; nothing is changed then.
    """
    with transaction.atomic():
        order = Order.objects.get(pk=order_id)
        lock_account(order.account_id)
        order = Order.objects.select_for_update(no_key=True).get(pk=order_id)
        if noted := _noted(received):
            excess = noted.status == Payment.Status.EXCESS
            return Outcome.EXCESS if excess else Outcome.PAID
        if received.amount != order.actual_amount:
            raise WrongAmount
        if _is_anothers(received):
            raise WrongTrade
        outcome = _take(order, received, now=now, by=by)
        payment = _note(order, received, outcome, now=now)
        if outcome is Outcome.EXCESS:
            posting.post_excess(payment, now=now)
        else:
            posting.post_paid(order, payment, now=now)
        return outcome


def receive_first(
    order_id: int, received: Received, *, now: datetime, by: Actor = SERVICE
) -> Outcome | None:
    """As `receive`, for whoever does more about it; None, and nothing is changed, where the same
    money had been taken in before."""
    with transaction.atomic():
        lock_account(Order.objects.values_list("account_id", flat=True).get(pk=order_id))
        return None if _noted(received) else receive(order_id, received, now=now, by=by)


def _noted(received: Received) -> Payment | None:
    """What is known of money that had come in before."""
    mine = Payment.objects.filter(out_trade_no=received.out_trade_no)
    return mine.filter(status__in=TAKEN).first()


def _is_anothers(received: Received) -> bool:
    if received.trade_no is None:
        return False
    same = Payment.objects.filter(channel=received.channel, trade_no=received.trade_no)
    return same.exclude(out_trade_no=received.out_trade_no).exists()


def settle_free(order: Order, *, now: datetime) -> None:
    """An order that costs nothing is paid at once. In the transaction that places it."""
    by = Actor(account_id=order.account_id)
    _become_paid(order, OrderStatus.UNPAID, now=now, by=by, reason="订单金额为0")
    posting.post_paid(order, None, now=now)


def _take(order: Order, received: Received, *, now: datetime, by: Actor) -> Outcome:
    reason = received.note or f"订单付款 {order.order_number}"
    if order.status == OrderStatus.UNPAID:
        _become_paid(order, OrderStatus.UNPAID, now=now, by=by, reason=reason)
        return Outcome.PAID
    held = _revivable(order, now=now) if order.status in CLOSED else None
    if held is not None:
        try:
            with transaction.atomic():
                lifecycle.lock(
                    spent_records(order), order_id=order.pk, now=now, by=by, reason=reason
                )
                was = OrderStatus(order.status)
                _become_paid(order, was, now=now, by=by, reason=reason)
                take_again(order, held, now)
                order.save(update_fields=["quote"])
                events.write(events.REVIVED, order, now)
                return Outcome.REVIVED
        except RecordsNotThere:  # taken by another order this very moment
            order.refresh_from_db()
    events.write(events.EXCESS, order, now, amount=str(received.amount))
    return Outcome.EXCESS


def _become_paid(order: Order, was: OrderStatus, *, now: datetime, by: Actor, reason: str) -> None:
    updated = Order.objects.filter(pk=order.pk, status=was.value).update(
        status=OrderStatus.PAID.value, pay_time=now, cancel_time=None
    )
    if not updated:
        raise RuntimeError(f"order {order.pk} changed under its account's lock")
    order.status, order.pay_time, order.cancel_time = OrderStatus.PAID.value, now, None
    locked = CouponRecord.objects.filter(order=order, status=CouponRecordStatus.LOCKED)
    used = events.moved(locked)
    record_ids = [one.record for one in used]
    lifecycle.use(record_ids, order_id=order.pk, now=now, by=by, reason=reason)
    enrolments.enrol(order, now=now)
    events.write(events.PAID, order, now, used=used)


def _revivable(order: Order, *, now: datetime) -> list[HeldCoupon] | None:
    """The records of the order, if every one is free and valid today and every course still sold;
    otherwise None."""
    today = timezone.localdate(now)
    record_ids = spent_records(order)
    held = holdings.held_among(order.account_id, record_ids)
    if len(held) != len(record_ids) or not all(coupon.usable_on(today) for coupon in held):
        return None
    course_ids = set(order.details.values_list("object_id", flat=True))
    sold = Course.objects.online().filter(pk__in=course_ids).count() == len(course_ids)
    return held if sold else None


def _note(order: Order, received: Received, outcome: Outcome, *, now: datetime) -> Payment:
    status = Payment.Status.EXCESS if outcome is Outcome.EXCESS else Payment.Status.PAID
    facts = {
        "order": order,
        "channel": received.channel,
        "trade_no": received.trade_no,
        "amount": received.amount,
        "status": status,
        "paid_at": now,
        "note": received.note[:255],
        "staff_id": received.staff_id,
    }
    payment, _ = Payment.objects.update_or_create(
        out_trade_no=received.out_trade_no,
        defaults=facts,
        create_defaults=facts | {"created": now},
    )
    kind = PAYMENT_TYPES.get(Payment.Channel(received.channel))
    if outcome is not Outcome.EXCESS and kind is not None:
        own = {"payment_type": kind, "payment_number": received.trade_no}
        Order.objects.filter(pk=order.pk).update(**own)
    return payment
