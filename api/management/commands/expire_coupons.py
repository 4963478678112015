"""`manage.py expire_coupons`: for cron, after midnight; safe at any time, and twice."""

from typing import Any

from django.core.management import BaseCommand, CommandParser
from django.utils import timezone

from api.services import expiry


class Command(BaseCommand):
    help = "把有效期已过的未使用优惠券记录设为“已过期”"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be set, and set nothing"
        )

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        today = timezone.localdate()
        total = 0
        for case in expiry.over(today):
            number = expiry.unused(case) if dry_run else expiry.expire(case)
            total += number
            self.stdout.write(f"{case.coupon.pk} {case.coupon}: {number}张")
        done = "将设为已过期（未执行）" if dry_run else "已设为已过期"
        self.stdout.write(f"{today}: {done}，共{total}张")
