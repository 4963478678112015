"""`manage.py close_orders`: for cron, every minute; safe at any time, twice, and at once."""

from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from api.services import idempotency
from api.services.orders import closing, tidying


class Command(BaseCommand):
    help = "Closes unpaid orders that are out of time, and clears up Redis after orders"

    def handle(self, **options: Any) -> None:
        now = timezone.now()
        closed = closing.close_due(now=now)
        tidied = tidying.tidy_all()
        forgotten = idempotency.forget_old(now=now)
        self.stdout.write(
            f"{closed} orders closed, Redis cleared up for {tidied} accounts, "
            f"{forgotten} idempotency keys forgotten"
        )
