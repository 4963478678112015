"""What the shop has of the money in a bill: payments that came in, refunds that went."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from api.models import Bill, BillLine, Payment, Refund
from api.rules.reconciliation import SLACK, BillKind

TAKEN = (Payment.Status.PAID, Payment.Status.EXCESS)
AT_ONCE = 500  # numbers in a query: SQLite takes no more than so many

# Which money: its kind, and its number at the gateway (of a refund, the refund's own).
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Own:
    """Money as the shop has it: `amount` in 元."""

    out_trade_no: str
    out_request_no: str
    amount: Decimal
    payment_id: int | None = None
    refund_id: int | None = None

    @property
    def kind(self) -> str:
        return (BillKind.REFUND if self.refund_id else BillKind.PAYMENT).value

    @property
    def key(self) -> Key:
        return self.kind, self.out_request_no or self.out_trade_no


def key_of(line: BillLine) -> Key:
    """Of a line of a bill."""
    return line.kind, line.out_request_no or line.out_trade_no


def of_numbers(channel: str, keys: Iterable[Key]) -> dict[Key, Own]:
    """What the shop has under these numbers."""
    numbers: dict[str, list[str]] = {kind.value: [] for kind in BillKind}
    for kind, number in keys:
        numbers[kind].append(number)
    found: dict[Key, Own] = {}
    for some in _batches(numbers[BillKind.PAYMENT.value]):
        found |= {own.key: own for own in _payments(_taken(channel).filter(out_trade_no__in=some))}
    for some in _batches(numbers[BillKind.REFUND.value]):
        found |= {own.key: own for own in _refunds(_gone(channel).filter(out_request_no__in=some))}
    return found


def due_in(bill: Bill) -> dict[Key, Own]:
    """What the shop has that must stand in this bill, or in one before: the money of the day, by
    the shop's clock, but for its last half hour, and with that of the day before where there is a
    bill of it."""
    start, end = _start_of(bill.day), _start_of(bill.day + timedelta(days=1)) - SLACK
    before = Bill.objects.filter(channel=bill.channel, day=bill.day - timedelta(days=1))
    if before.filter(fetched_at__isnull=False).exists():
        start -= SLACK
    every = [
        *_payments(_taken(bill.channel).filter(paid_at__gte=start, paid_at__lt=end)),
        *_refunds(_gone(bill.channel).filter(done_at__gte=start, done_at__lt=end)),
    ]
    return {own.key: own for own in every}


def moved_on(channel: str, day: date) -> bool:
    """Whether, by the shop's clock, money came in or went on the day."""
    start, end = _start_of(day), _start_of(day + timedelta(days=1))
    came = _taken(channel).filter(paid_at__gte=start, paid_at__lt=end)
    return came.exists() or _gone(channel).filter(done_at__gte=start, done_at__lt=end).exists()


def in_bills(channel: str, keys: Iterable[Key]) -> set[Key]:
    """Those of the keys that stand in a bill, of whatever day."""
    wanted, found = set(keys), set[Key]()
    lines = BillLine.objects.filter(bill__channel=channel, amount__isnull=False)
    for field, kind in (
        ("out_trade_no", BillKind.PAYMENT.value),
        ("out_request_no", BillKind.REFUND.value),
    ):
        numbers = [number for one, number in wanted if one == kind]
        for some in _batches(numbers):
            same = lines.filter(**{"kind": kind, f"{field}__in": some})
            found |= {(kind, number) for number in same.values_list(field, flat=True)}
    return found


def _taken(channel: str) -> QuerySet[Payment]:
    return Payment.objects.filter(channel=channel, status__in=TAKEN)


def _gone(channel: str) -> QuerySet[Refund]:
    done = Refund.objects.filter(status=Refund.Status.DONE, payment__channel=channel)
    return done.filter(amount__gt=0)  # of nothing, no gateway is told


def _payments(rows: QuerySet[Payment]) -> Iterator[Own]:
    for pk, number, amount in rows.values_list("pk", "out_trade_no", "amount"):
        yield Own(number, "", amount, payment_id=pk)


def _refunds(rows: QuerySet[Refund]) -> Iterator[Own]:
    facts = rows.values_list("pk", "out_request_no", "amount", "payment__out_trade_no", "payment")
    for pk, number, amount, trade, payment in facts:
        yield Own(trade or "", number, amount, payment_id=payment, refund_id=pk)


def _batches(numbers: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(numbers), AT_ONCE):
        yield numbers[at : at + AT_ONCE]


def _start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
