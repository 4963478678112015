"""A gateway's bill is fetched and kept, whole or not at all, and then judged. Asking a gateway
belongs outside any transaction."""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from api.errors import ChannelUnavailable, GatewayOutOfReach
from api.gateways.base import BillAbsent, BillFile, BillRow, BillUnreadable, Gateway
from api.gateways.channels import CHANNELS, gateway_of
from api.models import Bill, BillLine
from api.services.reconciling import own
from api.services.reconciling.judging import BATCH, OPEN, judge

logger = logging.getLogger(__name__)

DAYS = 3  # before today, whose bills the job fetches
PAUSE = timedelta(minutes=10)  # before the job tries again
LOOKED_BACK = timedelta(days=31)  # for differences that have cleared up meanwhile
PROBLEMS = {
    BillAbsent: "渠道还没有这一天的账单",
    GatewayOutOfReach: "渠道没有响应",
    BillUnreadable: "账单文件有误",
}
KEPT = ("trade_no", "amount", "at", "raw")


def reconcile(channel: str, day: date, *, now: datetime) -> Bill:
    """The channel's bill of the day, fetched and held against payments and refunds. Done again it
    gives the same, and what was settled by hand keeps its note. Outside any transaction.

    Raises ChannelUnavailable for a channel without a merchant; BillAbsent, where there is no bill
    and the shop has money of that day; BillUnreadable, GatewayOutOfReach. Then the bill of before,
    if there was one, is as it was, and `problem` says why.
    """
    gateway = gateway_of(channel)
    if gateway is None:
        raise ChannelUnavailable
    try:
        file = _fetched(gateway, day, now)
    except (BillAbsent, BillUnreadable, GatewayOutOfReach) as error:
        _note_problem(channel, day, error, now)
        raise
    with transaction.atomic():
        bill = _locked(channel, day, now)
        bill.fetched_at = bill.tried_at = now
        bill.problem, bill.digest = "", file.digest
        bill.save()
        _keep(bill, file.rows)
        judge(bill)
    _judge_others(bill)
    return bill


def fetch_due(*, now: datetime, channels: Sequence[str] = CHANNELS) -> int:
    """Fetches the bills of the last days that are not here yet, each from the morning on when its
    gateway has it; says how many came. One that does not come is tried again ten minutes later.
    Raises what the last failure raised, after all were tried; a bill that is not made yet is no
    failure."""
    fetched, failure = 0, None
    for channel in channels:
        for day in _due(channel, now):
            try:
                reconcile(channel, day, now=now)
                fetched += 1
            except BillAbsent:
                continue  # it is noted
            except (BillUnreadable, GatewayOutOfReach) as error:
                failure = error
    if failure is not None:
        raise failure
    return fetched


def _due(channel: str, now: datetime) -> list[date]:
    gateway, today = gateway_of(channel), timezone.localdate(now)
    if gateway is None:
        return []
    days = [today - timedelta(days=ago) for ago in range(DAYS, 0, -1)]
    if timezone.localtime(now).time() < gateway.bill_ready:
        days.pop()
    known = {bill.day: bill for bill in Bill.objects.filter(channel=channel, day__in=days)}
    return [day for day in days if day not in known or _waits(known[day], now)]


def _waits(bill: Bill, now: datetime) -> bool:
    return bill.fetched_at is None and bill.tried_at <= now - PAUSE


def _fetched(gateway: Gateway, day: date, now: datetime) -> BillFile:
    """A day on which nothing moved has no bill at a gateway."""
    try:
        return gateway.bill(day, now=now)
    except BillAbsent:
        over = timezone.make_aware(datetime.combine(day + timedelta(days=1), gateway.bill_ready))
        if now < over or own.moved_on(gateway.channel, day):
            raise
        return BillFile((), "")


def _note_problem(channel: str, day: date, error: Exception, now: datetime) -> None:
    words = next(words for kind, words in PROBLEMS.items() if isinstance(error, kind))
    told = f"{words}：{error}" if isinstance(error, BillUnreadable) else words
    level = logging.WARNING if isinstance(error, BillAbsent) else logging.ERROR
    logger.log(level, "%s: the bill of %s: %s", channel, day, str(error) or type(error).__name__)
    with transaction.atomic():
        bill = _locked(channel, day, now)
        bill.tried_at, bill.problem = now, told[:255]
        bill.save()


def _locked(channel: str, day: date, now: datetime) -> Bill:
    bill, _ = Bill.objects.get_or_create(channel=channel, day=day, defaults={"tried_at": now})
    return Bill.objects.select_for_update(no_key=True).get(pk=bill.pk)


def _keep(bill: Bill, rows: Sequence[BillRow]) -> None:
    """The rows as they are now; a line that has none any more is the shop's alone."""
    lines = {_place(line, line.copy): line for line in bill.lines.all()}
    copies: Counter[tuple[str, str, str]] = Counter()
    changed, fresh = [], []
    for row in rows:
        copies[row.kind.value, row.out_trade_no, row.out_request_no] += 1
        copy = copies[row.kind.value, row.out_trade_no, row.out_request_no]
        line = lines.pop(_place(row, copy), None)
        if line is None:
            fresh.append(_line(bill, row, copy))
            continue
        before = [getattr(line, name) for name in KEPT]
        for name in KEPT:
            setattr(line, name, getattr(row, name))
        if before != [getattr(line, name) for name in KEPT]:
            if before[1] != line.amount:
                line.settled_at = None  # another difference than the one that was settled
            changed.append(line)
    for line in lines.values():
        if line.amount is not None:
            line.amount, line.at, line.raw = None, None, ""
            changed.append(line)
    BillLine.objects.bulk_update(changed, [*KEPT, "settled_at"], batch_size=BATCH)
    BillLine.objects.bulk_create(fresh, batch_size=BATCH)


def _place(row: BillRow | BillLine, copy: int) -> tuple[str, str, str, int]:
    return str(row.kind), row.out_trade_no, row.out_request_no, copy


def _line(bill: Bill, row: BillRow, copy: int) -> BillLine:
    return BillLine(
        bill=bill,
        kind=row.kind.value,
        out_trade_no=row.out_trade_no,
        out_request_no=row.out_request_no,
        copy=copy,
        trade_no=row.trade_no,
        amount=row.amount,
        at=row.at,
        raw=row.raw,
        result="",
    )


def _judge_others(bill: Bill) -> None:
    """What this bill shows may be what another one lacks; and the shop may have learnt of money
    since another was judged."""
    mine = Bill.objects.filter(channel=bill.channel, fetched_at__isnull=False)
    open_ = Exists(BillLine.objects.filter(OPEN, bill=OuterRef("pk")))
    near = mine.filter(day__in=[bill.day - timedelta(days=1), bill.day + timedelta(days=1)])
    old = mine.filter(open_, day__gte=bill.day - LOOKED_BACK).exclude(pk=bill.pk)
    for pk in sorted({*near.values_list("pk", flat=True), *old.values_list("pk", flat=True)}):
        with transaction.atomic():
            judge(Bill.objects.select_for_update(no_key=True).get(pk=pk))
