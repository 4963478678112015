"""`manage.py audit`: does the database hold together? It changes nothing unless told to."""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from api.services import audit


class Command(BaseCommand):
    help = "Names each row that does not agree with the others; exit status 1 if there is one"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help="set the counters of coupons that are miscounted"
        )

    def handle(self, *, repair: bool, **options: Any) -> None:
        left = 0
        for wrong in audit.miscounted():
            repaired = repair and audit.recount(wrong.coupon_id)
            left += not repaired
            self.stdout.write(f"{wrong}: {'repaired' if repaired else 'WRONG'}")
        for finding in audit.findings():
            left += 1
            self.stdout.write(f"{finding}: WRONG")
        if left:
            raise CommandError(f"wrong: {left}")
        self.stdout.write("all of it holds")
