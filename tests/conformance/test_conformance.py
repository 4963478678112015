"""What the lesson's own code answered, request by request, and what Redis held afterwards."""

import json
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rest_framework.test import APIClient

from tests.conformance.world import make_world

CASES = json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))
SITE_WIDE_FIELDS = ("coupon", "default_coupon")


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_answers_as_the_lesson_did(case: dict[str, Any], redis: Redis) -> None:
    make_world()
    for key, fields in case["redis"].items():
        redis.hset(key, mapping={name: as_text(value) for name, value in fields.items()})

    for step in case["steps"]:
        before = settlements(redis)
        status, answer = send(step["request"])
        assert_holds(step["expect"], status, answer, before, settlements(redis))


def send(request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    body = request.get("raw", json.dumps(request["body"]) if "body" in request else "")
    answer = APIClient().generic(
        request["method"],
        request.get("path", "/api/payment/") + request.get("query", "?token=token-1"),
        body,
        content_type="application/json",
        headers=request.get("headers"),
    )
    return answer.status_code, answer.json()


def assert_holds(
    expect: dict[str, Any], status: int, answer: dict[str, Any], before: Any, after: Any
) -> None:
    actual = {
        "status": status,
        "response": answer,
        "code": answer["code"],
        "error": answer["error"],
        "redis": {key: contract_part(key, fields) for key, fields in after.items()},
        "redis_unchanged": after == before,
    }
    for name, wanted in expect.items():
        if name == "order":
            assert [course["course_id"] for course in answer["data"]["course_list"]] == wanted
        elif name == "error_has":
            assert wanted in answer["error"]
        elif name == "response":
            assert in_any_order(answer) == in_any_order(wanted)
        else:
            assert actual[name] == wanted, name


def settlements(redis: Redis) -> dict[str, dict[str, Any]]:
    found = {}
    for key in sorted(redis.keys("luffy_payment_*")):
        fields = {name.decode(): value.decode() for name, value in redis.hgetall(key).items()}
        found[key.decode()] = fields | {"coupon": json.loads(fields["coupon"])}
    return found


def contract_part(key: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that the contract names: beside them, the service keeps its index."""
    if key.startswith("luffy_payment_coupon_"):
        return {name: fields[name] for name in SITE_WIDE_FIELDS}
    return fields


def in_any_order(answer: dict[str, Any]) -> dict[str, Any]:
    data = answer["data"]
    if not isinstance(data, dict):
        return answer
    course_list = sorted(data["course_list"], key=lambda course: course["course_id"])
    return answer | {"data": data | {"course_list": course_list}}


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
