"""What nobody needs any more is moved into files, whole, once, and nothing else is."""

import stat
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction

from api.models import (
    ArchivedFile,
    Order,
    PaymentNotification,
    ShopEvent,
    WebhookDelivery,
)
from api.services import audit
from api.services.archive import checking, files, moving
from api.services.archive.files import ArchiveError
from tests.conftest import Customer
from tests.support.archives import (
    BEFORE,
    DAY,
    LONG_AGO,
    MICROSECOND,
    NOW,
    deliver,
    in_files,
    in_tables,
    notify,
    numbers,
    paid_order,
)
from tests.support.at_once import at_once
from tests.support.consumers import endpoint
from tests.support.factories import OrderFactory

pytestmark = pytest.mark.django_db
Status = WebhookDelivery.Status


@pytest.fixture
def place(settings: Any, tmp_path: Path) -> Path:
    settings.ARCHIVE_DIR = tmp_path / "archive"
    return settings.ARCHIVE_DIR


def archived(before: date = BEFORE, **how: Any) -> Counter[str]:
    """Archives, and says how many rows of each sort went."""
    found: Counter[str] = Counter()
    for file in moving.archive(before=before, now=NOW, **how):
        found.update(file.rows)
    return found


def event(at: datetime, order: Order | None = None, **fields: Any) -> ShopEvent:
    told = {"kind": "order.placed", "data": {}, "pending": False} | fields
    return ShopEvent.objects.create(at=at, order=order, **told)


# --- What goes ------------------------------------------------------------------------------------


def test_an_orders_events_its_deliveries_and_notifications_go_as_they_are(place: Path) -> None:
    order, told = paid_order(), endpoint()
    placed, paid = order.events.order_by("pk")
    deliver(placed, told, Status.DELIVERED)
    deliver(paid, told, Status.DEAD)
    before = in_tables()

    assert archived() == {"events": 2, "deliveries": 2, "notifications": 1}
    assert (in_tables(), in_files(place)) == ([], before)
    assert list(checking.wrong()) == []


def test_what_money_and_coupons_are_told_by_stays(place: Path, alice: Customer) -> None:
    order = paid_order()
    Order.objects.filter(pk=order.pk).update(account=alice.account)
    order.details.get().enrolment.__class__.objects.update(account=alice.account)
    before = alice.get("/api/order/").json(), alice.get("/api/enrolled/").json()
    entries = list(order.entries.values_list("amount", flat=True))
    assert archived()["events"] == 2

    assert (alice.get("/api/order/").json(), alice.get("/api/enrolled/").json()) == before
    assert before[0]["data"]["count"] == 1
    assert list(order.entries.values_list("amount", flat=True)) == entries
    assert order.payments.count() == order.details.count() == 1
    assert [str(one) for one in (*audit.miscounted(), *audit.findings())] == []


@pytest.mark.parametrize(
    ("at", "goes"), [(DAY - MICROSECOND, True), (DAY, False), (DAY + MICROSECOND, False)]
)
def test_the_day_begins_at_midnight_in_shanghai(place: Path, at: datetime, goes: bool) -> None:
    event(at)
    notify(at)

    assert archived() == ({"events": 1, "notifications": 1} if goes else {})
    assert numbers() == ({} if goes else {"events": 1, "notifications": 1})


def test_a_notification_is_as_old_as_its_last_time(place: Path) -> None:
    again = notify(LONG_AGO)
    PaymentNotification.objects.filter(pk=again.pk).update(last_seen=DAY)

    assert archived() == {}
    assert PaymentNotification.objects.get() == again


# --- What stays -----------------------------------------------------------------------------------


def test_an_order_that_something_happened_to_since_keeps_all_its_story(place: Path) -> None:
    order = paid_order()
    event(DAY, order, kind="refund.asked")
    before = in_tables()

    assert archived() == {}
    assert in_tables() == before


@pytest.mark.parametrize("status", [1, 2])
def test_an_order_that_is_open_keeps_its_story(place: Path, status: int) -> None:
    event(LONG_AGO, OrderFactory(status=status, pay_time=LONG_AGO))

    assert archived() == {}
    assert ShopEvent.objects.count() == 1


def test_what_was_not_fanned_out_yet_stays_with_all_that_its_order_tells(place: Path) -> None:
    paid_order(told=False)
    order = paid_order()
    order.events.filter(kind="order.paid").update(pending=True)
    before = in_tables()

    assert archived() == {}
    assert in_tables() == before


@pytest.mark.parametrize(
    "change",
    [
        {"status": Status.WAITING},
        {"since": DAY},
        {"status": Status.DELIVERED, "delivered_at": DAY},
    ],
)
def test_what_is_on_its_way_or_was_a_short_while_ago_stays(
    place: Path, change: dict[str, Any]
) -> None:
    order = paid_order()
    mine = deliver(order.events.get(kind="order.paid"), endpoint(), Status.DEAD)
    alone = deliver(event(LONG_AGO, kind="coupon.claimed"), endpoint(), Status.DEAD)
    WebhookDelivery.objects.filter(pk__in=[mine.pk, alone.pk]).update(**change)
    before = in_tables()

    assert archived() == {}
    assert in_tables() == before


def test_what_nobody_signed_is_left_to_its_own_job(place: Path) -> None:
    notify(LONG_AGO, verdict="signature")

    assert archived() == {}
    assert PaymentNotification.objects.count() == 1


@pytest.mark.parametrize(
    ("refund_days", "last"),
    [(7, date(2026, 10, 28)), (30, date(2026, 10, 28)), (40, date(2026, 10, 18))],
)
def test_what_may_still_be_needed_is_refused(
    place: Path, settings: Any, refund_days: int, last: date
) -> None:
    settings.REFUND_DAYS = refund_days
    event(LONG_AGO)
    young = last + timedelta(days=1)

    with pytest.raises(ArchiveError, match=f"the last day is {last}"):
        archived(young)
    with pytest.raises(ArchiveError, match=f"the last day is {last}"):
        moving.would_archive(before=young, now=NOW)
    assert (ShopEvent.objects.count(), ArchivedFile.objects.count()) == (1, 0)
    assert archived(last) == {"events": 1}


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_what_somebody_is_at_work_on_is_left_for_the_next_run(place: Path) -> None:
    busy, free = event(LONG_AGO), event(LONG_AGO)

    def hold() -> Any:
        with transaction.atomic():
            ShopEvent.objects.select_for_update().get(pk=busy.pk)
            yield

    holding = hold()
    next(holding)
    try:
        [found] = at_once(archived)
    finally:
        next(holding, None)
    assert found == {"events": 1}
    assert ShopEvent.objects.get() == busy
    assert archived() == {"events": 1}
    assert not ShopEvent.objects.filter(pk__in=[busy.pk, free.pk]).exists()


def test_what_is_sent_again_while_it_is_being_read_stays(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = deliver(event(LONG_AGO), endpoint(), Status.DEAD)
    take = moving.is_held

    def sent_again(delivery: WebhookDelivery, before: datetime) -> bool:
        delivery.status = Status.WAITING  # as the desk has made it a moment before it was locked
        return take(delivery, before)

    monkeypatch.setattr(moving, "is_held", sent_again)
    assert archived() == {}
    assert WebhookDelivery.objects.get() == mine
    assert in_files(place, "*") == []


# --- Files ----------------------------------------------------------------------------------------


def test_each_batch_is_a_file_which_the_list_and_the_database_know(place: Path) -> None:
    for hours in range(5):
        event(LONG_AGO + timedelta(hours=hours))
    notify(LONG_AGO)

    assert archived(batch=2) == {"events": 5, "notifications": 1}
    names = [f"{number:06}-events.ndjson.gz" for number in (1, 2, 3)]
    names += ["000004-notifications.ndjson.gz"]
    assert files.names(place) == list(files.manifest(place)) == names
    first = ArchivedFile.objects.get(name=names[0])
    assert (first.before, first.rows, first.made_at) == (BEFORE, {"events": 2}, NOW)
    assert (first.begins, first.ends) == (LONG_AGO, LONG_AGO + timedelta(hours=1))
    assert files.manifest(place)[names[0]]["sha256"] == first.sha256
    assert first.sha256 == files.digest(place / names[0])
    assert sorted(path.name for path in place.iterdir()) == [*names, "manifest.ndjson"]


def test_twice_is_once(place: Path) -> None:
    paid_order()
    archived()
    before = in_files(place)

    assert archived() == {}
    assert in_files(place) == before
    assert len(before) == len(set(before)) == 3


def test_the_next_run_goes_on_counting(place: Path) -> None:
    event(LONG_AGO)
    archived(BEFORE)
    event(LONG_AGO)
    (place / "000007-events.ndjson.gz").write_bytes(b"somebody else's")
    archived(BEFORE)

    assert list(ArchivedFile.objects.order_by("pk").values_list("name", flat=True)) == [
        "000001-events.ndjson.gz",
        "000008-events.ndjson.gz",
    ]
    assert (place / "000007-events.ndjson.gz").read_bytes() == b"somebody else's"


def test_only_its_owner_may_read_it(place: Path) -> None:
    event(LONG_AGO)
    archived()

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_no_right_of_the_desk_archives() -> None:
    assert not Permission.objects.filter(content_type__model="archivedfile").exists()


def test_what_cannot_be_written_stays(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    event(LONG_AGO)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(files, "_write", full)
        with pytest.raises(OSError, match="No space left"):
            archived()
    assert (ShopEvent.objects.count(), ArchivedFile.objects.count()) == (1, 0)
    assert archived() == {"events": 1}


def test_without_a_folder_nothing_goes() -> None:
    event(LONG_AGO)

    with pytest.raises(ArchiveError, match="ARCHIVE_DIR is not set"):
        archived()
    assert ShopEvent.objects.count() == 1


def test_a_trial_says_what_a_run_moves_and_changes_nothing(place: Path) -> None:
    order = paid_order()
    deliver(order.events.get(kind="order.paid"), endpoint(), Status.DEAD)
    paid_order(DAY)
    before = in_tables()
    would = moving.would_archive(before=BEFORE, now=NOW, batch=1)

    assert (in_tables(), place.exists()) == (before, False)
    assert not ArchivedFile.objects.exists()
    assert would == archived(batch=1) == {"events": 2, "deliveries": 1, "notifications": 1}
