"""What others are told: the settings that switch it on, and what is sent."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from tests.unit.test_settings import PRODUCTION, assert_refused, refusal, settings_with
from utils import scope, telemetry
from utils.scope import Scope

DSN = "https://0123abcd@sentry.example.com/1"
COLLECTOR = "http://127.0.0.1:4318"


# --- The settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["xml", "jason", "json text"])
def test_a_form_of_logs_that_there_is_not_does_not_start(text: str):
    said = refusal(**PRODUCTION | {"LOG_FORMAT": text})

    assert_refused(said, "LOG_FORMAT must be one of text, json.")


@pytest.mark.parametrize(
    ("environment", "form"),
    [
        (PRODUCTION, "JsonLine"),
        ({"DEBUG": "on"}, "OneLine"),
        (PRODUCTION | {"LOG_FORMAT": "Text"}, "OneLine"),
        ({"DEBUG": "on", "LOG_FORMAT": "json"}, "JsonLine"),
    ],
)
def test_logs_are_json_unless_debug_is_on(environment: dict[str, str], form: str):
    formatter = settings_with(**environment).LOGGING["formatters"]["line"]["()"]

    assert formatter.__name__ == form


@pytest.mark.parametrize(
    "place", ["9464", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", ":9464", "a b:1", "http://a:1"]
)
def test_metrics_are_shown_at_an_address_and_a_port(place: str):
    said = refusal(**PRODUCTION | {"METRICS_BIND": place})

    assert_refused(said, "METRICS_BIND must be as in 127.0.0.1:9464")


@pytest.mark.parametrize(
    ("place", "bind"),
    [("0.0.0.0:1", ("0.0.0.0", 1)), ("[::1]:65535", ("::1", 65535)), ("a.b:80", ("a.b", 80))],
)
def test_the_address_of_the_metrics_is_read(place: str, bind: tuple[str, int]):
    assert bind == settings_with(**PRODUCTION | {"METRICS_BIND": place}).METRICS_BIND


def test_the_directory_of_the_metrics_is_made(tmp_path: Path):
    directory = tmp_path / "a" / "b"

    found = settings_with(**PRODUCTION | {"METRICS_DIR": str(directory)}).METRICS_DIR

    assert found == directory
    assert directory.is_dir()


def test_a_directory_that_cannot_be_made_does_not_start(tmp_path: Path):
    file = tmp_path / "file"
    file.touch()

    said = refusal(**PRODUCTION | {"METRICS_DIR": str(file / "metrics")})

    assert_refused(said, f"METRICS_DIR: {file}/metrics cannot be made: ")


@pytest.mark.parametrize("dsn", ["on", "sentry.example.com/1", "https://sentry.example.com/1"])
def test_what_is_no_address_of_sentry_is_not_repeated(dsn: str):
    said = refusal(**PRODUCTION | {"SENTRY_DSN": dsn})

    assert said == "SENTRY_DSN must be as in https://key@sentry.example.com/1."


@pytest.mark.parametrize("url", ["on", "127.0.0.1:4318", "grpc://127.0.0.1:4317"])
def test_what_is_no_address_of_a_collector_does_not_start(url: str):
    said = refusal(**PRODUCTION | {"OTEL_EXPORTER_OTLP_ENDPOINT": url})

    assert_refused(said, "OTEL_EXPORTER_OTLP_ENDPOINT must be as in http://127.0.0.1:4318.")


@pytest.mark.parametrize(
    ("name", "value"), [("SENTRY_DSN", DSN), ("OTEL_EXPORTER_OTLP_ENDPOINT", COLLECTOR)]
)
@pytest.mark.skipif(bool(find_spec("sentry_sdk")), reason="the extras are installed")
def test_what_is_switched_on_and_not_installed_does_not_start(name: str, value: str):
    said = refusal(**PRODUCTION | {name: value})

    assert_refused(said, f"{name} is set, but what it needs is not installed: pip install")


def test_nothing_is_between_where_nobody_is_told():
    assert "utils.telemetry.SpanMiddleware" not in settings_with(**PRODUCTION).MIDDLEWARE


# --- Sentry ---------------------------------------------------------------------------------------

FRAME = {"filename": "a.py", "lineno": 3, "function": "f", "vars": {"token": "s3cret"}}
EVENT: dict[str, Any] = {
    "event_id": "1",
    "level": "error",
    "user": {"username": "alice", "ip_address": "198.51.100.7"},
    "request": {
        "method": "POST",
        "url": "https://shop.example.com/api/order/?token=s3cret",
        "query_string": "token=s3cret",
        "headers": {"Authorization": "Token s3cret"},
        "cookies": {"sessionid": "s3cret"},
        "data": {"password": "s3cret"},
        "env": {"REMOTE_ADDR": "198.51.100.7"},
    },
    "breadcrumbs": {"values": [{"message": "log-in of alice"}]},
    "contexts": {"token": "s3cret"},
    "extra": {"body": "s3cret"},
    "logentry": {"message": "%s", "params": ["s3cret"], "formatted": "x /api/?token=s3cret"},
    "exception": {
        "values": [
            {
                "type": "IntegrityError",
                "module": "django.db.utils",
                "value": "duplicate key /api/?token=s3cret\nDETAIL:  Key (username)=(alice) exists",
                "stacktrace": {"frames": [FRAME], "registers": "s3cret"},
                "mechanism": {"data": "s3cret"},
            }
        ]
    },
}


def test_sentry_gets_nothing_of_anybody():
    sent = json.dumps(telemetry.as_sent(EVENT))

    for secret in ("s3cret", "alice", "198.51.100.7", "shop.example.com"):
        assert secret not in sent


def test_sentry_gets_what_crashed_and_where():
    token = scope.begin(Scope("mine", account_id=7))
    sent = telemetry.as_sent(EVENT)
    scope.end(token)

    (error,) = sent["exception"]["values"]
    assert (error["type"], error["value"]) == ("IntegrityError", "duplicate key /api/?…")
    assert error["stacktrace"] == {"frames": [{"filename": "a.py", "lineno": 3, "function": "f"}]}
    assert sent["request"] == {"method": "POST", "url": "/api/order/"}
    assert sent["tags"] == {"request_id": "mine"}


def test_an_event_without_an_error_or_a_request_is_sent_too():
    assert telemetry.as_sent({"event_id": "1", "message": "s3cret"}) == {"event_id": "1"}
    assert telemetry.as_sent({"exception": {"values": [{"type": "E", "stacktrace": None}]}})


# --- OpenTelemetry --------------------------------------------------------------------------------


def test_a_span_has_the_route_the_status_and_the_cost_and_nothing_of_anybody():
    span = Mock()
    middleware = object.__new__(telemetry.SpanMiddleware)
    middleware.get_response = lambda _: HttpResponse(status=503)
    middleware._continued, middleware._server, middleware._failed = Mock(), "server", "failed"
    middleware._tracer = Mock()
    middleware._tracer.start_as_current_span.return_value.__enter__ = Mock(return_value=span)
    middleware._tracer.start_as_current_span.return_value.__exit__ = Mock(return_value=False)
    sent = {"traceparent": "00-1-2-01", "Authorization": "Token s3cret"}
    request = RequestFactory().get("/api/order/1/?token=s3cret", headers=sent)
    request.resolver_match = Mock(route="api/order/<str:order_number>/")

    token = scope.begin(Scope("mine", account_id=7, sql=3, redis=2))
    middleware(request)
    scope.end(token)

    span.update_name.assert_called_once_with("GET /api/order/<str:order_number>/")
    span.set_attributes.assert_called_once_with(
        {
            "http.request.method": "GET",
            "http.route": "/api/order/<str:order_number>/",
            "http.response.status_code": 503,
            "luffy.request_id": "mine",
            "luffy.sql_queries": 3,
            "luffy.redis_round_trips": 2,
        }
    )
    span.set_status.assert_called_once_with("failed")
    middleware._continued.assert_called_once_with({"traceparent": "00-1-2-01", "tracestate": ""})
