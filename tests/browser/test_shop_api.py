"""shop/api.js beside the description of the API: what it calls is there, and what it sends fits."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest
from rest_framework.test import APIClient

from tests.unit.test_docs import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = "202611270359378094237241"
# Of each function of api.js: what it may be called with.
CALLS: dict[str, list[Any]] = {
    "register": ["alice", "a-long-way-2018"],
    "account": [],
    "changePassword": ["a-long-way-2018", "a-longer-way-2018"],
    "logIn": ["alice", "a-long-way-2018"],
    "logOut": [],
    "categories": [],
    "courses": [{"category": 1, "sub_category": 2, "search": "爬虫", "page": 2, "page_size": 12}],
    "course": [1],
    "car": [],
    "addToCar": [1, 2],
    "changePolicy": [1, 2],
    "removeFromCar": [[1]],
    "settle": [[2, 1]],
    "settlement": [],
    "chooseCoupon": [1, 6, '"etag"'],
    "quote": [],
    "acceptToday": [],
    "best": [],
    "chooseBest": ['"etag"'],
    "topUp": [],
    "order": ["cf46debe0fedebade2a7db65b778e64e", 1],
    "orders": [{"status": 1, "page": 2, "page_size": 10}],
    "orderOf": [NUMBER],
    "cancel": [NUMBER],
    "pay": [NUMBER, 1, "page"],
    "refundPreview": [NUMBER, [1, 2]],
    "refund": [NUMBER, [1, 2], "没有时间学"],
    "coupons": [{"page": 2, "page_size": 100}],
    "claim": [4],
    "claimByCode": ["LUFFY2018"],
    "myCoupons": [{"status": 0, "page": 2, "page_size": 20}],
    "myCourses": [{"page": 2, "page_size": 12}],
}
CALL = """async ([name, args]) => {
    const { api } = await import('/shop/api.js');
    await api[name](...args);
}"""


def described_as(path: str, paths: dict[str, Any]) -> str:
    """The path of the description that this one is of; "" where there is none."""
    for one in paths:
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(one)), path):
            return one
    return ""


def test_what_it_calls_is_described_and_what_it_sends_fits(page: Any) -> None:
    described = APIClient().get("/api/schema/").json()
    asked: list[Any] = []

    def answer(route: Any) -> None:
        asked.append(route.request)
        route.fulfill(json={"code": 1000, "data": {}, "error": None})

    page.route("**/api/**", answer)
    page.goto("/login")
    names = page.evaluate("import('/shop/api.js').then(({ api }) => Object.keys(api))")
    assert sorted(CALLS) == sorted(names)
    manual = (ROOT / "docs/api.md").read_text()

    for name, args in CALLS.items():
        asked.clear()
        page.evaluate(CALL, [name, args])
        (request,) = asked
        url = urlsplit(request.url)
        template = described_as(url.path, described["paths"])
        operation = described["paths"][template][request.method.lower()]
        shown = re.sub(r"\{\w+\}", "<id>", template)
        assert f"`{request.method} {shown}`" in manual, name
        known = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
        assert dict(parse_qsl(url.query)).keys() <= known, name
        assert bool(request.post_data) == ("requestBody" in operation), name
        if request.post_data:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            body = json.loads(request.post_data)
            jsonschema.validate(body, {**schema, "components": described["components"]})
            assert body.keys() <= set(re.findall(r'"(\w+)"', manual)), name


def test_a_key_is_kept_until_it_is_known_what_became_of_the_request(page: Any) -> None:
    """A refusal is known; a server that is away is not."""
    keys: list[str] = []
    answers = [
        {"status": 503, "json": {"code": 1503, "data": None, "error": "服务暂时不可用"}},
        {"status": 200, "json": {"code": 4001, "data": None, "error": "金额不符"}},
        {"status": 200, "json": {"code": 1000, "data": {}, "error": None}},
        {"status": 200, "json": {"code": 1000, "data": {}, "error": None}},
    ]

    def answer(route: Any) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fulfill(**answers.pop(0))

    page.goto("/login")
    page.route("**/api/order/", answer)
    order = "import('/shop/api.js').then(({ api }) => api.order('v', 1)).catch(() => {})"
    for _ in range(4):
        page.evaluate(order)

    first, again, second, third = keys
    assert first == again
    assert len({again, second, third}) == 3
