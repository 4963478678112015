"""Claiming one coupon that everybody wants: how many claims a second while there are pieces, and
what a crowd sees that comes for a hundred of them."""

import json
from statistics import median

from django.db import connection
from redis import Redis

from api.models import Account, Coupon, CouponRecord, UserAuthToken
from benchmarks import report
from benchmarks.calls import Call, check
from benchmarks.gunicorn import Busy, keep_clients_busy, serving
from benchmarks.place import REDIS_URL, PlaceError
from tests.support.factories import CouponFactory

CLIENTS, SECONDS, MOST = 32, 10, 1_000  # MOST: claims a second that there are accounts for
CROWD, PIECES, EACH = 5_000, 100, 2
LEAST = 300
REFUSED = {3003, 3004}  # none are left; this account has had its own
HEAD = ("32 clients", "Claims", "Records", "Requests/s", "Median, ms", "99th percentile, ms")


def run(redis: Redis) -> str:
    """Measures, for a minute; the report."""
    if connection.vendor != "postgresql":
        raise PlaceError("claiming is measured on a PostgreSQL: set BENCH_DATABASE_URL")
    hot = CouponFactory(claimable=True, quantity=10**6)
    wanted = CouponFactory(claimable=True, quantity=PIECES)
    with serving(REDIS_URL, workers=2) as port:  # as many as are started by default
        enough = _claims(hot, _accounts(MOST * SECONDS, "one"))
        plenty = keep_clients_busy(port, enough, seconds=SECONDS)
        too_many = _claims(wanted, _accounts(CROWD, "many") * EACH)
        crowd = keep_clients_busy(port, too_many, seconds=3600, check=_check_crowd)
    for coupon, number in ((hot, len(plenty.latencies)), (wanted, PIECES)):
        coupon.refresh_from_db()
        records = CouponRecord.objects.filter(coupon=coupon).count()
        if not records == coupon.issued == number:
            raise AssertionError(f"{records} records, counted {coupon.issued}, of {number}")
    rows = [
        _row("there are enough", plenty, len(plenty.latencies)),
        _row(f"{CROWD:,} accounts come {EACH} times for {PIECES}", crowd, PIECES),
    ]
    return "\n\n".join(
        [
            report.place(redis),
            report.table(HEAD, rows),
            report.ratio("claims a second", plenty.rate, at_least=LEAST),
        ]
    )


def _accounts(number: int, name: str) -> list[str]:
    """Their tokens."""
    accounts = Account.objects.bulk_create(
        Account(username=f"{name}-{at}", password="!") for at in range(number)
    )
    UserAuthToken.objects.bulk_create(
        UserAuthToken(user=account, token=account.username) for account in accounts
    )
    return [account.username for account in accounts]


def _claims(coupon: Coupon, tokens: list[str]) -> list[list[Call]]:
    """Of each client; no two claim for the same account at the same moment."""
    calls = [Call("POST", "/api/coupon/", token, {"couponid": coupon.pk}) for token in tokens]
    return [calls[at::CLIENTS] for at in range(CLIENTS)]


def _check_crowd(body: bytes) -> None:
    if json.loads(body)["code"] not in REFUSED:
        check(body)


def _row(what: str, busy: Busy, records: int) -> list[str]:
    return [
        what,
        f"{len(busy.latencies):,}",
        f"{records:,}",
        report.per_second(busy.rate),
        report.milliseconds(median(busy.latencies)),
        report.milliseconds(report.percentile(busy.latencies, 99)),
    ]
