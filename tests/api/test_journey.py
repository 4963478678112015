"""A customer's whole way over HTTP, through the server that `make run` starts: on the embedded
Redis, and on the one of TEST_REDIS_URL when that is set."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.management.commands.demo import PASSWORD as DEMO_PASSWORD
from tests.support.live import Visitor, make_run

pytestmark = pytest.mark.slow
CAR, PAYMENT = "/api/shoppingcar/", "/api/payment/"
SERVERS = ["embedded", *({os.environ["REDIS_URL"]} - {"embedded"})]


@pytest.fixture(scope="module", params=SERVERS, ids=["embedded", "real"][: len(SERVERS)])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place: Path = tmp_path_factory.mktemp("journey")
    with make_run(place, request.param) as host:
        yield host


@pytest.fixture
def newcomer(host: str, request: pytest.FixtureRequest) -> Visitor:
    """Somebody who has just registered and logged in."""
    visitor = Visitor(host)
    name = request.node.name[:60]
    body = {"username": name, "password": "a long way to go"}
    assert visitor.data("POST", "/api/account/", body) == {"username": name}
    visitor.log_in(**body)
    return visitor


def in_car(visitor: Visitor) -> list[tuple[str, str]]:
    return [(e["course_id"], e["default_policy"]) for e in visitor.data("GET", CAR)]


def offered(visitor: Visitor) -> list[dict[str, Any]]:
    """The courses that are listed, the oldest first."""
    return visitor.data("GET", "/api/course/")["course_list"][::-1]


def test_from_registering_to_logging_out(newcomer):
    crawler, crm, *_ = offered(newcomer)
    for course in (crawler, crm):
        body = {"courseid": course["id"], "policyid": course["price_policy"][0]["id"]}
        assert newcomer.data("POST", CAR, body) == "添加成功"
    assert in_car(newcomer) == [("1", "1"), ("2", "3")]

    assert newcomer.data("PATCH", CAR, {"courseid": 1, "policyid": 2}) == "修改成功"
    assert newcomer.data("DELETE", CAR, {"courseids": [2]}) == "删除成功"
    assert in_car(newcomer) == [("1", "2")]

    assert newcomer.data("POST", PAYMENT, {"courseids": [1]}) is None
    (settled,) = newcomer.data("GET", PAYMENT)["course_list"]
    assert (settled["course_id"], settled["policy_id"], settled["price"]) == ("1", "2", "599.0")

    assert newcomer.data("DELETE", "/api/auth/") == "退出成功"
    assert newcomer.ask("GET", PAYMENT).status == 401


def test_a_customer_with_coupons_settles_and_chooses(host):
    alex = Visitor(host)
    alex.log_in("alex", DEMO_PASSWORD)
    for course_id, policy_id in ((1, 2), (2, 4)):  # the demo's car, but tests empty their Redis
        alex.data("POST", CAR, {"courseid": course_id, "policyid": policy_id})
    assert in_car(alex) == [("1", "2"), ("2", "4")]

    alex.data("POST", PAYMENT, {"courseids": [2, 1]})
    assert alex.data("PATCH", PAYMENT, {"courseid": 1, "couponid": 6}) == "修改成功"
    assert alex.data("PATCH", PAYMENT, {"couponid": 2}) == "修改成功"

    settlement = alex.data("GET", PAYMENT)
    assert [(c["course_id"], c["default_coupon"]) for c in settlement["course_list"]] == [
        ("2", "0"),
        ("1", "6"),
    ]
    assert settlement["global_coupon_dict"]["default_coupon"] == "2"


def test_two_accounts_never_see_each_other_s_car_or_settlement(host, newcomer):
    eric = Visitor(host)
    eric.log_in("eric", DEMO_PASSWORD)
    newcomer.data("POST", CAR, {"courseid": 1, "policyid": 1})
    newcomer.data("POST", PAYMENT, {"courseids": [1]})

    assert in_car(eric) == []
    assert eric.ask("GET", PAYMENT).envelope["error"] == "获取失败"
    assert eric.ask("PATCH", CAR, {"courseid": 1, "policyid": 2}).envelope["code"] == 1002
    eric.data("DELETE", CAR, {"courseids": [1]})
    assert in_car(newcomer) == [("1", "1")]


def test_a_token_given_in_the_query_or_as_bearer_is_as_good(host, newcomer):
    token, newcomer.token = newcomer.token, ""

    assert newcomer.ask("GET", f"{CAR}?token={token}").status == 200
    assert newcomer.ask("GET", CAR).status == 401


def test_the_page_of_the_api_and_all_that_it_loads_are_served(host):
    visitor = Visitor(host)
    page = visitor.ask("GET", "/api/docs/")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())

    assert page.status == 200
    assert len(loaded) == 5
    for path in loaded:
        assert visitor.ask("GET", path).status == 200, path
    assert visitor.ask("GET", "/api/schema/").content_type == "application/json"
