"""`manage.py payments`: asks the gateways for payments whose notification did not come, and goes on
with refunds that were interrupted."""

from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from api.services.payments import asking
from api.services.refunds import sending


class Command(BaseCommand):
    help = "Asks for payments whose notification did not come, goes on with refunds under way"

    def handle(self, **options: Any) -> None:
        now = timezone.now()
        told = asking.ask_waiting(now=now)
        self.stdout.write(
            f"{told.asked} payments asked for: {told.paid} paid, {told.closed} closed; "
            f"{told.silent} without an answer"
        )
        sent = sending.send_waiting(now=now)
        self.stdout.write(f"{sent.done} refunds done, {sent.waiting} under way")
