"""Coupon records beside their events and their orders. Each check is one query."""

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Coalesce, Lag

from api.models import CouponRecord, CouponRecordEvent, CouponRecordStatus
from api.rules.orders import OrderStatus
from api.services.audit.finding import Finding

PAID = (OrderStatus.PAID.value, OrderStatus.REFUND_ASKED.value)
NOTHING = -1  # in the place of a status
HELD = (CouponRecordStatus.LOCKED, CouponRecordStatus.USED)


def unlike_their_events() -> Iterator[Finding]:
    """The newest event of a record leads to its status."""
    newest = CouponRecordEvent.objects.filter(record=OuterRef("pk")).order_by("-id")
    records = CouponRecord.objects.annotate(told=Subquery(newest.values("to_status")[:1]))
    wrong = records.filter(Q(told__isnull=True) | ~Q(told=F("status")))
    rows = wrong.order_by("pk").values_list("number", "status", "told")
    for number, status, told in rows.iterator():
        says = "no event" if told is None else f"newest event {told}"
        yield Finding(f"record {number}", f"status {status}, {says}")


def unlike_the_events_before() -> Iterator[Finding]:
    """Each event of a record begins where the one before it led; the first one with nothing."""
    before = Window(
        Lag("to_status", default=NOTHING), partition_by=F("record"), order_by=F("id").asc()
    )
    events = CouponRecordEvent.objects.annotate(
        begins=Coalesce("from_status", NOTHING), before=before
    )
    rows = events.exclude(begins=F("before")).order_by("pk")
    for number, begins, led in rows.values_list("record__number", "begins", "before").iterator():
        what = f"an event begins with {_status(begins)}, after {_status(led)}"
        yield Finding(f"record {number}", what)


def _status(status: int) -> str:
    return "nothing" if status == NOTHING else f"status {status}"


def unlike_their_orders() -> Iterator[Finding]:
    """A locked record has an unpaid order of its owner, a used one a paid one, any other none."""
    anothers = Q(order__isnull=False) & ~Q(order__account=F("account"))
    # An outer join's null is unlike every status, and no comparison says so.
    not_unpaid = Q(order__isnull=True) | ~Q(order__status=OrderStatus.UNPAID.value)
    locked = Q(status=CouponRecordStatus.LOCKED) & not_unpaid
    used = Q(status=CouponRecordStatus.USED, order__isnull=False) & ~Q(order__status__in=PAID)
    free = ~Q(status__in=HELD) & Q(order__isnull=False)
    wrong = CouponRecord.objects.filter(anothers | locked | used | free | _lost_its_order())
    rows: QuerySet[CouponRecord, tuple[str, int, str | None, int | None]]
    rows = wrong.order_by("pk").values_list(
        "number", "status", "order__order_number", "order__status"
    )
    for number, status, order_number, order_status in rows.iterator():
        order = f"order {order_number} of status {order_status}" if order_number else "no order"
        yield Finding(f"record {number}", f"status {status}, {order}")


def _lost_its_order() -> Q:
    """Without an order, a record is used rightly if it was so when it was first told of."""
    spent = CouponRecordEvent.objects.filter(
        record=OuterRef("pk"),
        from_status=CouponRecordStatus.LOCKED,
        to_status=CouponRecordStatus.USED,
    )
    return Q(Exists(spent), status=CouponRecordStatus.USED, order__isnull=True)
