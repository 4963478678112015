"""What waits for an accountant, as the desk's home page shows it: read by indexes that hold little
more than what waits, and of bills, of which there are two a day."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from api.models import Bill, Refund
from api.rules.ledger import NOTHING

SHOWN = 5


class Refunds(NamedTuple):
    """`asked` are to be decided, `amount` in all; `under_way` wait for their gateway. `first` are
    some of those asked for, the longest waiting first."""

    asked: int
    amount: Decimal
    under_way: int
    first: Sequence[Refund]


class Bills(NamedTuple):
    """`differences` are to be looked into; `missing` bills have not come. `first` are some of those
    with either, the oldest first."""

    differences: int
    missing: int
    first: Sequence[Bill]


def refunds() -> Refunds:
    """Three queries."""
    # What the service itself sends back is never asked for; said, it leads to the index.
    asked = Refund.objects.filter(status=Refund.Status.ASKED, excess=False)
    sums = asked.aggregate(number=Count("pk"), amount=Sum("amount"))
    first = asked.select_related("order__account").order_by("asked_at", "pk")[:SHOWN]
    under_way = Refund.objects.filter(status=Refund.Status.APPROVED).count()
    return Refunds(sums["number"], sums["amount"] or NOTHING, under_way, list(first))


def bills() -> Bills:
    """Two queries."""
    missing, differing = Q(fetched_at=None), Q(unsettled__gt=0)
    sums = Bill.objects.aggregate(
        differences=Sum("unsettled", filter=differing), missing=Count("pk", filter=missing)
    )
    first = Bill.objects.filter(missing | differing).order_by("day", "channel")[:SHOWN]
    return Bills(sums["differences"] or 0, sums["missing"], list(first))
