"""`manage.py reconcile`: a day's bills of the gateways, line by line beside what the shop has; safe
at any time, and twice."""

from datetime import date, timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from api.errors import ChannelUnavailable, GatewayOutOfReach
from api.gateways.base import BillAbsent, BillUnreadable
from api.gateways.channels import CHANNELS, gateway_of
from api.models import Bill
from api.services.reconciling.fetching import reconcile
from api.services.reconciling.judging import OPEN

FIRST_DAY = date(2000, 1, 1)  # no gateway has a bill from before


class Command(BaseCommand):
    help = "Fetches a day's bills and names what differs; exit status 1 if something does"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--day", type=date.fromisoformat, metavar="YYYY-MM-DD", help="yesterday if left out"
        )
        parser.add_argument("--channel", choices=CHANNELS, help="every one if left out")

    def handle(self, *, day: date | None, channel: str | None, **options: Any) -> None:
        today = timezone.localdate()
        day = day or today - timedelta(days=1)
        if not FIRST_DAY <= day <= today:
            raise CommandError(f"--day must be a day from {FIRST_DAY} to today: {day}")
        channels = [channel] if channel else [one for one in CHANNELS if gateway_of(one)]
        well = [self._reconciled(one, day) for one in channels]
        if not channels:
            raise CommandError("no channel has a merchant")
        if not all(well):
            raise CommandError("not all of it balances")

    def _reconciled(self, channel: str, day: date) -> bool:
        """Whether all of it balances, or was settled."""
        try:
            bill = reconcile(channel, day, now=timezone.now())
        except ChannelUnavailable:
            raise CommandError(f"{channel} has no merchant") from None
        except BillAbsent:
            self.stdout.write(f"{channel} {day}: there is no bill (yet)")
            return False
        except BillUnreadable as error:
            self.stdout.write(f"{channel} {day}: the bill cannot be read: {error}")
            return False
        except GatewayOutOfReach:
            self.stdout.write(f"{channel} {day}: the gateway does not answer; the log says why")
            return False
        self._tell(bill)
        return not bill.unsettled

    def _tell(self, bill: Bill) -> None:
        self.stdout.write(
            f"{bill.channel} {bill.day}: 平 {bill.balanced}, 长款 {bill.surplus}, "
            f"短款 {bill.shortage}, 金额不符 {bill.mismatched}; to be settled {bill.unsettled}; "
            f"received {bill.received}, refunded {bill.refunded}"
        )
        for line in bill.lines.filter(OPEN).order_by("pk"):
            self.stdout.write(
                f"  {line.get_result_display()} {line.get_kind_display()} {line}: "
                f"gateway {line.amount}, own {line.own_amount}"
            )
