"""Who is asking: tokens (contract §2)."""

import io
import logging
import logging.config
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from tests.factories import AccountFactory, UserAuthTokenFactory
from utils.auth import LuffyAuth


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
    ],
)
def test_a_log_line_does_not_show_a_token_of_a_url(log_lines, line: str, shown: str):
    logging.getLogger("any.library").warning("%s", line)

    written = log_lines()
    assert "s3cret" not in written
    assert shown in written


def test_the_development_servers_line_does_not_show_the_token(log_lines):
    logging.getLogger("django.server").info(
        '"%s" %s %s', "GET /api/payment/?token=s3cret HTTP/1.1", "200", "42"
    )

    written = log_lines()
    assert "GET /api/payment/?… HTTP/1.1" in written
    assert "s3cret" not in written


def test_a_traceback_does_not_show_the_token(log_lines):
    try:
        raise ValueError("cannot redirect /api/payment?token=s3cret")
    except ValueError:
        logging.getLogger("any.library").exception("crash")

    written = log_lines()
    assert "ValueError: cannot redirect /api/payment?…" in written
    assert "s3cret" not in written
