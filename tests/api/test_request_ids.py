"""What is told of a request: its id to the client, a line to the log."""

import io
import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings

from tests.conftest import Customer
from tests.support.factories import put_in_car
from utils import scope
from utils.logs import FORMS

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def json_lines() -> Iterator[Lines]:
    """What the console shows where DEBUG is off, line by line."""
    stream = io.StringIO()
    logs = settings.LOGGING
    console = logs["handlers"]["console"] | {"stream": stream}
    own = {"handlers": {"console": console}, "formatters": {"line": FORMS["json"]}}
    logging.config.dictConfig(logs | own)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.config.dictConfig(logs)


# --- The id ---------------------------------------------------------------------------------------


def test_every_answer_has_an_id_of_its_own(anonymous):
    first, second = (anonymous.get("/api/course/")["X-Request-Id"] for _ in range(2))

    assert first != second
    assert first.isalnum()
    assert len(first) == 32


@pytest.mark.parametrize("sent", ["a", "7f3-A_b.c", "x" * 64])
def test_the_id_of_the_client_is_given_back(anonymous, sent: str):
    answer = anonymous.get("/api/course/", headers={"X-Request-Id": sent})

    assert answer["X-Request-Id"] == sent


@pytest.mark.parametrize(
    "sent", ["", "x" * 65, "-a", "a b", "a\r\nSet-Cookie: b=c", "a\n", "é", '"', "a/b", "\x1b[31m"]
)
def test_what_is_no_id_is_replaced(anonymous, sent: str):
    answer = anonymous.get("/api/course/", headers={"X-Request-Id": sent})

    assert len(answer["X-Request-Id"]) == 32
    assert answer["X-Request-Id"].isalnum()


@pytest.mark.parametrize("path", ["/healthz", "/api/nothing", "/nothing", "/admin/", "/"])
def test_answers_of_middlewares_and_pages_have_one_too(anonymous, path: str):
    assert anonymous.get(path, headers={"X-Request-Id": "mine"})["X-Request-Id"] == "mine"


def test_a_crash_has_one_too(anonymous, monkeypatch, json_lines: Lines):
    monkeypatch.setattr("api.views.course.CourseListView.get", None)

    answer = anonymous.get("/api/course/", headers={"X-Request-Id": "mine"})

    assert answer.status_code == 500
    assert answer["X-Request-Id"] == "mine"
    assert {line["request_id"] for line in json_lines()} == {"mine"}


def test_a_front_end_of_another_origin_may_send_and_read_it(anonymous, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://www.example.com"]
    asked = {"Origin": "https://www.example.com", "Access-Control-Request-Method": "GET"}

    before = anonymous.options("/api/course/", headers=asked)
    answer = anonymous.get("/api/course/", headers=asked)

    assert "x-request-id" in before["Access-Control-Allow-Headers"]
    assert "X-Request-Id" in answer["Access-Control-Expose-Headers"]


def test_nothing_is_at_work_after_a_request(anonymous):
    anonymous.get("/api/course/")

    assert scope.current() is None


# --- The line -------------------------------------------------------------------------------------


def test_a_request_is_one_json_line(alice: Customer, json_lines: Lines):
    alice.get("/api/payment/", headers={"X-Request-Id": "mine"})

    (line,) = json_lines()
    assert line.pop("ms") >= 0
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "luffy.request",
        "message": line["message"],
        "request_id": "mine",
        "account_id": alice.account.pk,
        "method": "GET",
        "path": "/api/payment/",
        "endpoint": "/api/payment/",
        "status": 200,
        "refusal": "settlement_not_found",
        "sql": 1,  # the token with its account
        "redis": 1,
        "address": "127.0.0.1",
    }


def test_it_says_what_the_request_has_cost(alice: Customer, redis, json_lines: Lines):
    put_in_car(redis, alice.account, 1)

    alice.settle([1])

    (line,) = json_lines()
    assert (line["sql"], line["redis"]) == (2, 2)  # as tests/api/test_budgets.py counts them


def test_it_names_the_route_and_the_path_without_its_query(anonymous, json_lines: Lines):
    anonymous.get("/api/order/20260301/?token=s3cret")

    (line,) = json_lines()
    assert line["endpoint"] == "/api/order/<order:order_number>/"
    assert line["path"] == "/api/order/20260301/"
    assert "s3cret" not in json.dumps(line)
    assert "account_id" not in line


def test_a_token_that_is_written_into_a_path_is_not_shown(anonymous, json_lines: Lines):
    anonymous.get("/api/token=s3cret/")

    assert "s3cret" not in json.dumps(json_lines())


def test_neither_password_nor_token_of_a_log_in_is_told(client_of, anonymous, json_lines: Lines):
    client_of("alice", user__password="s3cret-word")

    answer = anonymous.post("/api/auth/", {"username": "alice", "password": "s3cret-word"})

    (line,) = json_lines()
    assert "s3cret" not in json.dumps(line)
    token = (answer.json()["data"] or {}).get("token")
    assert not token or token not in json.dumps(line)


@pytest.mark.parametrize("sent", ["%0a{}", "%0d", "%1b[31m", "%c2%9b31m", "%e2%80%a8", "%00"])
def test_a_line_has_no_control_character(anonymous, json_lines: Lines, sent: str):
    anonymous.get(f"/api/x{sent}y")

    (line,) = json_lines()
    assert line["path"].isprintable()
    assert line["message"].isprintable()


def test_it_has_the_clients_address_and_not_that_of_the_proxy(anonymous, settings, json_lines):
    settings.TRUSTED_PROXIES = 1

    anonymous.get("/api/course/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})

    assert json_lines()[0]["address"] == "198.51.100.7"


def test_a_long_path_is_cut(anonymous, json_lines: Lines):
    anonymous.get("/api/" + "x" * 5_000)

    assert len(json_lines()[0]["path"]) == 500


def test_at_the_desk_it_says_who_of_the_staff_asks(admin_client, admin_user, json_lines: Lines):
    admin_client.get("/admin/")

    line = json_lines()[-1]
    assert line["staff_id"] == admin_user.pk
    assert line["endpoint"] == "/admin/"


def test_the_line_of_a_crash_has_the_traceback_without_tokens(json_lines: Lines):
    try:
        raise ValueError("cannot redirect /api/payment?token=s3cret\x1b[31m")
    except ValueError:
        logging.getLogger("any.library").exception("crash")

    (line,) = json_lines()
    assert line["message"] == "crash"
    assert line["exception"].startswith("Traceback")
    assert r"/api/payment?…" in line["exception"]
    assert "s3cret" not in line["exception"]
    assert all(part.isprintable() for part in line["exception"].split("\n"))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Authorization Token s3cret", "Authorization Token …"),
        ("Authorization: s3cret", "Authorization: …"),
        ("/api/;token=s3cret", "/api/;token=…"),
        ("/api/?x=s3cret", "/api/?…"),
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_a_json_line_does_not_show_a_token(json_lines: Lines, said: str, shown: str):
    logging.getLogger("any.library").warning("%s", said)

    assert json_lines()[0]["message"] == shown


def test_half_a_character_does_not_break_the_line():
    # Not logged: pytest could not print it where the test fails.
    record = logging.LogRecord("any.library", logging.WARNING, "", 0, "half \ud800", None, None)

    assert json.loads(FORMS["json"]["()"]().format(record))["message"] == r"half \ud800"


def test_a_line_as_text_ends_with_the_requests_id(anonymous, caplog):
    anonymous.get("/api/course/", headers={"X-Request-Id": "mine"})

    record = caplog.records[-1]
    token = scope.begin(scope.Scope("mine"))
    try:
        line = FORMS["text"]["()"]("{levelname} {message}", style="{").format(record)
    finally:
        scope.end(token)
    assert line.startswith("INFO GET /api/course/ 200 ")
    assert line.endswith(" 127.0.0.1 [mine]")
