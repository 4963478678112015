"""Rows of a file are put back into their tables."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from django.core import serializers
from django.db import IntegrityError, transaction
from django.db.models import Model

from api.models import ArchivedFile
from api.services.archive import files
from api.services.archive.files import ArchiveError, Row
from api.services.archive.moving import go_on


class Restored(NamedTuple):
    """How many rows were put back, how many were there, and how many were not put back because
    another row has their number, or tells the same."""

    put_back: int
    there: int
    left_out: int


def restore(name: str, *, now: datetime) -> Restored:
    """Puts the rows of the file back, in one transaction; the file stays. Harmless a second time:
    a row that is there is left as it is. For one process at a time. Raises ArchiveError."""
    place = files.folder()
    go_on(place)
    path = place / name
    _refuse_unknown(place, path)
    rows = files.read(path)
    try:
        with transaction.atomic():
            done = [_put_back(list(same)) for _, same in groupby(rows, lambda row: row["model"])]
            ArchivedFile.objects.filter(name=name).update(restored_at=now)
    except IntegrityError as error:
        raise ArchiveError(f"{path}: what a row refers to is gone: {error}") from None
    return Restored(*(sum(counts) for counts in zip(*done, strict=True)))


def _refuse_unknown(place: Path, path: Path) -> None:
    """A file is what it was when it was written, by the database or, where that is older than the
    file, by the list beside it."""
    known = ArchivedFile.objects.filter(name=path.name).values_list("sha256", flat=True).first()
    known = known or files.manifest(place).get(path.name, {}).get("sha256")
    if known is None:
        raise ArchiveError(f"{path} is no file of the archive")
    if files.digest(path) != known:
        raise ArchiveError(f"{path} is not what was written: its SHA-256 differs")


def _put_back(rows: Sequence[Row]) -> Restored:
    """Rows of one model."""
    # A column that has gone since is nobody's any more.
    decoded = serializers.deserialize("python", rows, ignorenonexistent=True)
    objects: list[Model] = [one.object for one in decoded]
    table = type(objects[0])._base_manager
    ids = [one.pk for one in objects]
    before = _said(table.filter(pk__in=ids))
    same = sum(before.get(one.pk) == said for one, said in _both(objects))
    table.bulk_create(
        [one for one in objects if one.pk not in before], batch_size=500, ignore_conflicts=True
    )
    put_back = table.filter(pk__in=ids).count() - len(before)
    return Restored(put_back, same, len(ids) - put_back - same)


def _both(objects: Iterable[Model]) -> Iterable[tuple[Model, Any]]:
    """Each with what it says, as it is written."""
    objects = list(objects)
    return zip(objects, serializers.serialize("python", objects), strict=True)


def _said(rows: Iterable[Model]) -> dict[Any, Any]:
    return {one.pk: said for one, said in _both(rows)}
