"""POST /api/coupon/ with a one-time code, and how such codes are made (contract §11)."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.models import Coupon, CouponCode, CouponRecord, CouponRecordEvent, IssueBatch, ShopEvent
from api.rules.one_time_codes import ALPHABET
from api.services import jobs
from api.services.coupons import codes, making_codes
from api.services.coupons.lifecycle import SERVICE
from api.services.coupons.making_codes import ExportedBefore, StillMaking, TakenBack
from api.services.coupons.refusals import CouponOver, CouponPaused, OfNoUse
from tests.api.test_claiming import (
    CLAIMED_OUT,
    LIMIT,
    NOT_NOW,
    NOT_THERE,
    STOPPED,
    URL,
    claim,
    of_a_deleted_course,
    refused,
    too_many,
)
from tests.conftest import Customer
from tests.support import codes as making
from tests.support.factories import CouponFactory, CouponRecordFactory
from tests.support.tasks import tasks, work_off

pytestmark = pytest.mark.django_db
LATER = {"open_date": dt.date(2999, 1, 1), "close_date": dt.date(2999, 1, 2)}


def wrong(code: str) -> str:
    """The code with another character, which its check does not let through."""
    other = next(one for one in ALPHABET if one != code[0])
    return other + code[1:]


# --- Claiming -------------------------------------------------------------------------------------


def test_a_code_gives_its_coupon_once(alice: Customer, bob: Customer):
    coupon = CouponFactory(name="大促")
    code, other = making.codes(coupon, 2)
    assert claim(alice, code=code)["name"] == "大促"
    record = CouponRecord.objects.get()
    used = CouponCode.objects.get(record=record)
    coupon.refresh_from_db()
    assert (record.account, record.claim_no, record.batch) == (alice.account, 1, used.batch)
    assert (used.tail, coupon.issued) == (code[-4:], 1)
    assert CouponRecordEvent.objects.get().reason == "凭兑换码领取"
    assert ShopEvent.objects.get().kind == "coupon.claimed"
    assert refused(bob, code=code) == NOT_THERE
    assert refused(alice, code=code) == NOT_THERE
    claim(bob, code=other)


@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", " "), str.title])
def test_it_is_read_as_people_type_it(alice: Customer, typed: Any):
    (code,) = making.codes(CouponFactory())
    claim(alice, code=f" {typed(code)} ")


def test_a_code_that_nobody_made_is_no_coupons_and_neither_is_a_slip(alice: Customer):
    (code,) = making.codes(CouponFactory())
    assert refused(alice, code=wrong(code)) == NOT_THERE
    assert refused(alice, code=code[1:]) == NOT_THERE
    assert refused(alice, code=CouponCode.objects.get().code) == NOT_THERE
    CouponCode.objects.all().delete()
    assert refused(alice, code=code) == NOT_THERE


def test_a_code_that_was_taken_back_is_no_coupons(alice: Customer):
    (code,) = making.codes(CouponFactory())
    IssueBatch.objects.update(taken_back_at=timezone.now())
    assert refused(alice, code=code) == NOT_THERE


def test_a_shared_code_that_looks_like_a_one_time_code_works(alice: Customer):
    (looks,) = making.codes(CouponFactory())
    CouponCode.objects.all().delete()
    coupon = CouponFactory(code=looks.replace("-", ""))
    assert claim(alice, code=looks.replace("-", ""))["name"] == coupon.name


REASONS: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"paused": True}, STOPPED),
    (LATER, NOT_NOW),
    ({}, LIMIT),  # all are gone, too
]


@pytest.mark.parametrize("first", range(len(REASONS)))
def test_of_several_reasons_the_first_is_told_and_the_code_stays(alice: Customer, first: int):
    coupon = CouponFactory()
    (code,) = making.codes(coupon)
    CouponRecordFactory(account=alice.account, coupon=coupon)
    facts = {field: value for own, _ in REASONS[first:] for field, value in own.items()}
    Coupon.objects.update(quantity=1, **facts)
    assert refused(alice, code=code) == REASONS[first][1]
    assert CouponCode.objects.get().record is None


def test_a_code_takes_its_piece_when_it_is_claimed(alice: Customer, bob: Customer):
    coupon = CouponFactory(quantity=1)
    one, two = making.codes(coupon, 2)
    coupon.refresh_from_db()
    assert coupon.issued == 0
    claim(alice, code=one)
    assert refused(bob, code=two) == CLAIMED_OUT


def test_used_before_any_other_reason_is_told(alice: Customer, bob: Customer):
    coupon = CouponFactory()
    (code,) = making.codes(coupon)
    claim(alice, code=code)
    Coupon.objects.update(paused=True, quantity=1, **LATER)
    assert refused(alice, code=code) == NOT_THERE


def test_wrong_ones_run_out_also_those_that_no_code_can_be(
    alice: Customer, bob: Customer, settings: Any
):
    settings.CODE_GUESSES_PER_MINUTE = 3
    one, two = making.codes(CouponFactory(), 2)
    claim(bob, code=one)
    for guess in (wrong(two), one, "X"):  # a slip, a used one, no code at all
        assert refused(alice, code=guess) == NOT_THERE
    assert too_many(alice.post(URL, {"code": two}))
    assert CouponCode.objects.filter(record=None).count() == 1


def test_under_a_key_the_same_code_is_claimed_once(alice: Customer):
    (code,) = making.codes(CouponFactory())
    key = {"HTTP_IDEMPOTENCY_KEY": "k1"}
    first = alice.post(URL, {"code": code}, **key).json()
    assert first["code"] == 1000
    assert alice.post(URL, {"code": code}, **key).json() == first


def test_it_costs_one_statement_more_than_a_shared_code(alice: Customer, bob: Customer):
    CouponFactory(code="SPRING", per_account=9)
    (code,) = making.codes(CouponFactory())
    claim(alice, code="SPRING")  # what is asked once in a process
    with CaptureQueriesContext(connection) as shared:
        claim(bob, code="SPRING")
    with CaptureQueriesContext(connection) as one_time:
        claim(bob, code=code)
    assert len(one_time) == len(shared) + 1


def test_a_deleted_accounts_code_is_not_free_again(alice: Customer, bob: Customer):
    (code,) = making.codes(CouponFactory())
    claim(alice, code=code)
    alice.account.delete()
    assert refused(bob, code=code) == NOT_THERE


def test_a_code_is_given_to_one_record_and_none_once_it_was_taken_back():
    batch = making.made(CouponFactory(), 2)
    used, taken_back = batch.codes.order_by("serial").values_list("pk", flat=True)
    record, other = CouponRecordFactory.create_batch(2)
    assert codes.use(used, record)
    assert not codes.use(used, other)
    IssueBatch.objects.update(taken_back_at=timezone.now())
    assert not codes.use(taken_back, other)
    assert list(batch.codes.order_by("serial").values_list("record", flat=True)) == [
        record.pk,
        None,
    ]


def test_a_code_and_a_record_belong_to_each_other_alone():
    batch = making.made(CouponFactory(), 2)
    record = CouponRecordFactory()
    with pytest.raises(IntegrityError):
        batch.codes.update(record=record)


# --- Making ---------------------------------------------------------------------------------------


def test_they_are_made_in_the_background(alice: Customer):
    batch = making.ordered(CouponFactory(), 3)
    assert (batch.made, CouponCode.objects.count()) == (0, 0)
    assert tasks() == [("coupons.make_codes", [batch.pk], "READY")]
    work_off()
    batch.refresh_from_db()
    assert (batch.made, CouponCode.objects.count()) == (3, 3)


def test_what_the_task_left_over_the_job_makes():
    batch = making.ordered(CouponFactory(), 3)
    ran = {one.name: one.number for one in jobs.run(now=timezone.now())}
    assert ran["make coupon codes"] == 3
    assert CouponCode.objects.filter(batch=batch).count() == 3
    assert making_codes.make_waiting() == 0


def test_who_is_interrupted_goes_on_where_he_was(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(making_codes, "CHUNK", 2)
    coupon = CouponFactory()
    batch, undisturbed = making.ordered(coupon, 5), making.ordered(coupon, 5)
    IssueBatch.objects.update(seed="ab" * 32)
    stored, calls = making_codes.stored, []

    def dies(code: str) -> str:
        calls.append(code)
        if len(calls) == 4:
            raise MemoryError
        return stored(code)

    monkeypatch.setattr(making_codes, "stored", dies)
    with pytest.raises(MemoryError):
        making_codes.go_on(batch.pk)
    batch.refresh_from_db()
    assert (batch.made, batch.codes.count()) == (2, 2)
    monkeypatch.setattr(making_codes, "stored", stored)
    assert making_codes.go_on(batch.pk) == 3
    assert making_codes.go_on(batch.pk) == 0
    assert list(batch.codes.order_by("serial").values_list("serial", flat=True)) == [1, 2, 3, 4, 5]
    first = making.codes_of(batch)
    CouponCode.objects.all().delete()
    making_codes.go_on(undisturbed.pk)
    assert making.codes_of(undisturbed) == first


def test_nothing_tells_the_codes_once_they_are_exported():
    batch = making.made(CouponFactory(), 2)
    one, two = making.codes_of(batch)
    assert one != two
    assert IssueBatch.objects.get().seed == ""
    kept = str(list(CouponCode.objects.values()) + list(IssueBatch.objects.values()))
    for code in (one, two):
        assert code not in kept
        assert code.replace("-", "") not in kept
    assert CouponCode.objects.get(serial=1).code == codes.stored(one.replace("-", ""))


def test_they_are_exported_once_when_all_are_there():
    batch = making.ordered(CouponFactory(), 2)
    with pytest.raises(StillMaking, match="0 / 2"):
        making.codes_of(batch)
    making_codes.go_on(batch.pk)
    assert len(making.codes_of(batch)) == 2
    with pytest.raises(ExportedBefore):
        making.codes_of(batch)


def test_what_was_taken_back_is_neither_exported_nor_made_any_further():
    batch = making.ordered(CouponFactory(), 2)
    IssueBatch.objects.update(taken_back_at=timezone.now())
    assert (making_codes.go_on(batch.pk), making_codes.make_waiting()) == (0, 0)
    with pytest.raises(TakenBack):
        making.codes_of(batch)


def test_codes_that_were_printed_years_ago_are_still_those_of_their_seed():
    """Another way from the seed to the codes, or to what is kept of them, would make waste paper of
    all that are in people's hands."""
    assert codes.stored("23456789ACDEFHJK") == (
        "bc52378c17cbb8f169cd1cb9a4bdabf1470db58b2a83b4a0140bd246485062d0"
    )
    batch = making.ordered(CouponFactory(), 2)
    IssueBatch.objects.update(seed="ab" * 32)
    making_codes.go_on(batch.pk)
    assert making.codes_of(batch) == ["HT5A-593C-9482-27P7", "9Y9M-YH3H-M4M4-FM2J"]


def test_one_order_tried_twice_is_one_batch():
    coupon, now = CouponFactory(), timezone.now()
    tried = [
        making_codes.start(coupon.pk, 2, note="", key="k", now=now, by=SERVICE) for _ in range(2)
    ]
    assert tried[0] == tried[1] == IssueBatch.objects.get()
    assert len(tasks()) == 1


@pytest.mark.parametrize("number", [0, -1, 100_001])
def test_so_many_are_not_made(number: int):
    with pytest.raises(ValueError, match=str(number)):
        making.ordered(CouponFactory(), number)
    assert not IssueBatch.objects.exists()


@pytest.mark.parametrize("number", [1, 100_000])
def test_the_fewest_and_the_most_that_can_be_ordered(number: int):
    assert making.ordered(CouponFactory(), number).number == number


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda: CouponFactory(paused=True), CouponPaused),
        (
            lambda: CouponFactory(
                valid_begin_date=dt.date(2020, 1, 1), valid_end_date=dt.date(2020, 1, 2)
            ),
            CouponOver,
        ),
        (of_a_deleted_course, OfNoUse),
    ],
)
def test_for_a_coupon_that_nobody_should_get_none_are_made(make: Any, refusal: type[Exception]):
    with pytest.raises(refusal):
        making.ordered(make(), 1)
    assert not IssueBatch.objects.exists()


def test_what_can_still_be_claimed_by_is_counted(alice: Customer):
    coupon = CouponFactory()
    assert codes.outstanding(coupon) == 0
    one, _ = making.codes(coupon, 2)
    making.ordered(coupon, 5)
    gone = making.made(coupon, 3)
    IssueBatch.objects.filter(pk=gone.pk).update(taken_back_at=timezone.now())
    making.made(CouponFactory(), 9)
    assert codes.outstanding(coupon) == 7
    claim(alice, code=one)
    assert codes.outstanding(coupon) == 6


def test_an_account_gets_as_many_as_it_may_by_whatever_codes(alice: Customer):
    coupon = CouponFactory(per_account=2)
    one, two, three = making.codes(coupon, 3)
    claim(alice, code=one), claim(alice, code=two)
    assert refused(alice, code=three) == LIMIT
