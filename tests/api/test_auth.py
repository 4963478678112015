"""Who is asking: tokens (contract §2)."""

import io
import logging
import logging.config
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib import import_module
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from api.models import UserAuthToken
from api.services import accounts
from tests.support.factories import AccountFactory, UserAuthTokenFactory
from utils import tokens
from utils.auth import LuffyAuth

REFUSED = {"code": 1001, "data": None, "error": "认证失败"}
URL = "/api/payment/"


@pytest.fixture
def token(db) -> str:
    UserAuthTokenFactory(user__username="bob", token="token-of-bob")
    return UserAuthTokenFactory(user__username="alice", token="token-of-alice").token


def assert_refused(answer: Any) -> None:
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert answer.json() == REFUSED


@pytest.mark.parametrize("header", ["Token", "Bearer", "token", "BEARER", "Token  ", "jwt", "JWT"])
def test_a_token_in_the_header_lets_in(anonymous, token: str, header: str):
    answer = anonymous.get(URL, HTTP_AUTHORIZATION=f"{header} {token}")

    assert answer.status_code == 200
    assert answer.json()["error"] == "获取失败"


def test_a_token_alone_in_the_header_lets_in(anonymous, token: str):
    assert anonymous.get(URL, HTTP_AUTHORIZATION=token).status_code == 200


def test_a_token_in_the_query_lets_in(anonymous, token: str):
    answer = anonymous.get(f"{URL}?token={token}")

    assert answer.status_code == 200
    assert answer.json()["error"] == "获取失败"


def test_a_scheme_of_somebody_else_leaves_the_query_to_speak(anonymous, token: str):
    """A proxy's own password may travel in the same header."""
    answer = anonymous.get(f"{URL}?token={token}", HTTP_AUTHORIZATION="Basic YTpi")

    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_no_token_is_refused(anonymous, everything_in, method: str):
    answer = anonymous.generic(
        method, URL, '{"courseids": [], "couponid": 0}', content_type="application/json"
    )

    assert_refused(answer)
    assert everything_in() == {}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_a_method_that_is_not_there_asks_for_the_token_first(anonymous, db, method: str):
    assert_refused(anonymous.generic(method, URL))


MALFORMED = [
    "unknown",
    "token-of-alic",
    "token-of-alice2",
    "TOKEN-OF-ALICE",
    "token-of-alice\0",
    "\0",
    "token-of-älice",
    "令牌",
    "'",
    "token-of-alice' OR '1'='1",
    "%",
    "token-of-alice token-of-alice",
    "x" * 64,
    "x" * 65,
    "x" * 5_000,
]


@pytest.mark.parametrize("wrong", ["", *MALFORMED], ids=lambda value: ascii(value)[:24])
def test_a_wrong_token_in_the_query_is_refused(anonymous, token: str, wrong: str):
    assert_refused(anonymous.get(f"{URL}?token={quote(wrong)}"))


@pytest.mark.parametrize("query", ["token", "token=%FF", "token=%ED%A0%80", "Token=token-of-alice"])
def test_a_query_that_names_no_token_is_refused(anonymous, token: str, query: str):
    assert_refused(anonymous.get(f"{URL}?{query}"))


@pytest.mark.parametrize("scheme", ["Token", "Bearer"])
@pytest.mark.parametrize("wrong", MALFORMED, ids=lambda value: ascii(value)[:24])
def test_a_wrong_token_in_the_header_is_refused(anonymous, token: str, scheme: str, wrong: str):
    # As a server hands it over: the bytes of the header read as latin-1.
    header = f"{scheme} {wrong}".encode().decode("latin-1")

    assert_refused(anonymous.get(URL, HTTP_AUTHORIZATION=header))


@pytest.mark.parametrize(
    "header",
    ["", " ", "Token", "Token ", "Bearer", "jwt", "Tokentoken-of-alice", "null", "Basic YTpi"],
)
def test_a_header_without_a_scheme_or_a_token_is_refused(anonymous, token: str, header: str):
    assert_refused(anonymous.get(URL, HTTP_AUTHORIZATION=header))


def test_a_wrong_header_is_refused_whatever_the_query_says(anonymous, token: str):
    assert_refused(anonymous.get(f"{URL}?token={token}", HTTP_AUTHORIZATION="Token wrong"))


# --- What the table holds -------------------------------------------------------------------------


@pytest.fixture
def kept(token: str) -> str:
    """Alice's token as the service itself keeps it."""
    kept = "h:" + b64encode(sha256(token.encode()).digest(), b"-_").decode().rstrip("=")
    UserAuthToken.objects.filter(token=token).update(token=kept)
    return kept


def test_a_token_that_is_kept_as_its_hash_lets_in_with_one_query(
    anonymous, token: str, kept: str, django_assert_num_queries
):
    with django_assert_num_queries(1):
        answer = anonymous.get(f"{URL}?token={token}")

    assert answer.status_code == 200


def test_what_the_table_holds_lets_nobody_in(anonymous, kept: str):
    assert_refused(anonymous.get(f"{URL}?token={quote(kept)}"))
    for header in (kept, f"Token {kept}", f"jwt {kept}"):
        assert_refused(anonymous.get(URL, HTTP_AUTHORIZATION=header))


def test_a_row_of_another_program_that_begins_like_a_hash_lets_nobody_in(anonymous, db):
    UserAuthTokenFactory(token="h:plain")

    assert_refused(anonymous.get(f"{URL}?token=h:plain"))


@pytest.mark.parametrize("word", ["null", "undefined"])
def test_null_and_undefined_let_nobody_in(anonymous, token: str, word: str):
    assert_refused(anonymous.get(f"{URL}?token={word}"))
    assert_refused(anonymous.get(URL, HTTP_AUTHORIZATION=f"jwt {word}"))


def test_a_header_that_says_null_leaves_the_query_to_speak(anonymous, token: str):
    answer = anonymous.get(f"{URL}?token={token}", HTTP_AUTHORIZATION="jwt null")

    assert answer.status_code == 200


def test_the_service_writes_the_hash_alone(db):
    account = AccountFactory()
    token = accounts.renew_token(account)

    held = UserAuthToken.objects.get(user=account).token
    assert held == tokens.stored(token)
    assert (held[:2], len(held)) == ("h:", 45)


def test_the_migration_hashes_its_own_tokens_and_leaves_those_of_others(anonymous, db):
    own = "xVnPTHLBIJ8mGzSyZ0kUO0mYoZhkzDAb1dGnUvbgD5Q"
    UserAuthTokenFactory(token=own)
    UserAuthTokenFactory(token="of-another-program")
    hash_tokens = import_module("api.migrations.0008_hash_tokens").hash_tokens

    for _ in range(2):
        hash_tokens(apps, Mock(connection=connection))

    held = UserAuthToken.objects.order_by("pk").values_list("token", flat=True)
    assert list(held) == [tokens.stored(own), "of-another-program"]
    assert anonymous.get(f"{URL}?token={own}").status_code == 200


def test_a_token_that_was_taken_back_is_refused(alice):
    alice.account.userauthtoken.delete()

    assert_refused(alice.get(URL))


def test_a_views_request_knows_the_token_and_its_account(db):
    auth = UserAuthTokenFactory(user=AccountFactory(username="alice"), token="token-of-alice")
    request = APIView().initialize_request(APIRequestFactory().get("/?token=token-of-alice"))
    request.authenticators = [LuffyAuth()]

    assert request.auth == auth
    assert request.auth.user_id == auth.user.pk
    assert request.user == auth.user


# --- Tokens and logs ------------------------------------------------------------------------------


@pytest.fixture
def log_lines() -> Iterator[Callable[[], str]]:
    """What the console shows, through the handlers and formatters of the settings themselves."""
    stream = io.StringIO()
    console = settings.LOGGING["handlers"]["console"] | {"stream": stream}
    logging.config.dictConfig(settings.LOGGING | {"handlers": {"console": console}})
    yield stream.getvalue
    logging.config.dictConfig(settings.LOGGING)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('"GET /api/payment/?token=s3cret HTTP/1.1" 200', "/api/payment/?… HTTP/1.1"),
        ("/api/payment/?a=1&token=s3cret&b=2", "/api/payment/?…"),
        ("/api/payment/?%74oken=s3cret", "/api/payment/?…"),
        ("/api/payment?%74oken=s3cret", "/api/payment?…"),
        ("/api/payment/?TOKEN=s3cret", "/api/payment/?…"),
        ("token=s3cret", "token=…"),
        ("'/?token=s3cret'", "'/?…'"),
        ("/api/payment/;token=s3cret", "/api/payment/;token=…"),
        ("/api/token=s3cret/", "/api/token=…"),
        ("Invalid HTTP Header: 'Authorization Token s3cret'", "'Authorization Token …'"),
        ("authorization: bearer s3cret", "authorization: bearer …"),
        ("Authorization: jwt s3cret", "Authorization: jwt …"),
        ("Authorization: s3cret", "Authorization: …"),
    ],
)
def test_a_log_line_does_not_show_a_token_of_a_url(log_lines, line: str, shown: str):
    logging.getLogger("any.library").warning("%s", line)

    written = log_lines()
    assert "s3cret" not in written
    assert shown in written


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("x%0a2026-11-26 09:00:00+0800 INFO django: all is well", r"x\n2026-11-26"),
        ("x%0d%0a2026-11-26 INFO", r"x\r\n2026-11-26"),
        ("x%1b[31mred", r"x\x1b[31mred"),
        ("x%c2%9b31m", r"x\x9b31m"),
        ("x%e2%80%a8y", r"x\u2028y"),
        ("x%e2%80%aey", r"x\u202ey"),
        ("x%00y", r"x\x00y"),
    ],
)
def test_a_request_writes_one_line_and_no_control_character(anonymous, log_lines, sent, shown):
    anonymous.get(f"/api/{sent}")

    lines = log_lines().splitlines()
    assert len(lines) == 1
    assert shown in lines[0]
    assert lines[0].isprintable()


def test_a_tracebacks_lines_are_indented_so_none_passes_for_a_records(log_lines):
    try:
        raise ValueError("broken\n2026-11-26 INFO django: all is well\x1b[31m")
    except ValueError:
        logging.getLogger("any.library").exception("crash")

    first, *traceback = log_lines().splitlines()
    assert first.endswith("crash")
    assert all(line.startswith("  ") for line in traceback)
    assert r"\x1b[31m" in traceback[-1]


def test_a_traceback_does_not_show_the_token(log_lines):
    try:
        raise ValueError("cannot redirect /api/payment?token=s3cret")
    except ValueError:
        logging.getLogger("any.library").exception("crash")

    written = log_lines()
    assert "ValueError: cannot redirect /api/payment?…" in written
    assert "s3cret" not in written


@pytest.mark.parametrize("way", ["query", "Token", "Bearer"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT"])
def test_no_request_writes_its_token(anonymous, token: str, log_lines, method: str, way: str):
    query, headers = "", {}
    if way == "query":
        query = f"?token={token}"
    else:
        headers["HTTP_AUTHORIZATION"] = f"{way} {token}"

    anonymous.generic(method, URL + query, "{", content_type="application/json", **headers)
    anonymous.generic(method, "/api/nowhere/" + query, **headers)
    anonymous.generic(method, URL + query, HTTP_HOST="evil.example", **headers)

    written = log_lines()
    assert "/api/nowhere/" in written
    assert token not in written
