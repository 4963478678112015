"""Front ends of other origins: whom a browser lets call the API."""

from typing import Any

import pytest
from django.conf import settings as service
from django.core.exceptions import ImproperlyConfigured
from rest_framework.test import APIClient

from luffy.settings.environment import ON_THIS_MACHINE, several
from luffy.settings.environment import ORIGIN as ORIGIN_FORM
from utils.response import ERROR_FIELD, ERROR_NAME

ORIGIN = "https://shop.example.com"
OTHER = "https://evil.example.com"
CAR = "/api/shoppingcar/"


@pytest.fixture
def configured(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]


def preflight(client: APIClient, method: str, origin: str = ORIGIN, url: str = CAR) -> Any:
    """What a browser asks before it sends a request with a token."""
    return client.options(
        url,
        HTTP_ORIGIN=origin,
        HTTP_ACCESS_CONTROL_REQUEST_METHOD=method,
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="authorization, content-type",
    )


def assert_not_allowed(answer: Any) -> None:
    assert not [name for name in answer.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_no_origin_is_allowed_by_default(anonymous, method):
    assert service.CORS_ALLOWED_ORIGINS == []
    assert_not_allowed(preflight(anonymous, method))
    assert_not_allowed(anonymous.get("/api/course/", HTTP_ORIGIN=ORIGIN))


def test_origins_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", f"{ORIGIN}, http://localhost:8080")

    assert several("CORS_ALLOWED_ORIGINS", [], ORIGIN_FORM) == [ORIGIN, "http://localhost:8080"]


@pytest.mark.parametrize("wrong", ["*", "shop.example.com", f"{ORIGIN}/", "https://*.example.com"])
def test_an_origin_that_no_browser_says_stops_the_start(monkeypatch, wrong):
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", f"{ORIGIN},{wrong}")

    with pytest.raises(
        ImproperlyConfigured,
        match="CORS_ALLOWED_ORIGINS needs values as in",
    ):
        several("CORS_ALLOWED_ORIGINS", [], ORIGIN_FORM)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_preflight_of_a_configured_origin_allows_the_method_with_a_token(anonymous, method):
    answer = preflight(anonymous, method)

    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert method in answer["Access-Control-Allow-Methods"].split(", ")
    allowed = answer["Access-Control-Allow-Headers"].split(", ")
    assert {"authorization", "content-type"} <= set(allowed)
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("origin", [OTHER, f"{ORIGIN}.evil.com", "http://shop.example.com", "null"])
def test_a_preflight_of_another_origin_allows_nothing(anonymous, origin):
    assert_not_allowed(preflight(anonymous, "DELETE", origin))


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("method", ["patch", "delete"])
def test_the_request_itself_is_answered_to_the_origin(alice, method):
    body = {"courseid": 1, "policyid": 1, "courseids": [1]}

    answer = getattr(alice, method)(CAR, body, HTTP_ORIGIN=ORIGIN)

    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert "origin" in answer["Vary"].lower()


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    ("method", "url", "body", "status"),
    [
        ("POST", "/api/auth/", "{", 400),
        ("GET", CAR, "", 401),
        ("GET", "/api/nothing/", "", 404),
        ("PUT", "/api/course/", "", 405),
        ("POST", CAR, "x" * (64 * 1024 + 1), 413),
    ],
)
def test_a_front_end_can_read_errors_too(anonymous, method, url, body, status):
    answer = anonymous.generic(
        method, url, body, content_type="application/json", HTTP_ORIGIN=ORIGIN
    )

    assert answer.status_code == status
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.json()["data"] is None


@pytest.mark.usefixtures("configured")
def test_a_front_end_can_read_how_long_to_wait(anonymous, settings):
    settings.LOGIN_ATTEMPTS_PER_MINUTE = 1
    body = {"username": "nobody", "password": "wrong"}
    anonymous.post("/api/auth/", body)

    answer = anonymous.post("/api/auth/", body, HTTP_ORIGIN=ORIGIN)

    assert answer.status_code == 429
    assert "Retry-After" in answer["Access-Control-Expose-Headers"].split(", ")


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("url", ["/admin/login/", "/healthz", "/readyz"])
def test_only_the_api_is_open_to_other_origins(anonymous, url):
    assert_not_allowed(anonymous.get(url, HTTP_ORIGIN=ORIGIN))


@pytest.mark.usefixtures("configured")
def test_a_front_end_can_read_which_refusal_it_was_and_the_field_to_blame(alice):
    answer = alice.patch("/api/payment/", {"couponid": "x"}, HTTP_ORIGIN=ORIGIN)

    exposed = set(answer["Access-Control-Expose-Headers"].split(", "))
    assert {ERROR_NAME, ERROR_FIELD} <= exposed & set(answer.headers)


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:8080", "http://localhost:5173", "http://127.0.0.1:3000", "http://localhost"],
)
def test_what_runs_on_a_developer_s_machine_is_allowed_there_on_any_port(
    anonymous, settings, origin
):
    settings.CORS_ALLOWED_ORIGIN_REGEXES = [ON_THIS_MACHINE]

    answer = preflight(anonymous, "POST", origin)

    assert answer["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost.evil.com",
        "http://evil.com:8080",
        "http://localhost:8080.evil.com",
        "http://127.0.0.11:8080",
        "http://127.0.0.1:8080@evil.com",
        "http://127x0x0x1:8080",
        "null",
    ],
)
def test_what_only_looks_like_it_is_not(anonymous, settings, origin):
    settings.CORS_ALLOWED_ORIGIN_REGEXES = [ON_THIS_MACHINE]

    assert_not_allowed(preflight(anonymous, "POST", origin))


def test_where_debug_is_off_it_is_refused(anonymous, settings):
    settings.CORS_ALLOWED_ORIGIN_REGEXES = []  # tests/unit/test_settings.py: so it is there

    assert_not_allowed(preflight(anonymous, "POST", "http://localhost:8080"))


@pytest.mark.usefixtures("configured")
def test_a_front_end_may_read_an_etag_and_ask_with_it(anonymous):
    asked = anonymous.options(
        "/api/course/",
        HTTP_ORIGIN=ORIGIN,
        HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="if-none-match",
    )
    answer = anonymous.get("/api/course/", HTTP_ORIGIN=ORIGIN)
    same = anonymous.get("/api/course/", HTTP_ORIGIN=ORIGIN, HTTP_IF_NONE_MATCH=answer["ETag"])

    assert "if-none-match" in asked["Access-Control-Allow-Headers"].split(", ")
    assert "ETag" in answer["Access-Control-Expose-Headers"].split(", ")
    assert (same.status_code, same["Access-Control-Allow-Origin"]) == (304, ORIGIN)
