"""/api/schema/ and /api/docs/: what is described is what there is."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema
import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from api.management.commands import demo
from api.models import Account
from api.schema import views
from api.schema.views import DocsView, SchemaView
from api.services import accounts
from tests.conftest import Customer
from tests.support.refusals import every_refusal

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def described(anonymous: APIClient) -> dict[str, Any]:
    return anonymous.get("/api/schema/").json()


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


def examples_of(part: dict[str, Any]) -> dict[str, Any]:
    """name -> value of the examples of a request body or an answer."""
    return {n: e["value"] for n, e in part["content"]["application/json"]["examples"].items()}


def shown(described: dict[str, Any], path: str, method: str) -> Any:
    """The envelope of success that the description shows."""
    answers = described["paths"][path][method]["responses"]
    return examples_of(answers["200"])["Success"]


@pytest.mark.slow
def test_the_description_is_valid_and_made_without_a_warning(capsys):
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")

    assert '"openapi": "3.1' in capsys.readouterr().out


def test_it_is_read_without_a_token_and_outside_the_envelope(anonymous):
    answer = anonymous.get("/api/schema/")

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.1")


def test_it_is_built_once_however_many_ask_a_fresh_worker_at_once(monkeypatch):
    views._built.cache_clear()
    built, build = [], SchemaGenerator.get_schema

    def counted(*args: Any, **kwargs: Any) -> Any:
        built.append(1)
        return build(*args, **kwargs)

    monkeypatch.setattr(SchemaGenerator, "get_schema", counted)
    ready = threading.Barrier(8)

    def ask(_: int) -> tuple[int, bytes]:
        ready.wait()
        answer = APIClient(raise_request_exception=False).get("/api/schema/")
        return answer.status_code, answer.content

    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(ask, range(8)))

    assert len(built) == 1
    ((status, content),) = answers
    assert status == 200
    assert json.loads(content)["paths"]


def test_every_method_of_every_endpoint_is_described(described):
    (api,) = [p for p in get_resolver().url_patterns if str(p.pattern) == "api/"]
    there = set()
    for door in api.url_patterns:
        view = getattr(door.callback, "cls", None)
        if view not in (None, SchemaView, DocsView):
            path = re.sub(r"<\w+:(\w+)>", r"{\1}", f"/api/{door.pattern}")
            there |= {(path, method) for method in METHODS if hasattr(view, method)}

    assert {(path, method) for path, method, _ in operations(described)} == there


def test_every_answer_of_every_operation_is_an_envelope_with_an_example_that_fits(described):
    for path, method, operation in operations(described):
        for status, answer in operation["responses"].items():
            schema = answer["content"]["application/json"]["schema"]
            examples = examples_of(answer)
            assert examples, (path, method, status)
            for example in examples.values():
                assert example.keys() == {"code", "data", "error"}
                jsonschema.validate(example, {**schema, "components": described["components"]})


def test_every_request_body_has_an_example_that_fits(described):
    bodies = [o["requestBody"] for _, _, o in operations(described) if "requestBody" in o]

    assert len(bodies) >= 7
    for body in bodies:
        schema = body["content"]["application/json"]["schema"]
        assert body["required"]
        for example in examples_of(body).values():
            jsonschema.validate(example, {**schema, "components": described["components"]})


def test_an_answer_that_is_another_is_not_described(described):
    """What would the tests above be worth if anything fitted?"""
    answer = described["paths"]["/api/shoppingcar/"]["post"]["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"]
    for other in (
        {"code": 1000, "data": None, "error": None},
        {"code": 2002, "data": None, "error": "课程不存在"},
        {"code": 1000, "data": "添加成功"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(other, {**schema, "components": described["components"]})


def test_every_refusal_of_the_shop_is_described_somewhere(described):
    of_the_shop = {
        (error.code, error.message)
        for error in every_refusal()
        if hasattr(error, "code") and error.status == 200
    }
    described_refusals = {
        (example["code"], example["error"])
        for _, _, operation in operations(described)
        for example in examples_of(operation["responses"]["200"]).values()
        if example["error"]
    }

    assert described_refusals == of_the_shop


def test_a_token_can_be_given_in_any_of_three_ways_where_one_is_needed(described):
    schemes = described["components"]["securitySchemes"]
    public = {(path, method) for path, method, o in operations(described) if not o.get("security")}

    assert schemes["token"] | {"description": ""} == {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "",
    }
    assert schemes["bearer"] == {"type": "http", "scheme": "bearer"}
    assert (schemes["query"]["in"], schemes["query"]["name"]) == ("query", "token")
    assert public == {
        ("/api/auth/", "post"),
        ("/api/account/", "post"),
        ("/api/category/", "get"),
        ("/api/course/", "get"),
        ("/api/course/{course_id}/", "get"),
    }
    assert (described["paths"]["/api/coupon/"]["get"]["security"]) == [
        {"token": []},
        {"bearer": []},
        {"query": []},
        {},
    ]
    del described["paths"]["/api/coupon/"]["get"]
    for path, method, operation in operations(described):
        needed = (path, method) not in public
        assert operation.get("security", []) == (
            [{"token": []}, {"bearer": []}, {"query": []}] if needed else []
        )
        assert ("401" in operation["responses"]) == needed


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_examples_are_what_the_demo_answers(described):
    demo.Command().handle(serve=None, force=True)
    alex = Customer()
    alex.credentials(HTTP_AUTHORIZATION=f"Token {accounts.renew_token(Account(pk=1))}")

    def requested(path: str, method: str) -> Any:
        body = described["paths"][path][method]["requestBody"]
        return getattr(alex, method)(path, examples_of(body)["Demo"]).json()

    car, payment = "/api/shoppingcar/", "/api/payment/"
    categories = shown(described, "/api/category/", "get")
    assert alex.get("/api/category/").json() == categories
    assert alex.get("/api/course/").json() == shown(described, "/api/course/", "get")
    course = shown(described, "/api/course/{course_id}/", "get")
    assert alex.get(f"/api/course/{course['data']['id']}/").json() == course
    assert alex.get(car).json() == shown(described, car, "get")
    for path, method in [(car, "post"), (payment, "post"), (payment, "patch")]:
        assert requested(path, method) == shown(described, path, method)
    assert alex.get(payment).json() == shown(described, payment, "get")
    for method in ("patch", "delete"):
        assert requested(car, method) == shown(described, car, method)
    registered = requested("/api/account/", "post")
    assert registered == shown(described, "/api/account/", "post")
    logged_in = requested("/api/auth/", "post")
    assert logged_in["data"]["username"] == "alex"
    assert logged_in["data"].keys() == shown(described, "/api/auth/", "post")["data"].keys()


def test_the_page_loads_nothing_from_another_host(anonymous):
    page = anonymous.get("/api/docs/")
    script = anonymous.get("/api/docs/?script=")

    assert (page.status_code, script.status_code) == (200, 200)
    assert page["Content-Type"].startswith("text/html")
    assert script["Content-Type"].startswith("application/javascript")
    text = page.content.decode() + script.content.decode()
    assert not re.findall(r"(?:https?:)?//[\w.-]+", text.replace("// ", ""))
    assert "/api/schema/" in text or "../schema/" in text


def test_the_files_that_the_page_loads_are_the_package_s_own(anonymous):
    html = anonymous.get("/api/docs/").content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', html)

    assert len(loaded) == 5
    loaded.remove("/api/docs/?script=")  # of the page itself
    for url in loaded:
        assert url.startswith(f"{settings.STATIC_URL}drf_spectacular_sidecar/")
        assert finders.find(url.removeprefix(settings.STATIC_URL))
