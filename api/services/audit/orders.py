"""Orders beside their lines, coupons, enrolments and payments. Each check is one query, but for the
coupons, which are looked at a batch of orders at a time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from decimal import Decimal

from django.db import transaction
from django.db.models import DecimalField, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from api.models import (
    CouponRecord,
    CouponRecordStatus,
    Order,
    OrderDetail,
    Payment,
    Refund,
    RefundLine,
)
from api.rules.orders import OrderStatus
from api.services import enrolments
from api.services.audit.finding import Finding, differs
from api.services.audit.records import HELD, PAID
from api.services.orders.frozen import spent_records
from api.services.orders.locks import lock_account

BATCH = 1_000
EVER_PAID = (*PAID, OrderStatus.REFUNDED.value)
_SUMS = {
    "actual_amount": "price",
    "subtotal": "original_price",
    "course_discount": "discount",
    "global_discount": "share",
    "refunded": "refunded",
}  # of an order -> of its lines


def unlike_their_lines() -> Iterator[Finding]:
    """Every sum of an order is that of its lines."""
    sums = {f"lines_{own}": _sum(f"details__{line}") for own, line in _SUMS.items()}
    wrong = Q()
    for own in _SUMS:
        wrong |= differs(own, f"lines_{own}")
    orders = Order.objects.annotate(**sums).filter(wrong).order_by("pk")
    for row in orders.values("order_number", *_SUMS, *sums).iterator():
        what = [
            f"{own} {row[own]:.2f}, of its lines {row[f'lines_{own}']:.2f}"
            for own in _SUMS
            if abs(row[own] - row[f"lines_{own}"]) > Decimal("0.005")
        ]
        yield Finding(f"order {row['order_number']}", "; ".join(what))


def unlike_their_payments() -> Iterator[Finding]:
    """What was received for an order is what it costs, if it is paid or was, and nothing else."""
    received = _sum("payments__amount", Q(payments__status=Payment.Status.PAID))
    orders = Order.objects.annotate(received=received)
    paid = Q(status__in=EVER_PAID)
    wrong = orders.filter(
        (paid & differs("received", "actual_amount")) | (~paid & Q(received__gt=0))
    )
    rows = wrong.order_by("pk").values_list("order_number", "status", "actual_amount", "received")
    for number, status, amount, got in rows.iterator():
        yield Finding(f"order {number}", f"status {status}, costs {amount:.2f}, received {got:.2f}")


def unlike_their_enrolments() -> Iterator[Finding]:
    """Each line of a paid order has an enrolment, of that account in that course; one that was
    refunded has none that is open; one of an order that was never paid has none at all."""
    another = ~Q(enrolment__account=F("order__account")) | ~Q(enrolment__course=F("object_id"))
    some = Q(enrolment__isnull=False)
    returned = Exists(
        RefundLine.objects.filter(detail=OuterRef("pk"), refund__status=Refund.Status.DONE)
    )
    wrong = (
        (Q(order__status__in=PAID) & (~some | another))
        | (Q(order__status=OrderStatus.REFUNDED.value, enrolment__status=enrolments.OPEN) & some)
        | (~Q(order__status__in=EVER_PAID) & some)
        | (Q(enrolment__status=enrolments.OPEN) & returned)
    )
    lines = OrderDetail.objects.filter(wrong).order_by("pk")
    rows = lines.values_list("order__order_number", "object_id", "order__status", "enrolment")
    for number, course_id, status, enrolment in rows.iterator():
        has = "no enrolment" if enrolment is None else f"enrolment {enrolment}"
        yield Finding(f"order {number}", f"status {status}, course {course_id}: {has}")


def unlike_their_coupons() -> Iterator[Finding]:
    """An order that is unpaid holds exactly the coupons that it was quoted with, locked; one that
    is paid has used exactly those; any other holds none."""
    last = 0
    while batch := list(Order.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        held, returned = _held(batch), _returned(batch)
        for order in batch:
            if held[order.pk] != _due(order, returned):
                yield from _seen_again(order)
        last = batch[-1].pk


def _seen_again(order: Order) -> Iterator[Finding]:
    """Not while the order is being changed: what was read before may have been of two moments."""
    with transaction.atomic():
        lock_account(order.account_id)
        order.refresh_from_db()
        held, due = _held([order])[order.pk], _due(order, _returned([order]))
    if held != due:
        what = f"status {order.status}, holds {_said(held)}, should hold {_said(due)}"
        yield Finding(f"order {order.order_number}", what)


def _said(records: dict[int, int]) -> str:
    return ", ".join(f"record {pk} ({status})" for pk, status in sorted(records.items())) or "none"


def _due(order: Order, returned: Mapping[int, Set[int]]) -> dict[int, int]:
    """The records that the order is to hold, each with its status; `returned` has those that came
    back with a refund of a part of it."""
    if order.status == OrderStatus.UNPAID:
        return dict.fromkeys(spent_records(order), CouponRecordStatus.LOCKED.value)
    if order.status in PAID:
        back = returned.get(order.pk, frozenset())
        kept = [record for record in spent_records(order) if record not in back]
        return dict.fromkeys(kept, CouponRecordStatus.USED.value)
    return {}


def _held(orders: Sequence[Order]) -> dict[int, dict[int, int]]:
    held: dict[int, dict[int, int]] = defaultdict(dict)
    records = CouponRecord.objects.filter(order__in=[order.pk for order in orders])
    rows = records.filter(status__in=HELD).values_list("order", "pk", "status")
    for order_id, record_id, status in rows:
        held[order_id or 0][record_id] = status
    return held


def _returned(orders: Sequence[Order]) -> dict[int, set[int]]:
    """order -> the coupon records of its courses that were refunded."""
    returned: dict[int, set[int]] = defaultdict(set)
    done = RefundLine.objects.filter(refund__order__in=orders, refund__status=Refund.Status.DONE)
    for order_id, record_id in done.values_list("refund__order", "detail__coupon_record"):
        returned[order_id].add(record_id or 0)
    return returned


def unlike_their_refunds() -> Iterator[Finding]:
    """What went back of a line is what its refunds that are done say, and of an order what they
    sent back of its price."""
    done = Q(refund_lines__refund__status=Refund.Status.DONE)
    lines = OrderDetail.objects.annotate(told=_sum("refund_lines__amount", done))
    rows = lines.filter(differs("refunded", "told")).order_by("pk")
    for number, course_id, refunded, told in rows.values_list(
        "order__order_number", "object_id", "refunded", "told"
    ).iterator():
        what = f"course {course_id}: refunded {refunded:.2f}, by its refunds {told:.2f}"
        yield Finding(f"order {number}", what)
    yield from _unlike_what_was_sent()


def _unlike_what_was_sent() -> Iterator[Finding]:
    done = Q(refunds__status=Refund.Status.DONE, refunds__excess=False)
    orders = Order.objects.annotate(sent=_sum("refunds__amount", done))
    rows = orders.filter(differs("refunded", "sent")).order_by("pk")
    for number, refunded, sent in rows.values_list("order_number", "refunded", "sent").iterator():
        yield Finding(f"order {number}", f"refunded {refunded:.2f}, sent back {sent:.2f}")


def _sum(path: str, only: Q | None = None) -> Coalesce:
    money = DecimalField(max_digits=18, decimal_places=2)
    return Coalesce(Sum(path, filter=only), Decimal("0.00"), output_field=money)
