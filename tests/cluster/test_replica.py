"""DATABASE_REPLICA_URL: the service beside a PostgreSQL and a real replica of it, which is told to
fall behind."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.servers import NoPostgres, Postgres, Replica

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds for a replica to have what was written
pytestmark = [pytest.mark.cluster, pytest.mark.slow]

BEGIN = """
import json
from django.db import transaction
from django.utils import timezone
from api.services.coupons import claiming, effect, mine
from api.services.coupons.claiming import Wanted
from tests.support.factories import AccountFactory, CouponFactory

def claimed():
    return effect.of_coupons(list(Coupon.objects.all()))[Coupon.objects.get().pk].claimed
"""
CLAIM = """
now, account = timezone.now(), Account.objects.get()
claiming.claim(Wanted(Coupon.objects.get().pk, False), account_id=account.pk, now=now)
own = mine.coupons(account_id=account.pk, now=now, status=None, page=1, page_size=10)
with transaction.atomic():
    within = claimed()
print(json.dumps({"own": own.count, "report": claimed(), "within": within}))
"""


class Pair:
    """A database with one claimable coupon and one account, and its replica."""

    def __init__(self, place: Path) -> None:
        for name in ("one", "two"):
            (place / name).mkdir()
        self.primary = Postgres(place / "one")
        self.said("", "migrate", "--verbosity=0")
        self.said("AccountFactory(); CouponFactory(claimable=True); print(json.dumps(None))")
        self.replica = Replica(place / "two", self.primary)

    def said(self, code: str, *command: str) -> Any:
        """What the code prints, in a process of the service; `errors` has what that logged."""
        arguments = command or ("shell", "--verbosity=0", "--command", BEGIN + code)
        ran = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=os.environ | self._environment(),
            capture_output=True,
            text=True,
        )
        assert not ran.returncode, ran.stderr
        self.errors = ran.stderr
        return json.loads(ran.stdout) if ran.stdout else None

    def _environment(self) -> dict[str, str]:
        replica = getattr(self, "replica", None)
        return {
            "DATABASE_URL": self.primary.url,
            "DATABASE_REPLICA_URL": replica.url if replica else "",
            "DEBUG": "on",
            "DJANGO_SETTINGS_MODULE": "luffy.settings",
            "ENV_FILE": os.devnull,
            "REDIS_URL": "embedded",
        }


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)  # PostgreSQL's user must get to its data
        try:
            pair = Pair(place)
        except NoPostgres as reason:
            pytest.skip(str(reason))
        yield pair
        pair.replica.end()
        pair.primary.end()


def test_a_report_may_be_old_and_what_one_has_just_done_may_not(pair: Pair) -> None:
    pair.replica.pause()
    assert pair.said(CLAIM) == {"own": 1, "report": 0, "within": 1}

    pair.replica.resume()
    give_up = time.monotonic() + PATIENCE
    while pair.said("print(json.dumps(claimed()))") != 1:
        assert time.monotonic() < give_up
    assert not pair.errors


def test_a_replica_that_is_away_is_left_alone_and_all_is_read_from_the_database(pair: Pair) -> None:
    pair.replica.kill()
    try:
        assert pair.said("print(json.dumps([claimed(), claimed()]))") == [1, 1]
        assert pair.errors.count("the replica is left alone for a while") == 1
    finally:
        pair.replica.start()
