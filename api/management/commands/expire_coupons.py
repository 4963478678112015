"""`manage.py expire_coupons`: for cron, after midnight; safe at any time, and twice."""

from typing import Any

from django.core.management import BaseCommand, CommandParser
from django.utils import timezone

from api.services.coupons import expiry


class Command(BaseCommand):
    help = "Sets unused coupon records whose time is over to 已过期"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be set, and set nothing"
        )

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        now = timezone.now()
        today = timezone.localdate(now)
        total = 0
        for case in expiry.over(today):
            number = expiry.unused(case) if dry_run else expiry.expire(case, now=now)
            total += number
            self.stdout.write(f"coupon {case.coupon.pk} {case.coupon}: {number}")
        done = "would be set to expired" if dry_run else "set to expired"
        self.stdout.write(f"{today}: records {done}: {total}")
