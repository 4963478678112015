"""A difference between a bill and the shop's own that somebody has looked into (contract §10)."""

from datetime import datetime

from django.db import transaction

from api.models import Bill, BillLine
from api.services.reconciling.judging import count


class NotOpen(Exception):
    """There is no difference, or it was settled before; nothing was changed."""


def lock(line_id: int) -> None:
    """Keeps a line and its bill as they are until the transaction ends."""
    bills = Bill.objects.filter(lines=line_id)
    list(Bill.objects.select_for_update(no_key=True).filter(pk__in=bills).values_list("pk"))


def settle(line_id: int, *, staff_id: int | None, note: str, now: datetime) -> BillLine:
    """Notes by whom, when and how a difference was settled. It moves no money. Raises NotOpen."""
    with transaction.atomic():
        lock(line_id)
        line = BillLine.objects.select_related("bill").get(pk=line_id)
        if not line.is_open:
            raise NotOpen
        line.note, line.settled_by_id, line.settled_at = note, staff_id, now
        line.save(update_fields=["note", "settled_by", "settled_at"])
        count(line.bill)
        return line
