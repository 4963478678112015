"""kill -9 at every line of archiving and of putting back: no row is lost, whoever
runs it again has each of them once, and nothing has to be cleared up. On PostgreSQL, which both the
process that dies and the one that comes after it can see."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from api.models import ArchivedFile, ShopEvent, WebhookDelivery
from api.services import audit
from api.services.archive import checking, files, moving, restoring
from tests.support.archives import (
    BEFORE,
    LONG_AGO,
    NOW,
    deliver,
    in_files,
    in_tables,
    paid_order,
)
from tests.support.consumers import endpoint
from tests.support.crashes import INTO_FILES, killed_at_every_line

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="a process of its own sees it"),
]
STEPS = ("api/services/archive/",)


@pytest.fixture
def folders(settings: Any, tmp_path: Path) -> Callable[[], Path]:
    """Each time another folder, of which the database knows nothing."""
    made: list[Path] = []

    def another() -> Path:
        ArchivedFile.objects.all().delete()
        made.append(tmp_path / f"{len(made)}")
        settings.ARCHIVE_DIR = made[-1]
        return made[-1]

    return another


def old_rows() -> list[str]:
    """Adds an order's, with a delivery; gives all that is there."""
    order = paid_order()
    told = endpoint(enabled=False)
    deliver(order.events.get(kind="order.paid"), told, WebhookDelivery.Status.DEAD)
    ShopEvent.objects.create(kind="coupon.claimed", at=LONG_AGO, data={}, pending=False)
    return in_tables()


def archive() -> None:
    list(moving.archive(before=BEFORE, now=NOW))


def test_archiving(folders: Callable[[], Path]) -> None:
    now: dict[str, Any] = {}

    def make() -> Callable[[], Any]:
        now.update(place=folders(), rows=old_rows())
        return archive

    died = []
    for where in killed_at_every_line(STEPS, make, INTO_FILES):
        died.append(where)
        place, rows = now["place"], now["rows"]
        # What is in no table is in a file that has been on the disk since before.
        gone = set(rows) - set(in_tables())
        assert gone <= {*in_files(place), *in_files(place, f"*{files.PART}")}, where
        archive()
        assert in_tables() == [], where
        assert in_files(place) == rows, where
        assert list(checking.wrong()) == [], where
        assert not [path for path in place.iterdir() if path.suffix not in (".gz", ".ndjson")]
        assert [str(one) for one in (*audit.miscounted(), *audit.findings())] == [], where
    assert len(died) > 40, died  # the lines are found


def test_putting_back(folders: Callable[[], Path]) -> None:
    now: dict[str, Any] = {}

    def make() -> Callable[[], Any]:
        now.update(place=folders(), rows=old_rows())
        archive()
        now["names"] = files.names(now["place"])
        return put_back

    def put_back() -> None:
        for name in now["names"]:
            restoring.restore(name, now=NOW)

    died = []
    for where in killed_at_every_line(STEPS, make, INTO_FILES):
        died.append(where)
        put_back()
        assert in_tables() == now["rows"], where
        assert in_files(now["place"]) == now["rows"], where
        assert list(checking.wrong()) == [], where
        archive()  # for the next one
    assert len(died) > 12, died
