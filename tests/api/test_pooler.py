"""PostgreSQL behind a pooler (pgbouncer in transaction mode), and without one."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, close_old_connections, connection, transaction

from api.models import Account, Order
from luffy.settings.database import database
from tests.conftest import Customer
from tests.support.factories import AccountFactory
from tests.support.orders import order, pay
from tests.support.pgbouncer import pgbouncer

pytestmark = [pytest.mark.postgres, pytest.mark.outages, pytest.mark.django_db(transaction=True)]

SLEEP = "SELECT pg_sleep(30)"


@pytest.fixture
def direct() -> Iterator[psycopg.Connection]:
    """Somebody who looks at the server itself."""
    config = connection.settings_dict
    with psycopg.connect(
        dbname=config["NAME"],
        user=config["USER"],
        password=config["PASSWORD"] or None,
        host=config["HOST"],
        port=config["PORT"] or 5432,
        autocommit=True,
    ) as looking:
        yield looking


@pytest.fixture
def pooled(direct: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The service's database is behind a pooler, and a statement may take a second."""
    config = connection.settings_dict
    with pgbouncer(config) as port:
        monkeypatch.setitem(config, "HOST", "127.0.0.1")
        monkeypatch.setitem(config, "PORT", port)
        monkeypatch.setitem(config["OPTIONS"], "statement_timeout", 1)
        connection.close()
        yield
        connection.close()
        monkeypatch.undo()


def sql(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def asleep(direct: psycopg.Connection) -> int:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = %s"
    (number,) = direct.execute(statement, [SLEEP]).fetchone() or (0,)
    return number


def test_an_order_is_placed_paid_and_shown_through_a_pooler(
    pooled: None, client_of: Callable[..., Customer]
) -> None:
    customer = client_of("alice")
    placed = order(username="bob")
    pay(placed)

    assert customer.get("/api/order/").json()["code"] == 1000
    assert customer.post("/api/auth/", {"username": "bob", "password": "no"}).status_code == 200
    assert connection.is_pooled
    assert Order.objects.get().pay_time is not None


@pytest.mark.parametrize("in_transaction", [False, True])
def test_a_statement_that_takes_too_long_is_ended_on_the_server_too(
    pooled: None, direct: psycopg.Connection, in_transaction: bool
) -> None:
    sql("SELECT 1")
    started = time.monotonic()
    sleep = transaction.atomic(sql) if in_transaction else sql
    with pytest.raises(OperationalError):
        sleep(SLEEP)
    assert 1 <= time.monotonic() - started < 4

    time.sleep(0.2)
    assert asleep(direct) == 0
    close_old_connections()
    assert sql("SHOW statement_timeout") == ("0",)  # nothing was left for others behind the pooler


def test_rows_are_read_in_parts_while_others_take_the_server_s_connection(pooled: None) -> None:
    AccountFactory.create_batch(5)
    seen = []
    with connection.temporary_connection():
        other = connection.copy()
        for account in Account.objects.order_by("pk").iterator(chunk_size=2):
            seen.append(account.pk)
            if len(seen) == 1:
                other.set_autocommit(False)
                other.cursor().execute("SELECT 1")  # holds what the first part came from
        other.close()

    assert seen == list(Account.objects.order_by("pk").values_list("pk", flat=True))


def test_within_a_transaction_rows_stay_on_the_server_until_they_are_read(pooled: None) -> None:
    AccountFactory.create_batch(3)

    with transaction.atomic():
        rows = iter(Account.objects.iterator(chunk_size=1))
        next(rows)
        assert sql("SELECT count(*) FROM pg_cursors") == (1,)
        list(rows)


def test_without_a_pooler_the_server_keeps_the_time() -> None:
    connection.close()
    assert sql("SHOW statement_timeout") == ("5s",)
    assert not connection.is_pooled


def test_the_operator_s_own_options_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "DATABASE_URL", "postgres://me@h/db?options=-c%20search_path%3Dshop&connect_timeout=9"
    )
    options = database()["OPTIONS"]
    assert (options["options"], options["connect_timeout"]) == ("-c search_path=shop", 9)

    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "options", "-c work_mem=5MB")
    connection.close()
    assert (sql("SHOW work_mem"), sql("SHOW statement_timeout")) == (("5MB",), ("5s",))
    connection.close()
