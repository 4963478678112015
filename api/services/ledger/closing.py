"""A day's closing: what the books say of some days (contract §10)."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from api.models import Coupon, LedgerEntry
from api.rules.ledger import CHANNELS, NOTHING, LedgerAccount, LedgerEvent
from utils.replica import may_be_old

MOST_DAYS = 366


@dataclass(slots=True)
class Money:
    """What channels received and gave, in 元, both positive; `excess` of what was received could
    not be taken by its order, `returned` of what was given was such money."""

    received: Decimal = NOTHING
    refunded: Decimal = NOTHING
    excess: Decimal = NOTHING
    returned: Decimal = NOTHING

    @property
    def net(self) -> Decimal:
        return self.received - self.refunded

    def add(self, event: str, amount: Decimal) -> None:
        """An entry of a channel: positive received, negative given."""
        if event == LedgerEvent.EXCESS:
            self.excess += amount
        if event == LedgerEvent.RETURNED:
            self.returned -= amount
        if event in (LedgerEvent.PAID, LedgerEvent.EXCESS):
            self.received += amount
        else:
            self.refunded -= amount


@dataclass(slots=True)
class Discount:
    """What a coupon took off paid orders, and what of that refunds took back, in 元."""

    coupon: int | None
    name: str
    given: Decimal = NOTHING
    taken_back: Decimal = NOTHING

    @property
    def net(self) -> Decimal:
        return self.given - self.taken_back


@dataclass(slots=True)
class Closing:
    """Of the days from `first` to `last`, both included, in the shop's time zone."""

    first: date
    last: date
    orders: int  # that were paid
    refunds: int  # that were done
    channels: dict[LedgerAccount, Money] = field(default_factory=dict)
    days: dict[date, Money] = field(default_factory=dict)  # those on which money moved
    discounts: list[Discount] = field(default_factory=list)  # the dearest first
    to_return: Decimal = NOTHING  # at the end of the last day, of all days before it too

    @property
    def whole(self) -> Money:
        """Of all channels."""
        sums = Money()
        for one in self.channels.values():
            sums.received += one.received
            sums.refunded += one.refunded
            sums.excess += one.excess
            sums.returned += one.returned
        return sums

    @property
    def given(self) -> Decimal:
        """Discounts of all coupons, less what was taken back."""
        return sum((one.net for one in self.discounts), NOTHING)


@may_be_old
def closing(first: date, last: date) -> Closing:
    """What the books say of these days. Five queries, and their cost grows with the entries of
    these days; but for what is to go back, which is of all."""
    entries, end = _of_days(first, last), _start_of(last + timedelta(days=1))
    counts = dict(entries.values_list("event").annotate(Count("posting", distinct=True)))
    paid, refunded = counts.get(LedgerEvent.PAID, 0), counts.get(LedgerEvent.REFUNDED, 0)
    found = Closing(first, last, paid, refunded, {channel: Money() for channel in CHANNELS})
    moved = _of_channels(entries).annotate(day=TruncDate("at"))
    moved = moved.values_list("day", "account", "event")
    for day, account, event, amount in moved.annotate(sum=Sum("amount")).order_by("day"):
        found.channels[LedgerAccount(account)].add(event, amount)
        found.days.setdefault(day, Money()).add(event, amount)
    found.discounts = list(_discounts(entries))
    owed = LedgerEntry.objects.filter(account=LedgerAccount.EXCESS.value, at__lt=end)
    found.to_return = -(owed.aggregate(sum=Sum("amount"))["sum"] or NOTHING)
    return found


@may_be_old
def moved_on(day: date) -> Money:
    """What all channels together received and gave on that day. One query."""
    found = Money()
    events = _of_channels(_of_days(day, day)).values_list("event")
    for event, amount in events.annotate(sum=Sum("amount")):
        found.add(event, amount)
    return found


def _of_days(first: date, last: date) -> "QuerySet[Any]":
    start, end = _start_of(first), _start_of(last + timedelta(days=1))
    return LedgerEntry.objects.filter(at__gte=start, at__lt=end).order_by()


def _of_channels(entries: "QuerySet[Any]") -> "QuerySet[Any]":
    return entries.filter(account__in=[channel.value for channel in CHANNELS])


def _discounts(entries: "QuerySet[LedgerEntry]") -> Iterator[Discount]:
    of_coupons = entries.filter(account=LedgerAccount.COUPONS.value)
    sums: dict[int | None, dict[str, Decimal]] = defaultdict(dict)
    grouped = of_coupons.values_list("coupon", "event").annotate(sum=Sum("amount"))
    for coupon, event, amount in grouped:
        sums[coupon][event] = amount
    there = Coupon.objects.filter(pk__in=[one for one in sums if one])
    names = dict[int | None, str](there.values_list("pk", "name"))
    names[None] = "已删除的优惠券"
    found = [
        Discount(
            coupon if coupon in names else None,
            names.get(coupon, f"编号{coupon}（已删除）"),
            events.get(LedgerEvent.PAID, NOTHING),
            -events.get(LedgerEvent.REFUNDED, NOTHING),
        )
        for coupon, events in sums.items()
    ]
    yield from sorted(found, key=lambda one: (-one.net, one.coupon or 0))


def _start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
