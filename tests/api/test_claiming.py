"""GET and POST /api/coupon/: what can be had, and taking it (contract §11)."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from api.models import (
    Coupon,
    CouponRecord,
    CouponRecordEvent,
    CouponRecordStatus,
    DegreeCourse,
    ShopEvent,
)
from tests.conftest import Customer
from tests.support.factories import CouponFactory, CouponRecordFactory, CourseFactory

URL = "/api/coupon/"
DAY = dt.timedelta(days=1)

NOT_THERE = (3001, "优惠券不存在")
NOT_NOW = (3002, "不在领取时间")
CLAIMED_OUT = (3003, "优惠券已领完")
LIMIT = (3004, "已达到领取上限")
STOPPED = (3005, "优惠券已停止发放")


def today() -> dt.date:
    return timezone.localdate()


def public(**coupon: Any) -> Coupon:
    return CouponFactory(claimable=True, **coupon)


def claim(customer: Customer, **body: Any) -> dict[str, Any]:
    """The record."""
    answer = customer.post(URL, body).json()
    assert answer["code"] == 1000, answer
    return answer["data"]


def refused(customer: Customer, **body: Any) -> tuple[int, str]:
    """The refusal, which has changed nothing."""
    before = everything()
    answer = customer.post(URL, body)
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert everything() == before
    return answer.json()["code"], answer.json()["error"]


def everything() -> list[Any]:
    tables = [Coupon, CouponRecord, CouponRecordEvent, ShopEvent]
    return [list(table.objects.order_by("pk").values()) for table in tables]


def offered(client: APIClient) -> list[int]:
    return [coupon["id"] for coupon in client.get(URL).json()["data"]["results"]]


# --- What can be had ------------------------------------------------------------------------------


def test_a_coupon_is_shown_with_its_worth_its_days_and_what_is_left(alice: Customer):
    coupon = public(name="大促", course=CourseFactory(pk=7), quantity=3, per_account=2)
    claim(alice, couponid=coupon.pk)
    assert alice.get(URL).json()["data"]["results"] == [
        {
            "id": coupon.pk,
            "name": "大促",
            "words": "立减40",
            "left": 2,
            "mine": 1,
            "course_id": "7",
            "open_date": coupon.open_date.isoformat(),
            "close_date": coupon.close_date.isoformat(),
        }
    ]


def test_it_is_shown_without_a_token_and_nothing_is_ones_own_then(
    alice: Customer, anonymous: APIClient
):
    coupon = public()
    claim(alice, couponid=coupon.pk)
    (shown,) = anonymous.get(URL).json()["data"]["results"]
    assert (shown["id"], shown["left"], shown["mine"]) == (coupon.pk, 99, 0)


def test_it_comes_by_page_the_newest_first(alice: Customer, anonymous: APIClient):
    first, second, third = (public() for _ in range(3))
    claim(alice, couponid=first.pk)

    head, tail = ({"page_size": 2, "page": page} for page in (1, 2))
    found = [anonymous.get(URL, query).json()["data"] for query in (head, tail)]

    assert [(page["count"], page["next"]) for page in found] == [(3, 2), (3, None)]
    assert [[one["id"] for one in page["results"]] for page in found] == [
        [third.pk, second.pk],
        [first.pk],
    ]
    assert [one["mine"] for one in alice.get(URL, tail).json()["data"]["results"]] == [1]
    assert anonymous.get(URL, {"page": 0}).json()["error"].startswith("page:")


def test_a_wrong_token_is_refused_all_the_same(anonymous: APIClient):
    public()
    assert anonymous.get(URL, HTTP_AUTHORIZATION="Token wrong").status_code == 401
    assert anonymous.get(URL, {"token": "wrong"}).status_code == 401


@pytest.mark.parametrize("word", ["null", "undefined"])
def test_who_is_logged_out_in_javascripts_words_sees_it(anonymous: APIClient, word: str):
    coupon = public()
    for answer in (
        anonymous.get(URL, {"token": word}),
        anonymous.get(URL, HTTP_AUTHORIZATION=word),
        anonymous.get(URL, HTTP_AUTHORIZATION=f"jwt {word}"),
    ):
        assert [shown["id"] for shown in answer.json()["data"]["results"]] == [coupon.pk]


def test_head_is_answered_as_get_is_without_a_body(alice: Customer, anonymous: APIClient):
    for client in (alice, anonymous):
        answer = client.head(URL)
        assert (answer.status_code, answer.content) == (200, b"")
    assert anonymous.head(URL, HTTP_AUTHORIZATION="Token wrong").status_code == 401


def test_nobody_claims_without_a_token(anonymous: APIClient):
    coupon = public()
    assert anonymous.post(URL, {"couponid": coupon.pk}).status_code == 401
    assert not CouponRecord.objects.exists()


def test_what_others_and_other_coupons_had_is_not_ones_own(alice: Customer, bob: Customer):
    coupon, other = public(), public()
    claim(bob, couponid=coupon.pk)
    claim(alice, couponid=other.pk)
    mine = {shown["id"]: shown["mine"] for shown in alice.get(URL).json()["data"]["results"]}
    assert mine == {other.pk: 1, coupon.pk: 0}


def useless(coupon: Coupon) -> Coupon:
    degree = ContentType.objects.get_for_model(DegreeCourse)
    Coupon.objects.filter(pk=coupon.pk).update(content_type=degree, object_id=1)
    return coupon


def of_a_deleted_course() -> Coupon:
    coupon = public(course=CourseFactory())
    Coupon.objects.filter(pk=coupon.pk).update(object_id=999)
    return coupon


# Each with what it answers; the coupon's `code` is ABC where it has one.
REFUSED = {
    "issued at the desk only": (lambda: CouponFactory(), NOT_THERE),
    "with a code, not public": (lambda: CouponFactory(code="ABC"), NOT_THERE),
    "bound to a degree": (lambda: useless(public()), NOT_THERE),
    "bound to a deleted course": (of_a_deleted_course, NOT_THERE),
    "stopped": (lambda: public(paused=True), STOPPED),
    "tomorrow": (lambda: public(open_date=today() + DAY), NOT_NOW),
    "yesterday": (lambda: public(close_date=today() - DAY), NOT_NOW),
    "its use is over": (lambda: public(valid_end_date=today() - DAY, **_LONG_AGO), NOT_NOW),
    "all gone": (lambda: public(quantity=0), CLAIMED_OUT),
}
_LONG_AGO = {"valid_begin_date": dt.date(2020, 1, 1)}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_not_offered(alice: Customer, case: str):
    make, refusal = REFUSED[case]
    coupon = make()
    assert offered(alice) == []
    assert refused(alice, couponid=coupon.pk) == refusal


CLAIMED = {
    "from today": {"open_date": dt.timedelta(0)},
    "until today": {"close_date": dt.timedelta(0)},
    "used until today": {"valid_end_date": dt.timedelta(0), "valid_begin_date": -9 * DAY},
    "used from later on": {"valid_begin_date": 5 * DAY, "valid_end_date": 9 * DAY},
}


@pytest.mark.parametrize("days", CLAIMED.values(), ids=CLAIMED)
def test_on_the_first_and_the_last_day_it_is_offered_and_given(
    alice: Customer, days: dict[str, dt.timedelta]
):
    coupon = public(**{field: today() + after for field, after in days.items()})
    assert offered(alice) == [coupon.pk]
    assert claim(alice, couponid=coupon.pk)["status"] == 0


def test_days_that_count_from_receipt_begin_today(alice: Customer):
    coupon = public(valid_begin_date=None, valid_end_date=None, coupon_valid_days=7)
    assert offered(alice) == [coupon.pk]
    assert claim(alice, couponid=coupon.pk)["days_left"] == 7


@pytest.mark.parametrize(("hour", "refusal"), [(15, None), (16, NOT_NOW)])
def test_a_day_ends_at_midnight_in_the_shop(
    alice: Customer, hour: int, refusal: tuple[int, str] | None, monkeypatch: pytest.MonkeyPatch
):
    coupon = public(open_date=dt.date(2026, 11, 1), close_date=dt.date(2026, 11, 11))
    moment = dt.datetime(2026, 11, 11, hour, 59 if hour == 15 else 0, tzinfo=dt.UTC)
    monkeypatch.setattr("api.views.coupon.timezone.now", lambda: moment)
    if refusal:
        assert refused(alice, couponid=coupon.pk) == refusal
    else:
        assert claim(alice, couponid=coupon.pk)["name"] == coupon.name


def test_the_list_costs_two_queries_beside_the_token(alice: Customer):
    for _ in range(5):
        claim(alice, couponid=public(course=CourseFactory()).pk)
    with CaptureQueriesContext(connection) as queries:
        assert len(alice.get(URL).json()["data"]["results"]) == 5
    assert len(queries) == 3


def test_a_claim_costs_six_queries_beside_the_token(alice: Customer):
    """Two looks, the piece, the record and its event, and what webhooks tell."""
    first, second = public(), public()
    claim(alice, couponid=first.pk)
    with CaptureQueriesContext(connection) as queries:
        claim(alice, couponid=second.pk)
    begun = ("BEGIN", "SAVEPOINT", "RELEASE")
    asked = [query for query in queries.captured_queries if not query["sql"].startswith(begun)]
    assert len(asked) == 7


# --- Claiming -------------------------------------------------------------------------------------


def test_the_answer_is_the_record_as_ones_own_coupons_show_it(alice: Customer):
    coupon = public(name="大促", course=CourseFactory(pk=7))
    answered = claim(alice, couponid=coupon.pk)
    (listed,) = alice.get("/api/couponrecord/").json()["data"]["results"]
    assert answered == listed
    assert (answered["name"], answered["course_id"], answered["status"]) == ("大促", "7", 0)


def test_it_is_counted_and_told(alice: Customer):
    coupon = public()
    record_id = claim(alice, couponid=str(coupon.pk))["id"]
    record = CouponRecord.objects.get()
    coupon.refresh_from_db()
    assert (record.pk, record.account, record.coupon) == (record_id, alice.account, coupon)
    assert (record.claim_no, record.batch, coupon.issued) == (1, None, 1)
    event = CouponRecordEvent.objects.get()
    assert (event.record, event.from_status, event.to_status) == (record, None, 0)
    assert (event.account, event.staff, event.reason) == (alice.account, None, "领取")
    told = ShopEvent.objects.get()
    assert (told.kind, told.order, told.at) == ("coupon.claimed", None, record.get_time)
    assert told.data == {"account": alice.account.pk, "coupon": coupon.pk, "record": record.pk}


def test_an_account_gets_as_many_as_it_may(alice: Customer, bob: Customer):
    coupon = public(per_account=2)
    for _ in range(2):
        claim(alice, couponid=coupon.pk)
    assert refused(alice, couponid=coupon.pk) == LIMIT
    claim(bob, couponid=coupon.pk)
    numbers = CouponRecord.objects.order_by("pk").values_list("account", "claim_no")
    assert list(numbers) == [(alice.account.pk, 1), (alice.account.pk, 2), (bob.account.pk, 1)]


@pytest.mark.parametrize("status", CouponRecordStatus.values)
def test_a_record_counts_whatever_became_of_it(alice: Customer, status: int):
    coupon = public()
    CouponRecordFactory(account=alice.account, coupon=coupon, status=status)
    assert refused(alice, couponid=coupon.pk) == LIMIT
    assert [shown["mine"] for shown in alice.get(URL).json()["data"]["results"]] == [1]


def test_one_that_was_issued_has_no_number_and_the_next_claim_has_the_first(alice: Customer):
    coupon = public(per_account=2)
    issued = CouponRecordFactory(account=alice.account, coupon=coupon)
    claim(alice, couponid=coupon.pk)
    claimed = CouponRecord.objects.exclude(pk=issued.pk).get()
    assert (issued.claim_no, claimed.claim_no) == (None, 1)


REASONS: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"claimable": False}, NOT_THERE),
    ({"paused": True}, STOPPED),
    ({"open_date": dt.date(2020, 1, 1), "close_date": dt.date(2020, 1, 1)}, NOT_NOW),
    ({}, LIMIT),  # all are gone, too
]


@pytest.mark.parametrize("first", range(len(REASONS)))
def test_of_several_reasons_the_first_is_told(alice: Customer, first: int):
    coupon = public(quantity=1)
    CouponRecordFactory(account=alice.account, coupon=coupon)
    wrong = {field: value for own, _ in REASONS[first:] for field, value in own.items()}
    Coupon.objects.filter(pk=coupon.pk).update(paused=wrong.pop("paused", False), **wrong)
    assert refused(alice, couponid=coupon.pk) == REASONS[first][1]


def test_the_limit_comes_before_all_gone(alice: Customer, bob: Customer):
    coupon = public(quantity=1)
    claim(alice, couponid=coupon.pk)
    assert refused(alice, couponid=coupon.pk) == LIMIT
    assert refused(bob, couponid=coupon.pk) == CLAIMED_OUT


def test_one_that_is_not_there_does_not_exist(alice: Customer):
    public()
    assert refused(alice, couponid=999) == NOT_THERE


# --- Codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["Spring 2027", "spring2027", " S P R I N G 2 0 2 7 ", "ｓｐｒｉｎｇ　２０２７"]
)
def test_a_code_is_compared_without_case_and_spaces(alice: Customer, typed: str):
    coupon = CouponFactory(code="Spring 2027")
    assert claim(alice, code=typed)["name"] == coupon.name


def test_a_code_of_digits_may_come_as_a_number(alice: Customer):
    coupon = CouponFactory(code="2027")
    assert claim(alice, code=2027)["name"] == coupon.name


def test_a_coupon_with_a_code_may_be_public_too(alice: Customer):
    coupon = public(code="SPRING")
    assert offered(alice) == [coupon.pk]
    claim(alice, couponid=coupon.pk)
    assert refused(alice, code="SPRING") == LIMIT


@pytest.mark.parametrize(
    ("coupon", "refusal"),
    [
        ({"paused": True}, STOPPED),
        ({"open_date": dt.date(2999, 1, 1), "close_date": dt.date(2999, 1, 2)}, NOT_NOW),
        ({"quantity": 0}, CLAIMED_OUT),
    ],
)
def test_a_code_lets_nobody_past_the_other_rules(
    alice: Customer, coupon: dict[str, Any], refusal: tuple[int, str]
):
    CouponFactory(code="SPRING", **coupon)
    assert refused(alice, code="SPRING") == refusal


@pytest.mark.parametrize("code", ["SPRIN", "SPRINGS", "%", "'"])
def test_another_code_is_no_coupons(alice: Customer, code: str):
    CouponFactory(code="SPRING")
    CouponFactory()  # has none
    assert refused(alice, code=code) == NOT_THERE


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"couponid": 1, "code": "ABC"},
        {"couponid": None, "code": None},
        {"couponid": 0, "code": "  "},
        {"couponid": "x"},
        {"couponid": -1},
        {"couponid": True},
        {"code": ["ABC"]},
        {"code": "A" * 65},
        {"code": "A\0"},
    ],
)
def test_one_of_both_is_needed(alice: Customer, body: dict[str, Any]):
    CouponFactory(pk=1, code="ABC", claimable=True)
    answer = alice.post(URL, body)
    assert (answer.status_code, answer.json()["code"]) == (400, 1400)
    assert answer.json()["error"].startswith(("couponid: ", "code: "))
    assert not CouponRecord.objects.exists()


# --- Trying again ---------------------------------------------------------------------------------


def test_under_a_key_the_same_claim_is_carried_out_once(alice: Customer):
    coupon = public(per_account=9)
    key = {"HTTP_IDEMPOTENCY_KEY": "k1"}
    first = alice.post(URL, {"couponid": coupon.pk}, **key).json()
    assert first["code"] == 1000
    assert alice.post(URL, {"couponid": coupon.pk}, **key).json() == first
    assert CouponRecord.objects.count() == 1
    assert alice.post(URL, {"couponid": coupon.pk + 1}, **key).status_code == 422


def test_under_a_key_a_refusal_is_kept(alice: Customer):
    coupon = public(paused=True)
    key = {"HTTP_IDEMPOTENCY_KEY": "k1"}
    first = alice.post(URL, {"couponid": coupon.pk}, **key).json()
    Coupon.objects.update(paused=False)
    assert first["code"] == 3005
    assert alice.post(URL, {"couponid": coupon.pk}, **key).json() == first
    assert not CouponRecord.objects.exists()


# --- Limits ---------------------------------------------------------------------------------------


def too_many(answer: Any) -> bool:
    if answer.status_code != 429:
        return False
    assert answer.json()["code"] == 1429
    assert 1 <= int(answer["Retry-After"]) <= 61
    return True


def test_an_account_claims_so_often_a_minute(alice: Customer, bob: Customer, settings: Any):
    settings.CLAIMS_PER_MINUTE = 3
    coupon = public(per_account=9)
    for _ in range(2):
        claim(alice, couponid=coupon.pk)
    refused(alice, couponid=999)
    assert too_many(alice.post(URL, {"couponid": coupon.pk}))
    assert CouponRecord.objects.count() == 2
    assert alice.get(URL).status_code == 200
    claim(bob, couponid=coupon.pk)


def test_wrong_codes_run_out_and_right_ones_do_not_count(
    alice: Customer, bob: Customer, settings: Any
):
    settings.CODE_GUESSES_PER_MINUTE = 2
    CouponFactory(code="SPRING", per_account=9)
    for _ in range(3):
        claim(alice, code="spring")
    for wrong in "AB":
        assert refused(alice, code=wrong) == NOT_THERE
    assert too_many(alice.post(URL, {"code": "C"}))
    assert too_many(alice.post(URL, {"code": "SPRING"}))
    assert CouponRecord.objects.count() == 3
    claim(bob, code="SPRING")


def test_who_has_guessed_too_often_still_claims_from_the_list(alice: Customer, settings: Any):
    settings.CODE_GUESSES_PER_MINUTE = 1
    coupon = public()
    refused(alice, code="A")
    assert too_many(alice.post(URL, {"code": "B"}))
    claim(alice, couponid=coupon.pk)


def test_a_wrong_id_is_no_guess(alice: Customer, settings: Any):
    settings.CODE_GUESSES_PER_MINUTE = 1
    CouponFactory(code="SPRING")
    for wrong in (998, 999):
        assert refused(alice, couponid=wrong) == NOT_THERE
    claim(alice, code="SPRING")
