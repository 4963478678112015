"""Whatever comes in, the answer is an envelope, and a refusal changes nothing (contract §1, §3)."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Customer
from tests.support.factories import CouponRecordFactory, CourseFactory, put_in_car

BUSINESS_REFUSALS = {1001, 1010, 1111}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 4)
    | st.floats()
    | st.text()
    | st.sampled_from(["1", "2", "01", "１", " 1", "*", "?", "%s", "[1]", "\0", "\ud800", "91"])
)
any_json = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
likely = st.fixed_dictionaries(
    {},
    optional={
        "courseids": st.lists(scalars, max_size=5) | any_json,
        "courseid": scalars | any_json,
        "couponid": st.sampled_from([0, 91, 92, "0", "91"]) | any_json,
    },
)
bodies = (any_json | likely).map(json.dumps).map(str.encode) | st.binary()
content_types = st.sampled_from(
    ["application/json"] * 5 + ["application/json; charset=utf-16", "text/plain", "", "a/b;c"]
)
pytestmark = pytest.mark.slow
examples = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def shopper(alice: Customer, redis) -> Customer:
    """Alice, with courses 1 and 2 settled and one more in her car, a coupon of each kind."""
    for course_id in (1, 2, 3):
        put_in_car(redis, alice.account, course_id)
    CouponRecordFactory(pk=91, account=alice.account)
    CouponRecordFactory(pk=92, account=alice.account, coupon__course=CourseFactory(pk=1))
    alice.settle([1, 2])
    return alice


def assert_envelope(status: int, answer: Any) -> None:
    assert set(answer) == {"code", "data", "error"}
    assert type(answer["code"]) is int
    if answer["code"] == 1000:
        assert status == 200
        assert answer["error"] is None
        return
    assert answer["data"] is None
    assert isinstance(answer["error"], str)
    assert answer["error"]
    assert "None" not in answer["error"]
    if status == 200:
        assert answer["code"] in BUSINESS_REFUSALS
    else:
        assert status in (400, 415)
        assert answer["code"] == 1000 + status


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@examples
@given(body=bodies, content_type=content_types)
def test_any_body_is_answered_in_the_envelope_and_a_refusal_changes_nothing(
    shopper, everything_in, method: str, body: bytes, content_type: str
):
    before = everything_in()

    answer = shopper.generic(method, "/api/payment/", body, content_type=content_type)

    assert_envelope(answer.status_code, answer.json())
    if answer.json()["code"] != 1000:
        assert everything_in() == before


@examples
@given(
    course_ids=st.lists(st.sampled_from([1, 2, 3, "1", "2", "3", "003"]), max_size=100),
)
def test_any_list_of_ids_in_the_car_is_settled_in_its_order(shopper, course_ids: list[Any]):
    answer = shopper.settle(course_ids)

    assert answer.json() == {"code": 1000, "data": None, "error": None}
    settled = [course["course_id"] for course in shopper.settlement()["data"]["course_list"]]
    assert settled == list(dict.fromkeys(str(int(course_id)) for course_id in course_ids))


@examples
@given(
    query=st.text(st.characters(codec="utf-8")), header=st.text(st.characters(max_codepoint=255))
)
def test_any_token_but_ones_own_is_refused(anonymous, query: str, header: str):
    answer = anonymous.get("/api/payment/", {"token": query}, HTTP_AUTHORIZATION=header)

    assert answer.status_code == 401
    assert answer.json() == {"code": 1001, "data": None, "error": "认证失败"}
