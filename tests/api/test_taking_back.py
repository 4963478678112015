"""Taking back a batch, or what is in a list: what is unused, in one transaction."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from api.models import Coupon, CouponCode, CouponRecord, CouponRecordEvent, IssueBatch
from api.services.coupons import claiming, issuing, lifecycle, making_codes, taking_back
from api.services.coupons.audiences import Audience
from api.services.coupons.lifecycle import SERVICE, Actor
from api.services.coupons.taking_back import TakenBack
from tests.support import codes as making
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    OrderFactory,
)

pytestmark = pytest.mark.django_db
STATUSES = (0, 0, 1, 2, 3, 4)


def issued(coupon: Coupon, statuses: tuple[int, ...] = STATUSES) -> IssueBatch:
    """A batch whose records have become of these statuses."""
    audience = Audience(tuple(account.pk for account in AccountFactory.create_batch(len(statuses))))
    list(issuing.issue(coupon.pk, audience, now=timezone.now()))
    batch = IssueBatch.objects.latest("pk")
    for record, status in zip(batch.records.order_by("pk"), statuses, strict=True):
        order = OrderFactory(account=record.account) if status in (1, 4) else None
        CouponRecord.objects.filter(pk=record.pk).update(status=status, order=order)
    return batch


def statuses_of(batch: IssueBatch) -> list[int]:
    return list(batch.records.order_by("pk").values_list("status", flat=True))


def take_back(batch: IssueBatch, by: Actor = SERVICE) -> TakenBack:
    return taking_back.take_back_batch(batch.pk, now=timezone.now(), by=by, reason="泄露")


def claimed(code: str, account: Any = None) -> CouponRecord:
    wanted = claiming.wanted(coupon_id=None, code=code)
    who = account or AccountFactory()
    claiming.claim(wanted, account_id=who.pk, now=timezone.now())
    return CouponRecord.objects.latest("pk")


def test_what_is_unused_of_a_batch_becomes_void_and_all_else_stays() -> None:
    coupon, staff = CouponFactory(), User.objects.create_user("m")
    batch, other = issued(coupon), issued(coupon)
    number = CouponRecordEvent.objects.count()
    assert taking_back.standing_of(batch).unused == 2
    assert taking_back.standing_of(batch).staying == 4
    assert take_back(batch, Actor(staff_id=staff.pk)) == TakenBack(2)
    assert statuses_of(batch) == [3, 3, 1, 2, 3, 4]
    assert statuses_of(other) == list(STATUSES)
    told = CouponRecordEvent.objects.order_by("pk")[number:]
    assert [event.record_id for event in told] == list(
        batch.records.order_by("pk").values_list("pk", flat=True)[:2]
    )
    assert {(event.from_status, event.to_status) for event in told} == {(0, 3)}
    assert {(event.staff_id, event.reason) for event in told} == {(staff.pk, "泄露")}
    batch.refresh_from_db(), other.refresh_from_db()
    assert (batch.taken_back_at is None, other.taken_back_at is None) == (False, True)


def test_a_second_time_it_takes_what_was_given_back_since() -> None:
    batch = issued(CouponFactory(), (0, 4))
    assert take_back(batch) == TakenBack(1)
    first = IssueBatch.objects.get().taken_back_at
    assert take_back(batch) == TakenBack(0)
    CouponRecord.objects.filter(status=4).update(status=0, order=None)
    assert take_back(batch) == TakenBack(1)
    assert IssueBatch.objects.get().taken_back_at == first


def test_its_unused_codes_are_nobodys_any_more_and_what_was_claimed_by_others_is_void() -> None:
    coupon = CouponFactory()
    batch = making.made(coupon, 3)
    one, two, _ = making.codes_of(batch)
    record = claimed(one)
    assert record.batch == batch
    found = taking_back.standing_of(batch)
    assert (found.unused, found.codes) == (1, 2)
    assert take_back(batch) == TakenBack(1, 2)
    record.refresh_from_db()
    assert record.status == 3
    assert claiming.wanted(coupon_id=None, code=two).coupon_id is None
    assert taking_back.standing_of(IssueBatch.objects.get()).codes == 0
    assert CouponCode.objects.filter(record=None).count() == 2


def test_several_batches_are_counted_as_each_of_them_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    coupon = CouponFactory()
    records, claimed_by, waiting = issued(coupon), making.made(coupon, 3), making.ordered(coupon, 5)
    claimed(making.codes_of(claimed_by)[0])
    monkeypatch.setattr(making_codes, "CHUNK", 2)
    half_made, gone = making.ordered(coupon, 6), making.made(coupon, 2)
    making_codes._make_chunk(half_made.pk)
    take_back(gone)
    batches = list(IssueBatch.objects.all())
    found = taking_back.standing_of_all(batches)
    order = (records, claimed_by, waiting, half_made, gone)
    assert [found[batch.pk].codes for batch in order] == [0, 2, 5, 6, 0]
    for batch in batches:
        assert found[batch.pk] == replace(taking_back.standing_of(batch), last=0)


def test_codes_that_are_still_being_made_are_not_made() -> None:
    batch = making.ordered(CouponFactory(), 5)
    assert take_back(batch) == TakenBack(0, 5)
    batch.refresh_from_db()
    assert (batch.seed, batch.made) == ("", 0)


def test_records_of_a_list_go_by_id_a_batch_of_rows_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifecycle, "BATCH", 2)
    records = CouponRecordFactory.create_batch(5)
    CouponRecord.objects.filter(pk=records[1].pk).update(status=1)
    later, now = CouponRecordFactory(), timezone.now()
    found = taking_back.standing(CouponRecord.objects.exclude(pk=later.pk))
    assert (found.unused, found.staying, found.last) == (4, 1, records[-1].pk)
    taken = taking_back.take_back(
        CouponRecord.objects.all(), up_to=found.last, now=now, by=SERVICE, reason="泄露"
    )
    assert taken == TakenBack(4)
    # What came after he had looked stays.
    statuses = CouponRecord.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [3, 1, 3, 3, 3, 0]


def test_of_no_records_nothing_is_taken_back() -> None:
    CouponRecordFactory()
    found = taking_back.standing(CouponRecord.objects.none())
    assert (found.unused, found.staying, found.codes, found.last) == (0, 0, 0, 0)


def test_whatever_fails_at_the_end_leaves_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "BATCH", 1)
    batch = issued(CouponFactory(), (0, 0, 0))
    change, calls = lifecycle._change, []

    def dies(*args: Any, **kwargs: Any) -> bool:
        calls.append(args)
        if len(calls) == 3:
            raise MemoryError
        return change(*args, **kwargs)

    monkeypatch.setattr(lifecycle, "_change", dies)
    with pytest.raises(MemoryError):
        take_back(batch)
    batch.refresh_from_db()
    assert (statuses_of(batch), batch.taken_back_at) == ([0, 0, 0], None)


def test_it_costs_the_same_for_many_as_for_few(django_assert_num_queries: Any) -> None:
    few, many = issued(CouponFactory(), (0, 0)), issued(CouponFactory(), (0,) * 20)
    # The batch, its lock, its mark, the records' lock, their change, their
    # events, and that there are no more; and a transaction with savepoints within.
    with django_assert_num_queries(15):
        take_back(few)
    with django_assert_num_queries(15):
        take_back(many)
