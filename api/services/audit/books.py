"""The books beside what they tell of (contract §10). Each check is one query."""

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import (
    DecimalField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from api.models import LedgerEntry, Order, OrderDetail, Payment, Refund
from api.rules.ledger import CHANNELS, LedgerAccount, LedgerEvent
from api.rules.orders import OrderStatus
from api.services.audit.finding import HALF_FEN, Finding, differs
from api.services.audit.records import PAID

EVER_PAID = (*PAID, OrderStatus.REFUNDED.value)
_MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=18, decimal_places=2)
_NOTHING = Value(Decimal("0.00"), output_field=_MONEY)


def that_do_not_balance() -> Iterator[Finding]:
    """Each posting adds up to 0.00, and so do all of them together."""
    sums = LedgerEntry.objects.order_by().values("posting").annotate(off=Sum("amount"))
    wrong = sums.filter(Q(off__gt=HALF_FEN) | Q(off__lt=-HALF_FEN)).order_by("posting")
    whole = Decimal("0.00")
    for posting, off in wrong.values_list("posting", "off").iterator():
        whole += off
        yield Finding(f"posting {posting}", f"adds up to {off:.2f}")
    if abs(whole) > Decimal("0.005"):
        yield Finding("the books", f"all of them add up to {whole:.2f}")


def unlike_their_orders() -> Iterator[Finding]:
    """For an order that is paid, or was, the learner owed its full price, coupons bear its
    discounts, and channels received what it costs, and gave what was refunded; for any other order
    nothing was posted."""
    full, off, got, gave = (
        _posted(LedgerEvent.PAID, LedgerAccount.LEARNER),
        _posted(LedgerEvent.PAID, LedgerAccount.COUPONS),
        _posted(LedgerEvent.PAID, *CHANNELS),
        _posted(LedgerEvent.REFUNDED, *CHANNELS),
    )
    posted = {"full": -full, "off": off, "got": got, "gave": -gave}
    due = {
        "full": F("subtotal"),
        "off": F("course_discount") + F("global_discount"),
        "got": F("actual_amount"),
        "gave": F("refunded"),
    }
    orders = Order.objects.annotate(**posted, **{f"due_{name}": sum_ for name, sum_ in due.items()})
    paid, wrong = Q(status__in=EVER_PAID), Q()
    for name in posted:
        nothing = Q(**{f"{name}__gt": HALF_FEN}) | Q(**{f"{name}__lt": -HALF_FEN})
        wrong |= (paid & differs(name, f"due_{name}")) | (~paid & nothing)
    rows = orders.filter(wrong).order_by("pk")
    columns = ("order_number", "status", *posted, *(f"due_{name}" for name in due))
    for number, status, *sums in rows.values_list(*columns).iterator():
        said = [f"{one:.2f}" for one in sums]
        what = f"status {status}, posted {', '.join(said[:4])}, should be {', '.join(said[4:])}"
        if status not in EVER_PAID:
            what = f"status {status}, posted {', '.join(said[:4])}"
        yield Finding(f"order {number}", f"{what} (full price, discounts, received, refunded)")


def unlike_their_coupons() -> Iterator[Finding]:
    """What a course's own coupon took off is posted for just that record, and taken back with the
    course."""
    entries = LedgerEntry.objects.filter(
        order=OuterRef("order"),
        account=LedgerAccount.COUPONS.value,
        record=OuterRef("coupon_record"),
    )
    done = OuterRef("pk")
    back = Refund.objects.filter(lines__detail=done, status=Refund.Status.DONE, excess=False)
    lines = OrderDetail.objects.filter(order__status__in=EVER_PAID, discount__gt=0).annotate(
        posted=_sum_of(entries), returned=Exists(back)
    )
    wrong = lines.filter(
        (Q(returned=False) & differs("posted", "discount"))
        | (Q(returned=True) & (Q(posted__gt=HALF_FEN) | Q(posted__lt=-HALF_FEN)))
    )
    rows = wrong.order_by("pk")
    for number, course_id, discount, posted, returned in rows.values_list(
        "order__order_number", "object_id", "discount", "posted", "returned"
    ).iterator():
        due = Decimal("0.00") if returned else discount
        what = f"course {course_id}: its coupon took off {due:.2f}, by the books {posted:.2f}"
        yield Finding(f"order {number}", what)


def unlike_their_payments() -> Iterator[Finding]:
    """Money that was to go back, and nothing else, is posted as such."""
    wrong = Payment.objects.annotate(
        owed=-_posted(LedgerEvent.EXCESS, LedgerAccount.EXCESS),
    ).filter(
        (Q(status=Payment.Status.EXCESS) & differs("owed", "amount"))
        | (~Q(status=Payment.Status.EXCESS) & Q(owed__gt=HALF_FEN))
    )
    rows = wrong.order_by("pk").values_list("out_trade_no", "status", "amount", "owed")
    for number, status, amount, owed in rows.iterator():
        what = f"status {status}, amount {amount:.2f}, by the books {owed:.2f} is to go back"
        yield Finding(f"payment {number}", what)


def unlike_their_refunds() -> Iterator[Finding]:
    """A refund that is done was given by its channel, as what it is; any other gave nothing."""
    done = Q(status=Refund.Status.DONE)
    refunds = Refund.objects.annotate(
        gave=-_posted(LedgerEvent.REFUNDED, *CHANNELS),
        returned=-_posted(LedgerEvent.RETURNED, *CHANNELS),
    )
    wrong = refunds.filter(
        (done & Q(excess=False) & differs("gave", "amount"))
        | (done & Q(excess=True) & differs("returned", "amount"))
        | ((~done | Q(excess=True)) & Q(gave__gt=HALF_FEN))
        | ((~done | Q(excess=False)) & Q(returned__gt=HALF_FEN))
    )
    rows = wrong.order_by("pk").values_list(
        "out_request_no", "status", "amount", "gave", "returned"
    )
    for number, status, amount, gave, returned in rows.iterator():
        what = f"status {status}, amount {amount:.2f}, by the books {gave + returned:.2f} went back"
        yield Finding(f"refund {number}", what)


def _posted(event: LedgerEvent, *accounts: LedgerAccount) -> Coalesce:
    """What an event of the row's posted to these accounts."""
    names = [account.value for account in accounts]
    these = Q(entries__event=event.value, entries__account__in=names)
    return Coalesce(Sum("entries__amount", filter=these), _NOTHING)


def _sum_of(entries: QuerySet[LedgerEntry]) -> Coalesce:
    summed = entries.order_by().values("order").annotate(whole=Sum("amount")).values("whole")
    return Coalesce(Subquery(summed, output_field=_MONEY), _NOTHING)
