"""`manage.py payments`: asks the gateways for payments whose notification did not come."""

from typing import Any

from django.core.management import BaseCommand
from django.utils import timezone

from api.services.payments import asking


class Command(BaseCommand):
    help = "Asks the gateways for payments whose notification did not come"

    def handle(self, **options: Any) -> None:
        told = asking.ask_waiting(now=timezone.now())
        self.stdout.write(
            f"{told.asked} payments asked for: {told.paid} paid, {told.closed} closed; "
            f"{told.silent} without an answer"
        )
