"""`manage.py expire_coupons`: records whose time is over, by the settlement's own rule."""

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from api.models import CouponRecord
from api.services.coupons import expiry, lifecycle
from api.services.coupons.holdings import held_by
from tests.support.factories import AccountFactory, CouponFactory, CouponRecordFactory

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
SHOP = timezone.get_default_timezone()


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> dt.date:
    noon = dt.datetime(2026, 11, 22, 12, tzinfo=SHOP)
    monkeypatch.setattr(timezone, "now", lambda: noon)
    return noon.date()


def run(**options: bool) -> str:
    out = StringIO()
    call_command("expire_coupons", stdout=out, **options)
    return out.getvalue()


def status_of(record: CouponRecord) -> int:
    record.refresh_from_db()
    return record.status


def by_dates(today: dt.date, last: int) -> CouponRecord:
    return CouponRecordFactory(
        coupon__valid_begin_date=today - 30 * DAY, coupon__valid_end_date=today + last * DAY
    )


def by_days(received: dt.datetime, days: int) -> CouponRecord:
    return CouponRecordFactory(
        coupon=CouponFactory(valid_begin_date=None, valid_end_date=None, coupon_valid_days=days),
        get_time=received,
    )


def test_fixed_dates_are_over_the_day_after_the_last(today: dt.date) -> None:
    yesterday, still, later = (by_dates(today, last) for last in (-1, 0, 1))
    run()
    assert [status_of(record) for record in (yesterday, still, later)] == [2, 0, 0]


def test_days_after_receipt_are_counted_in_the_shops_time_zone(today: dt.date) -> None:
    over = by_days(dt.datetime(2026, 11, 15, 23, 59, 59, tzinfo=SHOP), 7)
    still = by_days(dt.datetime(2026, 11, 16, 0, 0, tzinfo=SHOP), 7)
    run()
    assert [status_of(over), status_of(still)] == [2, 0]


def test_both_days_of_one_coupon_are_told_apart(today: dt.date) -> None:
    over = by_days(dt.datetime(2026, 11, 15, 12, tzinfo=SHOP), 7)
    still = CouponRecordFactory(
        coupon=over.coupon, get_time=dt.datetime(2026, 11, 16, 12, tzinfo=SHOP)
    )
    run()
    assert [status_of(over), status_of(still)] == [2, 0]


@pytest.mark.parametrize(
    "received", [dt.time(0, 0), dt.time(0, 0, 0, 1), dt.time(23, 59, 59, 999_999)], ids=str
)
def test_a_record_received_at_the_first_or_last_moment_of_its_day_expires_with_it(
    today: dt.date, received: dt.time
) -> None:
    last = dt.datetime.combine(dt.date(2026, 11, 15), received, SHOP)
    over = by_days(last, 7)
    still = CouponRecordFactory(coupon=over.coupon, get_time=last + DAY)
    run()
    assert [status_of(over), status_of(still)] == [2, 0]


def test_the_first_and_the_last_moment_of_a_day_belong_to_it(today: dt.date) -> None:
    first = by_days(dt.datetime(2026, 11, 15, 0, 0, tzinfo=SHOP), 7)
    last, next_day = (
        CouponRecordFactory(coupon=first.coupon, get_time=moment)
        for moment in (
            dt.datetime(2026, 11, 15, 23, 59, 59, 999_999, tzinfo=SHOP),
            dt.datetime(2026, 11, 16, 0, 0, tzinfo=SHOP),
        )
    )
    run()
    assert [status_of(record) for record in (first, last, next_day)] == [2, 2, 0]


@pytest.mark.parametrize("status", [1, 2, 3, 4])
def test_only_unused_records_expire(today: dt.date, status: int) -> None:
    record = by_dates(today, -1)
    CouponRecord.objects.update(status=status)
    assert "records set to expired: 0" in run()
    assert status_of(record) == status


@pytest.mark.parametrize("end", [None, dt.date(2027, 1, 1)])
def test_a_record_that_has_no_days_at_all_is_over(today: dt.date, end: dt.date | None) -> None:
    record = CouponRecordFactory(coupon__valid_begin_date=None, coupon__valid_end_date=end)
    run()
    assert status_of(record) == 2


def test_what_it_leaves_the_settlement_offers_and_what_it_sets_it_did_not(today: dt.date) -> None:
    account = AccountFactory()
    for ends in range(-3, 4):
        CouponRecordFactory(account=account, coupon__valid_end_date=today + ends * DAY,
                            coupon__valid_begin_date=today - 9 * DAY)  # fmt: skip
        CouponRecordFactory(
            account=account,
            coupon=CouponFactory(valid_begin_date=None, valid_end_date=None, coupon_valid_days=7),
            get_time=dt.datetime(2026, 11, 16, 12, tzinfo=SHOP) + ends * DAY,
        )
    offered = {coupon.record_id for coupon in held_by(account.pk) if coupon.usable_on(today)}
    run()
    left = set(CouponRecord.objects.filter(status=0).values_list("pk", flat=True))
    assert left == offered
    assert len(left) == 8


def test_it_prints_what_it_did_and_a_second_run_does_nothing(today: dt.date) -> None:
    record = by_dates(today, -1)
    first, second = run(), run()
    assert f"coupon {record.coupon_id} {record.coupon}: 1\n" in first
    assert "2026-11-22: records set to expired: 1\n" in first
    assert second == "2026-11-22: records set to expired: 0\n"


def test_a_dry_run_says_the_same_and_changes_nothing(today: dt.date) -> None:
    record = by_dates(today, -1)
    said = run(dry_run=True)
    assert f"coupon {record.coupon_id} {record.coupon}: 1\n" in said
    assert "2026-11-22: records would be set to expired: 1\n" in said
    assert status_of(record) == 0


def test_a_dry_run_counts_every_record_of_a_day(today: dt.date) -> None:
    record = by_dates(today, -1)
    CouponRecordFactory(coupon=record.coupon, get_time=record.get_time)
    CouponRecordFactory(coupon=record.coupon, get_time=record.get_time, status=1)
    CouponRecordFactory(get_time=record.get_time)
    said = run(dry_run=True)
    assert f"coupon {record.coupon_id} {record.coupon}: 2\n" in said
    assert "records would be set to expired: 2\n" in said
    assert said.replace("would be set", "set") == run()


def test_many_records_are_set_in_batches(today: dt.date, monkeypatch: pytest.MonkeyPatch) -> None:
    set_at_once: list[int] = []
    expire = lifecycle.expire

    def noting(*args: Any, **options: Any) -> int:
        set_at_once.append(expire(*args, **options))
        return set_at_once[-1]

    monkeypatch.setattr(lifecycle, "BATCH", 2)
    monkeypatch.setattr(lifecycle, "expire", noting)
    record = by_dates(today, -1)
    CouponRecordFactory.create_batch(4, coupon=record.coupon, get_time=record.get_time)
    assert "records set to expired: 5" in run()
    assert not CouponRecord.objects.exclude(status=2).exists()
    assert set_at_once == [2, 2, 1, 0]


def test_a_batch_stays_far_below_what_a_statement_may_take() -> None:
    assert lifecycle.BATCH == 5_000


def test_a_record_used_between_finding_and_setting_stays_used(
    today: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = by_dates(today, -1)
    for case in expiry.over(today):
        CouponRecord.objects.update(status=1)
        assert expiry.expire(case, now=timezone.now()) == 0
    assert status_of(record) == 1
