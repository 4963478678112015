"""`X-Error-Name` and `X-Error-Field`: which refusal it was, and the field to blame."""

from typing import Any

import pytest
from redis import Redis
from rest_framework.response import Response

from tests.conftest import Customer
from tests.support.factories import put_in_car
from utils.response import ERROR_FIELD, ERROR_NAME


def said(answer: Response) -> tuple[int, str | None, str | None]:
    """The code, the name and the field of a refusal."""
    return answer.json()["code"], answer.headers.get(ERROR_NAME), answer.headers.get(ERROR_FIELD)


def test_a_success_has_neither(alice: Customer):
    assert said(alice.settle([])) == (1000, None, None)


def test_the_six_1001s_are_told_apart(alice: Customer, anonymous, redis: Redis):
    put_in_car(redis, alice.account, 7)
    redis.hset(f"luffy_shopping_car_{alice.account.pk}_7", "policy", "{")
    login = {"username": "alice", "password": "wrong"}

    refused = [
        anonymous.get("/api/payment/"),
        anonymous.post("/api/auth/", login),
        alice.settle([1]),
        alice.settle([7]),
        alice.get("/api/payment/"),
    ]
    alice.settle([])
    refused.append(alice.choose(6))

    assert [said(answer) for answer in refused] == [
        (1001, "not_authenticated", None),
        (1001, "login_refused", None),
        (1001, "not_in_car", "courseids"),
        (1001, "car_unreadable", None),
        (1001, "settlement_not_found", None),
        (1001, "global_coupon_not_found", "couponid"),
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"courseids": "x"}, "courseids"),
        ({"courseids": [1, "x"]}, "courseids.1"),
        ({}, "courseids"),
    ],
)
def test_a_malformed_request_names_its_field(alice: Customer, body: Any, field: str):
    answer = alice.post("/api/payment/", body)

    assert said(answer) == (1400, "malformed", field)
    assert answer.json()["error"].startswith(f"{field}: ")


def test_where_no_single_field_is_to_blame_none_is_named(alice: Customer):
    broken = alice.generic("POST", "/api/payment/", "{", content_type="application/json")

    assert said(broken) == (1400, "malformed", None)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "name"),
    [
        ("GET", "/api/nowhere/", "", 404, "no_such_path"),
        ("PUT", "/api/payment/", "", 405, "method_not_allowed"),
        ("POST", "/api/payment/", "x" * (64 * 1024 + 1), 413, "body_too_large"),
    ],
)
def test_what_the_http_layer_refuses_is_named_too(
    alice: Customer, method: str, path: str, body: str, status: int, name: str
):
    answer = alice.generic(method, path, body, content_type="application/json")

    assert (answer.status_code, said(answer)) == (status, (1000 + status, name, None))


def test_another_body_than_json_is_named(alice: Customer):
    answer = alice.generic("POST", "/api/payment/", "x", content_type="text/plain")

    assert said(answer) == (1415, "not_json", None)


def test_a_bad_host_is_malformed(anonymous):
    assert said(anonymous.get("/api/course/", HTTP_HOST="evil.example")) == (
        1400,
        "malformed",
        None,
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"money": "1.00"}, (1001, "settlement_not_found", None)),
        ({"money": "x"}, (1400, "malformed", "money")),
    ],
)
def test_a_refusal_that_is_given_again_under_its_key_has_its_name_and_field(
    alice: Customer, body: Any, expected: Any
):
    key = {"Idempotency-Key": "k"}

    first, again = (alice.post("/api/order/", body, headers=key) for _ in range(2))

    assert said(first) == said(again) == expected
