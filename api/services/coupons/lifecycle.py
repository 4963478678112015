"""A coupon record's life (contract §9): the one owner of every change of `CouponRecord.status`.

    null -> 0 come   0 -> 3 void    0 -> 2 expire   2 -> 0 revive
    0 -> 4 lock      4 -> 0 release   4 -> 1 use   1 -> 0 give_back

Each change is an UPDATE on the condition that the record still has the status it leaves, whose row
count is checked; its event is written in the same transaction: both or neither.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from api.models import CouponRecord, CouponRecordStatus, IssueBatch
from api.models.coupon_record import CouponRecordQuerySet
from api.services.counted import count_records
from api.services.events.writing import Moved, write_revived

BATCH = 5_000  # rows of one statement: none comes near the database's statement timeout


class RecordsNotThere(Exception):
    """Not every record had the status that the change begins with; nothing was changed."""


class RecordNotUnused(RecordsNotThere):
    """It was used, locked, expired or taken back before; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Actor:
    """By whom: an account, a member of staff (by their ids), or, with neither, the service."""

    account_id: int | None = None
    staff_id: int | None = None


SERVICE = Actor()


class Receiver(NamedTuple):
    account_id: int
    number: str  # of the record


class Step(NamedTuple):
    name: str
    leaves: CouponRecordStatus
    reaches: CouponRecordStatus


VOID = Step("voided", CouponRecordStatus.UNUSED, CouponRecordStatus.VOID)
EXPIRE = Step("expired", CouponRecordStatus.UNUSED, CouponRecordStatus.EXPIRED)
REVIVE = Step("revived", CouponRecordStatus.EXPIRED, CouponRecordStatus.UNUSED)
LOCK = Step("locked", CouponRecordStatus.UNUSED, CouponRecordStatus.LOCKED)
RELEASE = Step("released", CouponRecordStatus.LOCKED, CouponRecordStatus.UNUSED)
USE = Step("used", CouponRecordStatus.LOCKED, CouponRecordStatus.USED)
GIVE_BACK = Step("given_back", CouponRecordStatus.USED, CouponRecordStatus.UNUSED)


def come(
    records: Iterable[CouponRecord], *, by: Actor = SERVICE, reason: str = ""
) -> list[CouponRecord]:
    """Inserts a few new records, unused, each with the event that it came at its `get_time`: a
    statement for all of them, and one for those of each moment. What it takes off a coupon's pieces
    is the caller's: `Coupon.objects.take`."""
    with transaction.atomic(savepoint=False):
        written = CouponRecord.objects.bulk_create(records)
        moments: dict[datetime, list[int]] = {}
        for record in written:
            moments.setdefault(record.get_time, []).append(record.pk)
        for at, ids in moments.items():
            _tell(ids, None, _Told(at, by, reason))
        count_records("issued" if by.account_id is None else "claimed", len(written))
    return written


def come_to(receivers: Sequence[Receiver], batch: IssueBatch, *, by: Actor, reason: str) -> None:
    """As `come`: a record of the batch, at its time, for each of the receivers, of whom there are
    at most BATCH. Two statements, and no object for a record: coupons are issued to everybody."""
    at = connection.ops.adapt_datetimefield_value(batch.at)
    fields = [batch.coupon_id, CouponRecordStatus.UNUSED, at, batch.pk]
    rows = ", ".join(f"({account_id:d}, %s)" for account_id, _ in receivers)
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(_COME_TO.format(rows), [*fields, *(number for _, number in receivers)])
        _tell([pk for (pk,) in cursor.fetchall()], None, _Told(batch.at, by, reason))
    count_records("issued", len(receivers))


# The database makes records of accounts and numbers, and events of records: where 100,000 come or
# go, making a row of each here would take as long as writing all of them. So would binding their
# ids: they are numbers, and stand in the statement as they are.
_COME_TO = """
    INSERT INTO api_couponrecord (coupon_id, status, get_time, batch_id, account_id, number)
    SELECT %s, %s, %s, %s, column1, column2 FROM (VALUES {}) AS receivers
    RETURNING id
"""
_TELL = """
    INSERT INTO api_couponrecordevent
        (record_id, from_status, to_status, at, account_id, staff_id, order_id, reason)
    SELECT id, %s, status, %s, %s, %s, %s, %s FROM api_couponrecord WHERE id IN ({})
    ORDER BY id
"""


def void(*, record_id: int, now: datetime, by: Actor, reason: str) -> None:
    """Takes a record back (作废): it stays where it is, but is worth nothing then. Somebody who
    uses the record at the same time either comes first, or finds it void. Raises
    RecordNotUnused."""
    try:
        _move([record_id], VOID, _Told(now, by, reason), {})
    except RecordsNotThere:
        raise RecordNotUnused from None


def void_all(records: CouponRecordQuerySet, *, now: datetime, by: Actor, reason: str) -> int:
    """Takes back those of the records that are unused, by id, BATCH at a time, in one transaction;
    says how many. One that an order is locking is waited for, and left to it."""
    told, done, last = _Told(now, by, reason), 0, 0
    with transaction.atomic():
        while ids := _move_batch(records.filter(pk__gt=last), VOID, told):
            done, last = done + len(ids), ids[-1]
    return done


def expire(records: CouponRecordQuerySet, *, now: datetime) -> int:
    """Sets 已过期 on at most BATCH of the records, all of them unused; says how many, 0 at the end.
    Which ones are over is `expiry`'s to say. One that is used, locked or taken back meanwhile keeps
    what happened to it."""
    return _move_some(records, EXPIRE, _Told(now, SERVICE, "有效期已过"))


def revive(records: CouponRecordQuerySet, *, now: datetime, by: Actor, reason: str) -> int:
    """Sets 未使用 on at most BATCH of the records, all of which had expired, and tells that they
    have come back. As `expire`."""
    return _move_some(records, REVIVE, _Told(now, by, reason))


def lock(
    record_ids: Sequence[int], *, order_id: int, now: datetime, by: Actor, reason: str = ""
) -> None:
    """Holds unused records for an order that is not paid yet. All of them or none: raises
    RecordsNotThere."""
    told = _Told(now, by, reason, order_id)
    _move(record_ids, LOCK, told, {}, order=order_id)


def release(
    record_ids: Sequence[int], *, order_id: int, now: datetime, by: Actor, reason: str = ""
) -> None:
    """Frees records that this order had locked: it was closed. All or none: raises
    RecordsNotThere."""
    told = _Told(now, by, reason, order_id)
    _move(record_ids, RELEASE, told, {"order": order_id}, order=None)


def use(
    record_ids: Sequence[int], *, order_id: int, now: datetime, by: Actor, reason: str = ""
) -> None:
    """Spends records that this order had locked: it is paid, at `now`. All or none: raises
    RecordsNotThere."""
    told = _Told(now, by, reason, order_id)
    _move(record_ids, USE, told, {"order": order_id}, used_time=now)


def give_back(
    record_ids: Sequence[int], *, order_id: int, now: datetime, by: Actor, reason: str = ""
) -> None:
    """Returns records that this order had used: it was refunded. All or none: raises
    RecordsNotThere."""
    told = _Told(now, by, reason, order_id)
    _move(record_ids, GIVE_BACK, told, {"order": order_id}, used_time=None, order=None)


class _Told(NamedTuple):
    """What the events of a change tell."""

    now: datetime
    by: Actor
    reason: str
    order_id: int | None = None


def _move(
    record_ids: Sequence[int], step: Step, told: _Told, only: dict[str, Any], **fields: Any
) -> None:
    """All of them, or none and RecordsNotThere. Rows are locked by id, in order: two changes that
    share records wait for one another, and never each for the other. Several are looked at before
    any is changed, so that a caller's transaction needs no savepoint to undo some of them."""
    ids = sorted(set(record_ids))
    if not ids:  # an order without coupons; PostgreSQL knows no empty list
        return
    fitting = CouponRecord.objects.filter(pk__in=ids, status=step.leaves, **only)
    with transaction.atomic(savepoint=False):
        there = len(ids) < 2 or len(_locked(fitting).values_list("pk")) == len(ids)
        there = there and _change(ids, step, told, only, **fields)
    if not there:
        raise RecordsNotThere


def _move_some(records: CouponRecordQuerySet, step: Step, told: _Told) -> int:
    return len(_move_batch(records, step, told))


def _move_batch(records: CouponRecordQuerySet, step: Step, told: _Told) -> list[int]:
    """The first BATCH of those that have the status, by id."""
    fitting = records.filter(status=step.leaves)
    with transaction.atomic():
        rows = _locked(fitting).values_list("pk", "coupon_id", "account_id")[:BATCH]
        moved = [Moved(*row) for row in rows]
        if moved and not _change([one.record for one in moved], step, told, {}):
            raise RecordsNotThere
        if step is REVIVE:
            write_revived(moved, told.now)
    return [one.record for one in moved]


def _change(
    ids: Sequence[int], step: Step, told: _Told, only: dict[str, Any], **fields: Any
) -> bool:
    """The UPDATE and its events; False, and nothing is changed, where no record had the status.
    Raises RecordsNotThere where some had: the transaction must roll back."""
    fitting = CouponRecord.objects.filter(pk__in=ids, status=step.leaves, **only)
    changed = fitting.update(status=step.reaches, **fields)
    if changed != len(ids):
        if changed:
            raise RecordsNotThere
        return False
    _tell(ids, step.leaves, told)
    count_records(step.name, changed)
    return True


def _locked(records: CouponRecordQuerySet) -> CouponRecordQuerySet:
    # No key: what refers to the record, an event say, need not wait.
    return records.order_by("pk").select_for_update(no_key=True)


def _tell(ids: Sequence[int], leaves: int | None, told: _Told) -> None:
    """Writes the events of records that have come to the status they have now."""
    at = connection.ops.adapt_datetimefield_value(told.now)
    fields = [leaves, at, told.by.account_id, told.by.staff_id, told.order_id, told.reason]
    with connection.cursor() as cursor:
        cursor.execute(_TELL.format(", ".join(f"{pk:d}" for pk in ids)), fields)
    if len(ids) == BATCH:
        _check_references()


def _check_references() -> None:
    """Has what was written so far checked now: PostgreSQL would keep the foreign keys of all of it
    for the COMMIT, which would then take longer than anybody waits for an answer."""
    if connection.vendor == "postgresql":
        connection.check_constraints()
