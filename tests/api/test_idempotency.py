"""`Idempotency-Key` on every request that orders, pays, cancels or asks for money back: the first
answer again, whatever was asked (contract §9)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from api.models import CouponRecord, IdempotencyKey, Order, Payment, Refund
from api.services import idempotency
from tests.conftest import Customer
from tests.support import orders
from tests.support.factories import CouponFactory, CourseFactory, PricePolicyFactory
from tests.support.gateways import LocalGateway

pytestmark = pytest.mark.django_db
KEY = {"Idempotency-Key": "k"}
KINDS = ("place", "pay", "cancel", "refund", "claim")
WRITTEN = (Order, Payment, Refund, CouponRecord)


def course(pk: int = 1) -> Any:
    return PricePolicyFactory(pk=10 * pk, content_object=CourseFactory(pk=pk), price=599.0)


def ready(customer: Customer, kind: str) -> tuple[str, dict[str, Any]]:
    """A request that is granted, the first time at least."""
    if kind == "claim":
        return "/api/coupon/", {"couponid": CouponFactory(claimable=True).pk}
    policy = course()
    if kind == "place":
        customer.post("/api/shoppingcar/", {"courseid": 1, "policyid": 10})
        customer.settle([1])
        return "/api/order/", {"money": "599.00"}
    order = orders.place(customer.account, [policy])
    if kind == "refund":
        orders.pay(order)
    return f"/api/order/{order.order_number}/{kind}/", {}


def in_sql() -> list[Any]:
    return [list(table.objects.order_by("pk").values()) for table in WRITTEN]


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_answer_is_given_again_and_nothing_is_done_again(
    alice: Customer, gateway: LocalGateway, kind: str
) -> None:
    path, body = ready(alice, kind)
    first = alice.post(path, body, headers=KEY)
    assert first.json()["code"] == 1000
    after = in_sql()

    again = alice.post(path, body, headers=KEY)

    assert (again.status_code, again.json()) == (200, first.json())
    assert in_sql() == after


@pytest.mark.parametrize("kind", KINDS)
def test_another_body_under_the_key_is_refused(
    alice: Customer, gateway: LocalGateway, kind: str
) -> None:
    path, body = ready(alice, kind)
    alice.post(path, body, headers=KEY)
    after = in_sql()

    other = alice.post(path, body | {"reason": "x", "version": "x"}, headers=KEY)

    assert (other.status_code, other.json()["code"]) == (422, 1422)
    assert in_sql() == after


@pytest.mark.parametrize("kind", KINDS)
def test_another_path_under_the_key_is_refused(
    alice: Customer, gateway: LocalGateway, kind: str
) -> None:
    alice.post("/api/order/999/cancel/", {}, headers=KEY)
    path, body = ready(alice, kind)
    before = in_sql()

    other = alice.post(path, body, headers=KEY)

    assert (other.status_code, other.json()["code"]) == (422, 1422)
    assert in_sql() == before


@pytest.mark.parametrize(
    ("kind", "malformed"),
    [
        ("place", {"money": "x"}),
        ("pay", {"payment_type": 7}),
        ("refund", {"courseids": "x"}),
        ("refund", {"courseids": [9]}),
        ("claim", {"couponid": "x"}),
        ("claim", {}),
    ],
)
def test_a_malformed_request_is_a_refusal_that_is_kept_too(
    alice: Customer, gateway: LocalGateway, kind: str, malformed: dict[str, Any]
) -> None:
    path, body = ready(alice, kind)
    before = in_sql()
    without = alice.post(path, malformed)
    refused = alice.post(path, malformed, headers=KEY)
    assert (refused.status_code, refused.json()) == (400, without.json())

    assert alice.post(path, malformed, headers=KEY).json() == refused.json()
    assert alice.post(path, body, headers=KEY).status_code == 422
    assert in_sql() == before


def test_a_gateway_that_does_not_answer_is_not_kept(alice: Customer, gateway: LocalGateway) -> None:
    path, body = ready(alice, "cancel")
    alice.post(path.replace("cancel", "pay"), {})
    gateway.book.behave("answer", "error")
    assert alice.post(path, body, headers=KEY).json()["code"] == 1503
    gateway.book.behave("answer", "")

    assert alice.post(path, body, headers=KEY).json()["data"]["status"] == 4


# --- At once --------------------------------------------------------------------------------------


@contextmanager
def in_flight(customer: Customer, answer: dict[str, Any]) -> Iterator[Callable[[], None]]:
    """Another request under the key is at work for as long as the block lasts, or until it is told
    to answer."""
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        with transaction.atomic():
            IdempotencyKey.objects.create(
                account=customer.account,
                key="k",
                fingerprint=idempotency.fingerprint_of("POST", "/api/order/1/cancel/", {}),
                answer=answer,
                status=200,
                created=timezone.now(),
            )
            begun.set()
            go_on.wait(30)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(30)
    try:
        yield go_on.set
    finally:
        go_on.set()
        thread.join()


ANSWER = {"status": 200, "code": 1000, "data": "the first one's", "error": None}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_whoever_meets_the_request_in_flight_waits_for_its_answer(alice: Customer) -> None:
    with in_flight(alice, ANSWER) as answers:
        threading.Timer(0.5, answers).start()
        again = alice.post("/api/order/1/cancel/", {}, headers=KEY)

    assert (again.status_code, again.json()["data"]) == (200, "the first one's")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_whoever_waits_too_long_is_told_so_and_may_try_again(
    alice: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "_WAIT", 300)
    with in_flight(alice, ANSWER):
        refused = alice.post("/api/order/1/cancel/", {}, headers=KEY)

    assert (refused.status_code, refused.json()["code"]) == (409, 1409)
    assert alice.post("/api/order/1/cancel/", {}, headers=KEY).json()["data"] == "the first one's"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_another_request_that_meets_it_is_refused_once_it_is_answered(alice: Customer) -> None:
    with in_flight(alice, ANSWER) as answers:
        threading.Timer(0.5, answers).start()
        other = alice.post("/api/order/2/cancel/", {}, headers=KEY)

    assert (other.status_code, other.json()["code"]) == (422, 1422)
