"""`manage.py audit`: does the database hold together? It changes nothing unless told to."""

from contextlib import nullcontext
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import connection

from api.services import audit


class Command(BaseCommand):
    help = "Names each row that does not agree with the others; exit status 1 if there is one"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help="set the counters of coupons that are miscounted"
        )

    def handle(self, *, repair: bool, **options: Any) -> None:
        # PostgreSQL's (luffy/postgresql): a check of a million rows takes its time.
        without_limits = getattr(connection, "without_limits", nullcontext)
        with without_limits():
            left = self._tell(repair=repair)
        if left:
            raise CommandError(f"wrong: {left}")
        self.stdout.write("all of it holds")

    def _tell(self, *, repair: bool) -> int:
        """Names what is wrong; says how much of it is left so."""
        left = 0
        for wrong in audit.miscounted():
            repaired = repair and audit.recount(wrong.coupon_id)
            left += not repaired
            self.stdout.write(f"{wrong}: {'repaired' if repaired else 'WRONG'}")
        for finding in audit.findings():
            left += 1
            self.stdout.write(f"{finding}: WRONG")
        return left
