"""What a refund brings about once the money has gone: once, in one transaction (contract §10)."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from api.models import CouponRecord, CouponRecordStatus, Order, OrderDetail, Refund
from api.rules.orders import OrderStatus
from api.services import enrolments
from api.services.coupons import lifecycle
from api.services.coupons.lifecycle import SERVICE, Actor
from api.services.events.writing import Moved
from api.services.ledger import posting
from api.services.orders import closing, events
from api.services.orders.locks import lock_account
from api.services.refunds import asking


def finish(refund: Refund, *, now: datetime) -> bool:
    """Marks the approved refund as done. Its courses' sums, coupons and enrolments go back; the
    order is 3 once all of it went back, and 0 before. False if it was done before."""
    with transaction.atomic():
        order = Order.objects.get(pk=refund.order_id)
        lock_account(order.account_id)
        order.refresh_from_db()
        lines = list(refund.lines.select_related("detail"))
        found = asking.due_of(order, [line.detail.object_id for line in lines])
        approved = Refund.objects.filter(pk=refund.pk, status=Refund.Status.APPROVED)
        if not approved.update(status=Refund.Status.DONE, done_at=now):
            return False
        posting.post_refunded(refund, now=now)
        if refund.excess:
            events.write(events.RETURNED, order, now, amount=str(refund.amount))
            return True
        for line in lines:
            detail = OrderDetail.objects.filter(pk=line.detail_id)
            detail.update(refunded=F("refunded") + line.amount)
        back = _give_back(order, list(found.coupons), refund, now)
        enrolments.end([line.detail_id for line in lines], now=now)
        _settle(order, refund, back, now)
        return True


def _give_back(order: Order, record_ids: list[int], refund: Refund, now: datetime) -> list[Moved]:
    used = CouponRecord.objects.filter(
        pk__in=record_ids, order=order, status=CouponRecordStatus.USED
    )
    back = events.moved(used)
    found = [one.record for one in back]
    by = Actor(staff_id=refund.decided_by_id) if refund.decided_by_id else SERVICE
    reason = f"退款 {refund.out_request_no}"
    lifecycle.give_back(found, order_id=order.pk, now=now, by=by, reason=reason)
    closing.extend(order, found, now=now)
    return back


def _settle(order: Order, refund: Refund, back: list[Moved], now: datetime) -> None:
    all_of_it = all(line.returned for line in asking.bought(order))
    status = OrderStatus.REFUNDED if all_of_it else OrderStatus.PAID
    Order.objects.filter(pk=order.pk).update(
        status=status.value, refunded=F("refunded") + refund.amount
    )
    events.write(
        events.REFUNDED,
        order,
        now,
        returned=back,
        amount=str(refund.amount),
        day=timezone.localdate(now).isoformat(),
        status=status.value,
    )
