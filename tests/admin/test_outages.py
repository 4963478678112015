"""The desk while a server is out of reach: a page that says so, and no traceback."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, ProgrammingError, close_old_connections, connection
from django.db import connections as django_connections
from django.test import Client
from rest_framework.test import APIClient

from api.models import Coupon
from tests.admin.test_error_pages import expect_plain_page
from tests.conftest import Customer

SAYS = "暂时无法服务"


def fail(*args: Any) -> Any:
    raise OperationalError("server closed the connection unexpectedly")


def gone(part: str = "") -> AbstractContextManager[None]:
    """While every statement that holds `part` is answered by nobody."""

    def answer(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        return fail() if part in sql else execute(sql, *args)

    return connection.execute_wrapper(answer)


def quiet(client: Client) -> Client:
    client.raise_request_exception = False
    return client


@pytest.fixture(params=[False, True], ids=["DEBUG off", "DEBUG on"])
def debug(request: pytest.FixtureRequest, settings: Any) -> None:
    settings.DEBUG = request.param


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.parametrize("part", ["django_session", "auth_user", "api_coupon", ""])
def test_a_page_is_503_whatever_it_was_about_to_read(
    manager: Client, debug: None, part: str
) -> None:
    with gone(part):
        answer = quiet(manager).get("/admin/api/coupon/")

    expect_plain_page(answer, 503, SAYS)
    assert answer["Retry-After"] == "5"
    assert quiet(manager).get("/admin/api/coupon/").status_code == 200


@pytest.mark.django_db
def test_a_session_that_cannot_be_saved_is_503(client: Client) -> None:
    """Outside the views, where the middleware saves it."""
    User.objects.create_superuser("chief", password="right")
    with gone('INSERT INTO "django_session"'), gone('UPDATE "django_session"'):
        answer = quiet(client).post("/admin/login/", {"username": "chief", "password": "right"})

    expect_plain_page(answer, 503, SAYS)


@pytest.mark.django_db
def test_an_upload_is_503_where_nobody_can_say_who_sends_it(manager: Client) -> None:
    with gone("django_session"):
        answer = quiet(manager).post("/admin/api/coupon/add/", {"name": "x" * 100_000})

    expect_plain_page(answer, 503, SAYS)


@pytest.mark.django_db
def test_what_is_wrong_with_a_statement_stays_a_crash(manager: Client) -> None:
    def wrong(*args: Any) -> Any:
        raise ProgrammingError("column does not exist")

    with connection.execute_wrapper(wrong):
        answer = quiet(manager).get("/admin/api/coupon/")

    expect_plain_page(answer, 500, "服务器出错了")


# --- A real PostgreSQL ----------------------------------------------------------------------------

REAL = [pytest.mark.postgres, pytest.mark.outages, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def read_only() -> Iterator[Callable[[bool], None]]:
    """Makes the database refuse writes of new connections, as while it is moved, or no longer."""
    name = connection.ops.quote_name(connection.settings_dict["NAME"])

    def say(refuses: bool) -> None:
        operator = django_connections.create_connection("default")
        with operator.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {refuses}")
        operator.close()

    yield say
    say(False)
    connection.close()


class TestAPostgresqlThatIsReadOnly:
    pytestmark = REAL

    @pytest.fixture(autouse=True)
    def _refuses(self, alice: Customer, chief: Client, read_only: Callable[[bool], None]) -> None:
        connection.ensure_connection()
        assert connection.is_usable()  # a moment before
        read_only(True)
        connection.close()

    def test_is_503_where_the_api_writes_and_reads_go_on(self, alice: Customer) -> None:
        answer = APIClient().post("/api/account/", {"username": "carol", "password": "Lu-ffy-18"})

        assert (answer.status_code, answer.json()["code"]) == (503, 1503)
        assert alice.get("/api/order/").json()["code"] == 1000

    def test_is_503_where_the_desk_writes_and_reads_go_on(self, chief: Client) -> None:
        log_in = {"username": "chief", "password": "p"}  # writes when that was
        expect_plain_page(quiet(Client()).post("/admin/login/", log_in), 503, SAYS)
        assert chief.get("/admin/api/coupon/").status_code == 200

    def test_is_left_for_one_that_is_not(
        self, alice: Customer, read_only: Callable[[bool], None]
    ) -> None:
        register = {"username": "carol", "password": "Lu-ffy-18"}
        assert APIClient().post("/api/account/", register).status_code == 503
        read_only(False)
        close_old_connections()  # as the server does around each request

        assert APIClient().post("/api/account/", register).json()["code"] == 1000


class TestAPostgresqlThatCutsTheConnection:
    pytestmark = REAL

    def test_is_503_at_the_desk_and_the_next_page_works(self, chief: Client) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (backend,) = cursor.fetchone()
        killer = django_connections.create_connection("default")
        with killer.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
        killer.close()

        expect_plain_page(quiet(chief).get("/admin/"), 503, SAYS)
        close_old_connections()

        assert chief.get("/admin/").status_code == 200
        assert not Coupon.objects.exists()
