"""A bill that is here, held line by line against what the shop has. It asks no gateway, and gives
the same however often it is done."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Q

from api.models import Bill, BillLine
from api.rules.reconciliation import BillKind, BillResult, judged
from api.services.reconciling import own
from api.services.reconciling.own import Key, Own

BATCH = 500
OPEN = ~Q(result=BillResult.BALANCED.value) & Q(settled_at=None)
JUDGED = ("result", "own_amount", "payment", "refund", "settled_at")
NOTHING = Decimal("0.00")


def judge(bill: Bill) -> None:
    """Gives every line its result, and a line to what the shop has and no bill shows. In a
    transaction that has the bill locked."""
    lines = list(bill.lines.order_by("pk"))
    theirs = [line for line in lines if line.amount is not None]
    ours = [line for line in lines if line.amount is None]
    known = own.of_numbers(bill.channel, {own.key_of(line) for line in theirs})
    changed = [line for line in theirs if _judge(line, _own_of(line, known))]
    due = own.due_in(bill)
    shown = own.in_bills(bill.channel, due)
    missing = {key: one for key, one in due.items() if key not in shown}
    gone = []
    for line in ours:
        found = missing.pop(own.key_of(line), None)
        if found is None and not line.note:
            gone.append(line.pk)
        elif found is None:
            changed += [line] if _clear(line) else []
        else:
            changed += [line] if _judge(line, found) else []
    BillLine.objects.bulk_update(changed, JUDGED, batch_size=BATCH)
    for at in range(0, len(gone), BATCH):
        BillLine.objects.filter(pk__in=gone[at : at + BATCH]).delete()
    BillLine.objects.bulk_create(_shortages(bill, missing.values()), batch_size=BATCH)
    count(bill)


def count(bill: Bill) -> None:
    """Writes the bill's numbers anew, from its lines."""
    lines = list(bill.lines.values_list("result", "settled_at", "kind", "amount"))
    results = [result for result, *_ in lines]
    bill.balanced = results.count(BillResult.BALANCED)
    bill.surplus = results.count(BillResult.SURPLUS)
    bill.shortage = results.count(BillResult.SHORTAGE)
    bill.mismatched = results.count(BillResult.AMOUNT)
    bill.unsettled = sum(
        result != BillResult.BALANCED and settled is None for result, settled, *_ in lines
    )
    sums = dict.fromkeys(BillKind, NOTHING)
    for _, _, kind, amount in lines:
        sums[BillKind(kind)] += amount or NOTHING
    bill.received, bill.refunded = sums[BillKind.PAYMENT], sums[BillKind.REFUND]
    bill.save()


def _own_of(line: BillLine, known: dict[Key, Own]) -> Own | None:
    found = known.get(own.key_of(line))
    right = found is not None and found.out_trade_no == line.out_trade_no and line.copy == 1
    return found if right else None


def _judge(line: BillLine, found: Own | None) -> bool:
    """Gives the line its result; says whether anything of it changed."""
    before = (line.result, line.own_amount, line.payment_id, line.refund_id)
    line.own_amount = found.amount if found else None
    line.payment_id = found.payment_id if found else None
    line.refund_id = found.refund_id if found else None
    line.result = judged(line.amount, line.own_amount).value
    after = (line.result, line.own_amount, line.payment_id, line.refund_id)
    if before[:2] != after[:2] and line.result != BillResult.BALANCED:
        line.settled_at = None  # another difference than the one that was settled
    return before != after


def _clear(line: BillLine) -> bool:
    """A difference that is none any more: its note is kept."""
    was = line.result
    line.result = BillResult.BALANCED.value
    return was != line.result


def _shortages(bill: Bill, missing: Iterable[Own]) -> list[BillLine]:
    return [
        BillLine(
            bill=bill,
            kind=one.kind,
            out_trade_no=one.out_trade_no,
            out_request_no=one.out_request_no,
            own_amount=one.amount,
            payment_id=one.payment_id,
            refund_id=one.refund_id,
            result=BillResult.SHORTAGE.value,
        )
        for one in missing
    ]
