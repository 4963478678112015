"""What is kept under an `Idempotency-Key`, how long, and what is not (contract §9)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from api.errors import IdempotencyKeyReused, OrderNotFound, RequestInFlight
from api.models import CourseCategory, IdempotencyKey
from api.services import idempotency
from api.services.idempotency import Answer, Attempt, answered, fingerprint_of, once
from tests.conftest import Customer
from utils.exceptions import ShopError

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DAY, SECOND = timedelta(hours=24), timedelta(seconds=1)
DONE = Answer(200, 1000, data="done")


@pytest.fixture
def attempt(alice: Customer) -> Attempt:
    return Attempt(alice.account.pk, "k", "5" * 64)


def work(answer: Answer = DONE) -> Callable[[], Answer]:
    """Something that is written, and answered."""

    def operation() -> Answer:
        CourseCategory.objects.create(name=f"written {written()}")
        return answer

    return operation


def refuse(status: int) -> Callable[[], Answer]:
    class Refused(ShopError):
        name, code, message = "refused", 1999, "不行"

    Refused.status = status

    def refused() -> Answer:
        work()()
        raise Refused

    return refused


def written() -> int:
    return CourseCategory.objects.filter(name__startswith="written").count()


@pytest.mark.parametrize(
    ("age", "kept"), [(DAY - SECOND, True), (DAY, False), (DAY + SECOND, False)]
)
def test_an_answer_is_given_again_for_a_day(attempt: Attempt, age: timedelta, kept: bool) -> None:
    once(attempt, work(), now=NOW)

    assert answered(attempt, now=NOW + age) == (DONE if kept else None)


@pytest.mark.parametrize(("age", "deleted"), [(DAY - SECOND, 0), (DAY, 1)])
def test_keys_are_forgotten_when_they_are_a_day_old(
    attempt: Attempt, age: timedelta, deleted: int
) -> None:
    once(attempt, work(), now=NOW)

    assert idempotency.forget_old(now=NOW + age) == deleted
    assert IdempotencyKey.objects.count() == 1 - deleted


@pytest.mark.parametrize(("age", "times"), [(DAY - SECOND, 1), (DAY, 2)])
def test_who_comes_second_changes_nothing_before_the_day_is_over(
    attempt: Attempt, age: timedelta, times: int
) -> None:
    once(attempt, work(), now=NOW)

    second = once(attempt, work(Answer(200, 1000, data="again")), now=NOW + age)

    assert (second.data, written()) == ("done" if times == 1 else "again", times)


@pytest.mark.parametrize("other", ["4" * 64, "6" * 64])
def test_another_request_under_the_key_is_refused_whoever_comes_first(
    attempt: Attempt, other: str
) -> None:
    once(attempt, work(), now=NOW)
    another = Attempt(attempt.account_id, attempt.key, other)

    with pytest.raises(IdempotencyKeyReused):
        answered(another, now=NOW)
    with pytest.raises(IdempotencyKeyReused):
        once(another, work(), now=NOW)
    assert written() == 1


def test_a_request_that_is_not_answered_yet_is_in_flight(attempt: Attempt) -> None:
    IdempotencyKey.objects.create(
        account_id=attempt.account_id, key="k", fingerprint=attempt.fingerprint, created=NOW
    )

    assert answered(attempt, now=NOW) is None
    with pytest.raises(RequestInFlight):
        once(attempt, work(), now=NOW)
    assert written() == 0


@pytest.mark.parametrize("status", [200, 400, 402, 404, 408, 410, 412, 422, 428, 430, 451, 499])
def test_a_refusal_is_kept_and_changes_nothing(attempt: Attempt, status: int) -> None:
    refused = once(attempt, refuse(status), now=NOW)

    assert refused == Answer(status, 1999, error="不行", name="refused")
    assert answered(attempt, now=NOW) == refused
    assert written() == 0


@pytest.mark.parametrize("status", [401, 409, 429, 500, 501, 503])
def test_what_may_go_well_the_next_time_is_not_kept(attempt: Attempt, status: int) -> None:
    with pytest.raises(ShopError):
        once(attempt, refuse(status), now=NOW)

    assert not IdempotencyKey.objects.exists()
    assert written() == 0


def test_a_field_that_is_to_blame_is_kept_too(attempt: Attempt) -> None:
    def refused() -> Answer:
        error = OrderNotFound()
        error.field = "number"
        raise error

    once(attempt, refused, now=NOW)

    found = answered(attempt, now=NOW)
    assert found is not None
    assert (found.name, found.field) == (OrderNotFound.name, "number")


def test_an_answer_without_data_has_none_afterwards(attempt: Attempt) -> None:
    nothing = Answer(200, 1000)
    once(attempt, lambda: nothing, now=NOW)

    assert answered(attempt, now=NOW) == nothing
    assert IdempotencyKey.objects.get().answer == {"status": 200, "code": 1000}


class Cause(Exception):
    sqlstate: str | None = None


def fail_to_begin(monkeypatch: Any, sqlstate: str | None) -> None:
    cause = Cause()
    cause.sqlstate = sqlstate

    def fail(**_: Any) -> None:
        raise OperationalError from cause

    monkeypatch.setattr(IdempotencyKey.objects, "create", fail)


@pytest.mark.parametrize("sqlstate", ["08006", "57014", None])
def test_a_database_that_fails_is_not_taken_for_a_request_in_flight(
    attempt: Attempt, monkeypatch: Any, sqlstate: str | None
) -> None:
    fail_to_begin(monkeypatch, sqlstate)

    with pytest.raises(OperationalError):
        once(attempt, work(), now=NOW)
    assert written() == 0


def test_a_row_that_stays_locked_is_a_request_in_flight(attempt: Attempt, monkeypatch: Any) -> None:
    fail_to_begin(monkeypatch, "".join(["55", "P03"]))

    with pytest.raises(RequestInFlight):
        once(attempt, work(), now=NOW)
    assert written() == 0


def test_the_order_of_a_bodys_fields_is_no_difference() -> None:
    path = "/api/order/"
    body = {"a": {"c": 1, "d": 2}, "b": 2}
    turned = {"b": 2, "a": {"d": 2, "c": 1}}
    assert fingerprint_of("POST", path, body) == fingerprint_of("POST", path, turned)


@pytest.mark.parametrize(
    "other", [("PUT", "/a/", {"x": 1}), ("POST", "/b/", {"x": 1}), ("POST", "/a/", {"x": "1"})]
)
def test_another_method_path_or_body_is_another_request(other: tuple[str, str, Any]) -> None:
    assert fingerprint_of("POST", "/a/", {"x": 1}) != fingerprint_of(*other)


def test_a_key_may_have_255_characters_and_no_more(alice: Customer) -> None:
    statuses = [
        alice.post(
            "/api/order/999/cancel/", {}, headers={"Idempotency-Key": "k" * length}
        ).status_code
        for length in (255, 256)
    ]

    assert statuses == [200, 400]
    assert IdempotencyKey.objects.get().key == "k" * 255
