"""`manage.py jobs`: the periodic jobs, for cron every minute; safe at any time, twice, and at
once."""

import signal
from contextlib import suppress
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from api.services import background, jobs

PATIENCE = timedelta(minutes=5)  # that a task may wait for a worker


class Command(BaseCommand):
    help = "Runs the periodic jobs that are due; exit status 1 if one fails"

    def add_arguments(self, parser: CommandParser) -> None:
        either = parser.add_mutually_exclusive_group()
        either.add_argument(
            "--every", type=int, metavar="SECONDS", help="run them again and again, until SIGTERM"
        )
        either.add_argument(
            "--check",
            action="store_true",
            help="run nothing: say whether jobs and worker are alive; exit status 1 if not",
        )

    def handle(self, *, every: int | None, check: bool, **options: Any) -> None:
        if check:
            self._check()
        elif every is None:
            if not self._run():
                raise CommandError("a job failed; the log says why")
        else:
            self._repeat(every)

    def _run(self) -> bool:
        """Whether all went well."""
        well = True
        for ran in jobs.run(now=timezone.now()):
            self.stdout.write(str(ran))
            well &= ran.number is not None
        self.stdout.flush()
        return well

    def _repeat(self, every: int) -> None:
        """Not with an Event: a signal that comes while it takes its lock would wait for that lock
        for ever. A SimpleQueue may be put into at any moment."""
        ended: SimpleQueue[int] = SimpleQueue()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: ended.put(number))
        while True:
            self._run()  # a signal does not break it off
            with suppress(Empty):
                ended.get(timeout=every)
                return

    def _check(self) -> None:
        now = timezone.now()
        late = [f"late: {name}" for name in jobs.late(now=now)]
        if left := background.waiting(now=now, for_longer_than=PATIENCE):
            late.append(f"tasks without a worker: {left.number}, since {left.since:%Y-%m-%d %H:%M}")
        for name, at in jobs.last_runs().items():
            self.stdout.write(f"{name}: {timezone.localtime(at):%Y-%m-%d %H:%M:%S}")
        failed = background.failed(since=now - timedelta(days=1))
        self.stdout.write(f"tasks that failed within a day: {failed}")
        if late:
            raise CommandError("; ".join(late))
