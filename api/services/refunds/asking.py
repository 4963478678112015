"""Asking for a refund: what would come back, and the request (contract §10)."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from api.errors import (
    CourseNotInOrder,
    NothingToRefund,
    OrderNotFound,
    OrderStateRefused,
    RefundTooLate,
)
from api.models import Order, Payment, Refund, RefundLine
from api.rules.orders import OrderStatus
from api.rules.refunds import Bought, Due, due, in_time
from api.services.orders import events
from api.services.orders.frozen import spent_records
from api.services.orders.locks import lock_account


def preview(*, account_id: int, order_number: str, course_ids: Sequence[int], now: datetime) -> Due:
    """What would come back for these courses, or for all that are left. Raises what `ask` raises;
    four queries."""
    return _due(_order(account_id, order_number), course_ids, now)


def ask(
    *,
    account_id: int,
    order_number: str,
    course_ids: Sequence[int],
    reason: str,
    now: datetime,
    staff_id: int | None = None,
) -> Order:
    """Asks for a refund of these courses, or of all that are left: the order goes from 0 to 2.
    `staff_id` is who asks at the desk, for the learner.

    The first of these that holds refuses: OrderNotFound; OrderStateRefused for an order that is not
    paid, all refunded, or has an open request; CourseNotInOrder for a course that is not in it;
    RefundTooLate; NothingToRefund.
    """
    with transaction.atomic():
        lock_account(account_id)
        order = _order(account_id, order_number)
        found = _due(order, course_ids, now)
        paid = Order.objects.filter(pk=order.pk, status=OrderStatus.PAID.value)
        if not paid.update(status=OrderStatus.REFUND_ASKED.value):
            raise OrderStateRefused
        order.status = OrderStatus.REFUND_ASKED.value
        refund = Refund.objects.create(
            order=order,
            payment=order.payments.filter(status=Payment.Status.PAID).first(),
            out_request_no=next_number(order),
            amount=found.amount,
            reason=reason,
            asked_at=now,
            asked_by_id=staff_id,
        )
        RefundLine.objects.bulk_create(
            RefundLine(refund=refund, detail_id=line.detail_id, amount=amount)
            for line, amount in found.lines
        )
        events.write(events.REFUND_ASKED, order, now, amount=str(refund.amount))
        return order


def next_number(order: Order) -> str:
    """The number of the order's next refund at a gateway. Under the account's lock."""
    return f"{order.order_number}R{Refund.objects.filter(order=order).count() + 1:02}"


def bought(order: Order) -> list[Bought]:
    """The order's lines, and which were returned. Two queries."""
    done = RefundLine.objects.filter(refund__order=order, refund__status=Refund.Status.DONE)
    returned = set(done.values_list("detail", flat=True))
    return [
        Bought(
            detail_id=detail.pk,
            course_id=detail.object_id,
            price=detail.price,
            refunded=detail.refunded,
            coupon=detail.coupon_record_id,
            returned=detail.pk in returned,
        )
        for detail in order.details.order_by("pk")
    ]


def due_of(order: Order, course_ids: Sequence[int]) -> Due:
    """What of the order is still to come back for these courses, or for all."""
    lines = bought(order)
    own = {line.coupon for line in lines}
    site_wide = [record for record in spent_records(order) if record not in own]
    return due(lines, course_ids, site_wide)


def _order(account_id: int, order_number: str) -> Order:
    order = Order.objects.filter(account_id=account_id, order_number=order_number).first()
    if order is None:
        raise OrderNotFound
    return order


def _due(order: Order, course_ids: Sequence[int], now: datetime) -> Due:
    if order.status != OrderStatus.PAID or order.pay_time is None:
        raise OrderStateRefused
    theirs = set(order.details.values_list("object_id", flat=True))
    if not theirs.issuperset(course_ids):
        raise CourseNotInOrder
    paid, today = timezone.localdate(order.pay_time), timezone.localdate(now)
    if not in_time(paid, today, settings.REFUND_DAYS):
        raise RefundTooLate
    found = due_of(order, course_ids)
    if not found.lines:
        raise NothingToRefund
    return found
