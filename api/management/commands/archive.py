"""`manage.py archive`: events and notifications that nobody needs any more go from their tables
into files; safe to kill, and to run twice."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from api.services.archive import checking, moving, restoring
from api.services.archive.files import ArchiveError
from utils.alone import WAITING, alone


class Command(BaseCommand):
    help = "Moves old events and notifications into files of ARCHIVE_DIR, or puts them back"

    def add_arguments(self, parser: CommandParser) -> None:
        either = parser.add_mutually_exclusive_group(required=True)
        either.add_argument(
            "--before",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="move what is older than this day",
        )
        either.add_argument("--restore", metavar="FILE", help="put the rows of this file back")
        either.add_argument(
            "--check",
            action="store_true",
            help="read the whole archive and say what is wrong; exit status 1 if something is",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be moved, and move nothing"
        )
        parser.add_argument(
            "--batch",
            type=int,
            default=moving.BATCH,
            metavar="ROWS",
            help=f"rows of one file and one transaction; {moving.BATCH} if left out",
        )

    def handle(
        self, *, before: date | None, restore: str | None, dry_run: bool, batch: int, **_: Any
    ) -> None:
        if batch < 1:
            raise CommandError("--batch must be at least 1")
        if dry_run and before is None:
            raise CommandError("--dry-run belongs to --before")
        try:
            if before and dry_run:
                self._tell(before, batch)
            elif before:
                self._archive(before, batch)
            elif restore:
                self._restore(restore)
            else:
                self._check()
        except (ArchiveError, OSError) as error:
            raise CommandError(str(error)) from error

    def _tell(self, before: date, batch: int) -> None:
        with _without_limits():
            found = moving.would_archive(before=before, now=timezone.now(), batch=batch)
        self.stdout.write(f"older than {before}, would be archived: {_counted(found)}")

    def _archive(self, before: date, batch: int) -> None:
        done: Counter[str] = Counter()
        with self._alone():
            for file in moving.archive(before=before, now=timezone.now(), batch=batch):
                done.update(file.rows)
                self.stdout.write(f"{file}: {_counted(file.rows)}")
        self.stdout.write(f"older than {before}, archived: {_counted(done)}")

    def _restore(self, file: str) -> None:
        path = Path(file)
        if path.parent not in (Path(), settings.ARCHIVE_DIR):
            raise CommandError(f"{file} is not in ARCHIVE_DIR: copy it there")
        with self._alone():
            done = restoring.restore(path.name, now=timezone.now())
        self.stdout.write(
            f"{path.name}: {done.put_back} rows put back, {done.there} were there, "
            f"{done.left_out} left out"
        )
        if done.left_out:
            raise CommandError(
                "another row has the number of one that was left out, or tells the same"
            )

    def _check(self) -> None:
        with self._alone():
            found = list(checking.wrong())
        for line in found:
            self.stdout.write(f"{line}: WRONG")
        if found:
            raise CommandError(f"wrong: {len(found)}")
        self.stdout.write("all of it holds")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with alone(waiting=partial(self.stderr.write, WAITING)), _without_limits():
            yield


def _without_limits() -> Any:
    # PostgreSQL's (luffy/postgresql): old rows may be many.
    return getattr(connection, "without_limits", nullcontext)()


def _counted(rows: Mapping[str, int]) -> str:
    sorts = ("events", "deliveries", "notifications")
    return ", ".join(f"{rows[sort]} {sort}" for sort in sorts if rows.get(sort)) or "nothing"
