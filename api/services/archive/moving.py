"""Rows go from their tables into files: a batch is on the disk before it is deleted, in one
transaction with the row that says which file has it.

Killed at any line, a run leaves at most one file of which it is not plain whether its rows are
gone. The next run asks the database, and gives the file its name or takes it away.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core import serializers
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from api.models import ArchivedFile, WebhookDelivery
from api.services.archive import files
from api.services.archive.choosing import KINDS, SORTS, Kind, going, is_held
from api.services.archive.files import ArchiveError

BATCH = 5_000  # rows of one transaction, beside the deliveries of the events among them
LEAST_DAYS = 30  # that everything stays in its table


class Page(NamedTuple):
    """Rows that are old enough, by their ids; which of them may go is another question."""

    kind: Kind
    ids: list[int]


def archive(*, before: date, now: datetime, batch: int = BATCH) -> Iterator[ArchivedFile]:
    """Moves what is older than the day; gives each file when it has its name. For one process at a
    time (utils/alone.py). Raises ArchiveError."""
    _refuse_young(before, now)
    place = files.folder()
    go_on(place)
    for page in _pages(before, batch):
        if moved := _move(place, page, before, now):
            files.note(place, said_of(moved))
            files.seal(place, moved.name)
            yield moved


def would_archive(*, before: date, now: datetime, batch: int = BATCH) -> Counter[str]:
    """How many rows of each sort `archive` would move. Changes nothing. Raises ArchiveError."""
    _refuse_young(before, now)
    found: Counter[str] = Counter()
    moment = midnight(before)
    for kind, ids in _pages(before, batch):
        free = going(kind, ids, moment)
        found[kind.name.value] += len(free)
        if kind.name == ArchivedFile.Kind.EVENTS:
            found["deliveries"] += WebhookDelivery.objects.filter(event__in=free).count()
    return found


def go_on(place: Path) -> None:
    """Ends what a run that was killed has begun."""
    for name in files.left_over(place):
        if moved := ArchivedFile.objects.filter(name=name).first():
            files.note(place, said_of(moved))
            files.seal(place, name)
        else:
            files.drop(place, name)


def said_of(file: ArchivedFile) -> dict[str, Any]:
    """Its line of the list."""
    return {
        "file": file.name,
        "sha256": file.sha256,
        "before": file.before,
        "rows": file.rows,
        "begins": file.begins,
        "ends": file.ends,
        "made_at": file.made_at,
    }


def midnight(day: date) -> datetime:
    """When the shop's day begins."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _refuse_young(before: date, now: datetime) -> None:
    days = max(LEAST_DAYS, settings.REFUND_DAYS)
    last = timezone.localdate(now) - timedelta(days=days)
    if before > last:
        raise ArchiveError(f"what is younger than {days} days stays: the last day is {last}")


def _pages(before: date, batch: int) -> Iterator[Page]:
    for kind in KINDS:
        older, last = kind.older(midnight(before)).order_by("pk"), 0
        while ids := list(older.filter(pk__gt=last).values_list("pk", flat=True)[:batch]):
            last = ids[-1]
            yield Page(kind, ids)


def _move(place: Path, page: Page, before: date, now: datetime) -> ArchivedFile | None:
    """None where none of them may go."""
    with transaction.atomic():
        rows, more = _take(page, midnight(before))
        if not rows:
            return None
        name = files.name_of(_next_number(place), page.kind.name.value)
        sha256 = files.write(place, name, serializers.serialize("python", [*rows, *more]))
        moments = [page.kind.at(row) for row in rows]
        moved = ArchivedFile.objects.create(
            name=name,
            kind=page.kind.name,
            before=before,
            sha256=sha256,
            rows=Counter(SORTS[type(row)] for row in (*rows, *more)),
            begins=min(moments),
            ends=max(moments),
            made_at=now,
        )
        _delete(more)
        _delete(rows)
    return moved


def _take(page: Page, before: datetime) -> tuple[list[Model], list[WebhookDelivery]]:
    """Those that may go, and the deliveries that go with them; locked. What somebody else is at
    work on stays."""
    free = page.kind.older(before).filter(pk__in=going(page.kind, page.ids, before))
    rows = list(free.order_by("pk").select_for_update(skip_locked=True))
    if page.kind.name != ArchivedFile.Kind.EVENTS:
        return rows, []
    theirs = WebhookDelivery.objects.filter(event__in=[row.pk for row in rows]).order_by("pk")
    deliveries = list(theirs.select_for_update())
    # Sent again at the desk, since the events were read.
    held = {one.event_id for one in deliveries if is_held(one, before)}
    return (
        [row for row in rows if row.pk not in held],
        [one for one in deliveries if one.event_id not in held],
    )


def _next_number(place: Path) -> int:
    """Beyond every file that the folder or the database knows."""
    newest = ArchivedFile.objects.order_by("-name").values_list("name", flat=True).first()
    return 1 + max(files.last_number(place), files.number_in(newest or ""))


def _delete(rows: list[Any]) -> None:
    """One statement: Django would read each row again, and look for what refers to it. The database
    looks too, and refuses."""
    if rows:
        ids, table = [row.pk for row in rows], type(rows[0])._base_manager
        deleted = table.filter(pk__in=ids)._raw_delete(table.db)
        if deleted != len(ids):
            raise ArchiveError(f"{len(ids)} rows were to go, and {deleted} were there")
