"""What was archived can be put back, and whether the archive is whole can be asked."""

import gzip
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from api.models import ArchivedFile, PaymentNotification, ShopEvent, WebhookDelivery
from api.services.archive import checking, files, moving, restoring
from api.services.archive.files import ArchiveError
from api.services.archive.restoring import Restored
from tests.support.archives import (
    BEFORE,
    LONG_AGO,
    NOW,
    deliver,
    in_files,
    in_tables,
    notify,
    numbers,
    paid_order,
)
from tests.support.consumers import endpoint

pytestmark = pytest.mark.django_db
EVENTS, NOTIFICATIONS = "000001-events.ndjson.gz", "000002-notifications.ndjson.gz"


@pytest.fixture
def place(settings: Any, tmp_path: Path) -> Path:
    settings.ARCHIVE_DIR = tmp_path / "archive"
    return settings.ARCHIVE_DIR


@pytest.fixture
def before(place: Path) -> list[str]:
    """What the tables held before all of it was archived: three rows in EVENTS, and one in
    NOTIFICATIONS."""
    order = paid_order(LONG_AGO + timedelta(microseconds=123_456))
    deliver(order.events.get(kind="order.paid"), endpoint(), WebhookDelivery.Status.DEAD)
    rows = in_tables()
    archive()
    return rows


def archive() -> None:
    list(moving.archive(before=BEFORE, now=NOW))


def restore(name: str) -> Restored:
    return restoring.restore(name, now=NOW)


def said(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("archive", *arguments, stdout=out, **options)
    return out.getvalue()


# --- Back into the tables -------------------------------------------------------------------------


def test_rows_come_back_as_they_were(before: list[str]) -> None:
    assert (restore(EVENTS), restore(NOTIFICATIONS)) == (Restored(3, 0, 0), Restored(1, 0, 0))
    assert in_tables() == before
    assert set(ArchivedFile.objects.values_list("restored_at", flat=True)) == {NOW}
    assert list(checking.wrong()) == []


def test_nobody_is_told_of_them_again(before: list[str]) -> None:
    restore(EVENTS)
    assert not ShopEvent.objects.filter(pending=True).exists()
    assert not WebhookDelivery.objects.filter(status=WebhookDelivery.Status.WAITING).exists()


def test_what_is_there_is_left_as_it_is(before: list[str]) -> None:
    restore(EVENTS)
    ShopEvent.objects.get(kind="order.paid").deliveries.all().delete()
    ShopEvent.objects.filter(kind="order.paid").delete()

    assert restore(EVENTS) == Restored(2, 1, 0)
    assert restore(EVENTS) == Restored(0, 3, 0)


def test_another_row_of_the_same_number_is_not_overwritten(before: list[str]) -> None:
    restore(EVENTS)
    ShopEvent.objects.filter(kind="order.placed").update(kind="order.revived")

    assert restore(EVENTS) == Restored(0, 2, 1)
    assert ShopEvent.objects.filter(kind="order.revived").count() == 1


def test_a_notification_that_came_again_meanwhile_is_left_out(before: list[str]) -> None:
    again = notify(NOW)

    assert restore(NOTIFICATIONS) == Restored(0, 0, 1)
    assert PaymentNotification.objects.get() == again


def test_what_was_put_back_is_archived_anew(place: Path, before: list[str]) -> None:
    restore(EVENTS)
    restore(NOTIFICATIONS)
    archive()

    assert in_tables() == []
    assert in_files(place, "00000[34]-*.gz") == before
    assert list(checking.wrong()) == []


def test_a_file_that_the_list_alone_knows_can_be_put_back(before: list[str]) -> None:
    """The database is from a backup that is older than the file."""
    ArchivedFile.objects.all().delete()
    assert restore(EVENTS) == Restored(3, 0, 0)


def test_a_column_that_has_gone_since_is_left_out(place: Path, before: list[str]) -> None:
    rows = files.read(place / NOTIFICATIONS)
    rows[0]["fields"]["of_an_older_release"] = 1
    sha256 = files.write(place, NOTIFICATIONS, rows)
    files.seal(place, NOTIFICATIONS)
    ArchivedFile.objects.filter(name=NOTIFICATIONS).update(sha256=sha256)

    assert restore(NOTIFICATIONS) == Restored(1, 0, 0)
    assert restore(NOTIFICATIONS) == Restored(0, 1, 0)
    assert {one for one in before if "paymentnotification" in one} == set(in_tables())


def test_a_file_of_nobodys_is_refused(place: Path, before: list[str]) -> None:
    (place / "000009-events.ndjson.gz").write_bytes((place / EVENTS).read_bytes())

    with pytest.raises(ArchiveError, match="is no file of the archive"):
        restore("000009-events.ndjson.gz")
    assert in_tables() == []


@pytest.mark.parametrize(
    "change", [lambda data: data[:-1], lambda data: data + b"\0", lambda _: b""]
)
def test_a_file_that_is_not_what_was_written_is_refused(
    place: Path, before: list[str], change: Any
) -> None:
    (place / EVENTS).write_bytes(change((place / EVENTS).read_bytes()))

    with pytest.raises(ArchiveError, match="is not what was written"):
        restore(EVENTS)
    assert in_tables() == []


def test_a_file_that_is_gone_is_refused(place: Path, before: list[str]) -> None:
    (place / EVENTS).unlink()

    with pytest.raises(ArchiveError, match="cannot be read: No such file"):
        restore(EVENTS)
    assert in_tables() == []


# --- Is it whole? ---------------------------------------------------------------------------------


def test_a_damaged_file_is_found(place: Path, before: list[str]) -> None:
    (place / EVENTS).write_bytes(b"x")
    assert list(checking.wrong()) == [f"{EVENTS}: is not what was written: its SHA-256 differs"]


def test_a_file_that_cannot_be_read_is_found(place: Path, before: list[str]) -> None:
    (place / EVENTS).write_bytes(b"x")
    line = files.manifest(place)[EVENTS] | {"sha256": files.digest(place / EVENTS)}
    files.note(place, line)
    ArchivedFile.objects.filter(name=EVENTS).update(sha256=line["sha256"])

    [found] = checking.wrong()
    assert found.startswith(f"{EVENTS}: {place / EVENTS} cannot be read")


def test_a_file_with_fewer_rows_is_found(place: Path, before: list[str]) -> None:
    (place / EVENTS).write_bytes(gzip.compress(b"{}\n"))
    line = files.manifest(place)[EVENTS] | {"sha256": files.digest(place / EVENTS)}
    files.note(place, line)
    ArchivedFile.objects.filter(name=EVENTS).update(sha256=line["sha256"])

    assert list(checking.wrong()) == [f"{EVENTS}: has 1 rows, and should have 3"]


def test_what_one_of_folder_list_and_database_does_not_know_is_found(
    place: Path, before: list[str]
) -> None:
    (place / EVENTS).rename(place / "000003-events.ndjson.gz")
    ArchivedFile.objects.filter(name=NOTIFICATIONS).delete()

    assert list(checking.wrong()) == [
        f"{EVENTS}: is not in {place}",
        f"{NOTIFICATIONS}: the database does not know it, and may have its rows",
        "000003-events.ndjson.gz: is not on the list",
        "000003-events.ndjson.gz: the database does not know it, and may have its rows",
    ]


def test_a_file_that_the_database_knows_otherwise_is_found(before: list[str]) -> None:
    ArchivedFile.objects.filter(name=EVENTS).update(sha256="0" * 64)
    assert list(checking.wrong()) == [f"{EVENTS}: the database knows another one"]


# --- The command ----------------------------------------------------------------------------------


def test_the_command_says_what_it_does(place: Path) -> None:
    order = paid_order(timezone.now() - timedelta(days=40))
    day = str(timezone.localdate() - timedelta(days=30))
    rows = in_tables()

    would = said("--before", day, "--dry-run")
    assert would == f"older than {day}, would be archived: 2 events, 1 notifications\n"
    assert said("--before", day).splitlines() == [
        f"{EVENTS}: 2 events",
        f"{NOTIFICATIONS}: 1 notifications",
        f"older than {day}, archived: 2 events, 1 notifications",
    ]
    assert said("--before", day) == f"older than {day}, archived: nothing\n"
    assert said("--check") == "all of it holds\n"
    assert order.events.count() == 0
    assert said("--restore", EVENTS) == f"{EVENTS}: 2 rows put back, 0 were there, 0 left out\n"
    said("--restore", str(place / NOTIFICATIONS))
    assert in_tables() == rows


def test_rows_that_are_left_out_end_it_with_an_error(before: list[str]) -> None:
    notify(NOW)
    with pytest.raises(CommandError, match="another row has the number"):
        said("--restore", NOTIFICATIONS)


def test_what_is_wrong_ends_it_with_an_error(place: Path, before: list[str]) -> None:
    (place / EVENTS).unlink()
    out = StringIO()
    with pytest.raises(CommandError, match=r"^wrong: 1$"):
        call_command("archive", "--check", stdout=out)
    assert out.getvalue() == f"{EVENTS}: is not in {place}: WRONG\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "one of the arguments --before --restore --check is required"),
        (["--before", "2026-13-01"], "invalid fromisoformat value"),
        (["--before", "2999-01-01"], "what is younger than 30 days stays"),
        (["--before", "2026-01-01", "--batch", "0"], "--batch must be at least 1"),
        (["--check", "--dry-run"], "--dry-run belongs to --before"),
        (["--before", "2026-01-01", "--check"], "not allowed with argument"),
        (["--restore", "/elsewhere/000001-events.ndjson.gz"], "is not in ARCHIVE_DIR"),
        (["--restore", "../000001-events.ndjson.gz"], "is not in ARCHIVE_DIR"),
        (["--restore", "000001-events.ndjson.gz"], "is no file of the archive"),
    ],
)
def test_what_cannot_be_done_is_refused(place: Path, arguments: list[str], sentence: str) -> None:
    ShopEvent.objects.create(kind="coupon.claimed", at=LONG_AGO, data={}, pending=False)

    with pytest.raises(CommandError, match=sentence):
        said(*arguments)
    assert numbers() == {"events": 1}


def test_without_a_folder_it_is_refused() -> None:
    with pytest.raises(CommandError, match="ARCHIVE_DIR is not set"):
        said("--check")
