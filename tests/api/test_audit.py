"""`manage.py audit`: what does not agree is named; and the migration that counted first."""

import importlib
from io import StringIO
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from api.models import Coupon, CouponRecord, CouponRecordEvent
from tests.support.factories import AccountFactory, CouponFactory, CouponRecordFactory

pytestmark = pytest.mark.django_db


def run(**options: bool) -> tuple[str, bool]:
    """What it printed, and whether all of it held."""
    out = StringIO()
    try:
        call_command("audit", stdout=out, **options)
    except CommandError:
        return out.getvalue(), False
    return out.getvalue(), True


def record_elsewhere(coupon: Coupon, number: str) -> CouponRecord:
    """As another program writes one."""
    return CouponRecord.objects.create(
        coupon=coupon, number=number, account=AccountFactory(), get_time=timezone.now()
    )


def uncounted(coupon: Coupon, number: str) -> None:
    record = record_elsewhere(coupon, number)
    CouponRecordEvent.objects.create(record=record, to_status=0, at=record.get_time)


def test_it_holds_where_every_record_was_counted() -> None:
    CouponRecordFactory.create_batch(2, coupon=CouponFactory())
    CouponFactory()
    assert run() == ("all of it holds\n", True)


def test_each_coupon_that_is_miscounted_is_named_and_no_other() -> None:
    more, fewer, right = CouponFactory(name="多"), CouponFactory(name="少"), CouponFactory()
    uncounted(more, "A")
    Coupon.objects.filter(pk=fewer.pk).update(issued=3)
    CouponRecordFactory(coupon=right)
    said, held = run()
    assert not held
    assert said == (
        f"coupon {more.pk} 多: issued 0, records 1: WRONG\n"
        f"coupon {fewer.pk} 少: issued 3, records 0: WRONG\n"
    )
    more.refresh_from_db()
    assert more.issued == 0


def test_repair_counts_again_except_beyond_the_quantity() -> None:
    right_after, beyond = CouponFactory(), CouponFactory(quantity=1)
    uncounted(right_after, "A")
    uncounted(beyond, "B")
    uncounted(beyond, "C")
    said, held = run(repair=True)
    assert not held
    assert f"coupon {right_after.pk} {right_after.name}: issued 0, records 1: repaired" in said
    assert "records 2, more than its quantity 1: WRONG" in said
    assert list(Coupon.objects.order_by("pk").values_list("issued", flat=True)) == [1, 0]
    Coupon.objects.filter(pk=beyond.pk).update(quantity=2)
    assert run(repair=True)[1]
    assert run() == ("all of it holds\n", True)


@pytest.mark.parametrize("coupons", [2, 20])
def test_the_queries_do_not_grow(
    coupons: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    CouponRecordFactory.create_batch(coupons)
    limits = 2 if connection.vendor == "postgresql" else 0  # lifted, and set again
    with django_assert_num_queries(15 + limits):
        run()


def test_no_more_can_be_issued_than_there_is() -> None:
    coupon = CouponFactory(quantity=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        Coupon.objects.filter(pk=coupon.pk).update(issued=3)
    assert not Coupon.objects.take(coupon.pk, 3)
    assert Coupon.objects.take(coupon.pk, 2)
    assert not Coupon.objects.take(coupon.pk, 1)


def test_saving_a_coupon_keeps_what_was_issued_meanwhile() -> None:
    coupon = CouponFactory(quantity=5)
    Coupon.objects.take(coupon.pk, 2)
    coupon.name = "双十二"
    coupon.save()
    coupon.refresh_from_db()
    assert (coupon.name, coupon.issued) == ("双十二", 2)


# --- The migration --------------------------------------------------------------------------------

migration = importlib.import_module("api.migrations.0005_count_and_tell_coupon_records")
editor = SimpleNamespace(connection=connection)


def test_the_migration_counts_and_raises_a_quantity_that_was_overrun(
    capsys: pytest.CaptureFixture[str],
) -> None:
    coupon, overrun = CouponFactory(), CouponFactory(name="超发", quantity=1)
    for at in range(3):
        record_elsewhere(overrun, f"A{at}")
    record_elsewhere(coupon, "B")
    migration.count(apps, editor)
    assert list(Coupon.objects.order_by("pk").values_list("issued", "quantity")) == [
        (1, 100),
        (3, 3),
    ]
    assert f"coupon {overrun.pk} 超发: quantity 1 -> 3" in capsys.readouterr().out


def life(record: CouponRecord) -> list[tuple[int | None, int, str]]:
    events = record.events.order_by("id")
    return list(events.values_list("from_status", "to_status", "reason"))


def test_the_migration_tells_of_every_record_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "RECORDS", 2)
    coupon, staff = CouponFactory(), User.objects.create_user("manager")
    records = [record_elsewhere(coupon, f"A{status}") for status in range(4)]
    for status, record in enumerate(records):
        CouponRecord.objects.filter(pk=record.pk).update(status=status)
    unknown = record_elsewhere(coupon, "A9")
    CouponRecord.objects.filter(pk=unknown.pk).update(status=3)
    void = records[3]
    LogEntry.objects.create(
        user=staff,
        content_type=ContentType.objects.get_for_model(CouponRecord),
        object_id=str(void.pk),
        action_flag=CHANGE,
        change_message=f"作废1张（{void.number}）：发错了人",
    )
    for _ in range(2):  # it can be run again
        migration.tell(apps, editor)
    before = migration.BEFORE
    for status, record in enumerate(records[:3]):
        assert life(record) == [(None, status, before)]
        assert record.events.get().at == record.get_time
    assert life(void) == [(None, 0, before), (0, 3, "发错了人")]
    assert void.events.latest("id").staff == staff
    assert life(unknown) == [(None, 3, before)]
    assert CouponRecordEvent.objects.count() == 6
