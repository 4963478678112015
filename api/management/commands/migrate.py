"""`manage.py migrate`: Django's own, by one process at a time."""

from functools import partial
from typing import Any

from django.core.management.commands import migrate

from utils.alone import WAITING, alone


class Command(migrate.Command):
    """Several servers that start a new version at once may each run it: one migrates, the others
    wait and find nothing to do."""

    def handle(self, *args: Any, **options: Any) -> None:
        if options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            return
        with alone(using=options["database"], waiting=partial(self.stderr.write, WAITING)):
            super().handle(*args, **options)
