"""What an error of the database tells about the transaction that it ended."""

import sqlite3

import pytest
from django.db import OperationalError

from utils.outcomes import is_busy, is_certain


def error_of(cause: Exception) -> OperationalError:
    error = OperationalError("…")
    error.__cause__ = cause
    return error


def of_postgresql(sqlstate: str | None) -> OperationalError:
    cause = Exception("…")
    cause.sqlstate = sqlstate  # as psycopg's errors have it
    return error_of(cause)


@pytest.mark.parametrize(
    "sqlstate", ["55P03", "57014", "40P01", "40001", "23505", "25006", "53100"]
)
def test_an_answer_of_the_server_is_certain(sqlstate: str) -> None:
    assert is_certain(of_postgresql(sqlstate))


@pytest.mark.parametrize("sqlstate", [None, "08006", "08003", "57P01", "57P02", "57P03", "58030"])
def test_a_lost_connection_or_a_server_that_ends_is_not(sqlstate: str | None) -> None:
    assert not is_certain(of_postgresql(sqlstate))
    assert not is_busy(of_postgresql(sqlstate))


@pytest.mark.parametrize("sqlstate", ["55P03", "57014", "40P01"])
def test_what_somebody_else_holds_is_busy(sqlstate: str) -> None:
    assert is_busy(of_postgresql(sqlstate))
    assert not is_busy(of_postgresql("53100"))


def test_a_locked_sqlite_is_busy_and_certain() -> None:
    cause = sqlite3.OperationalError("database is locked")
    cause.sqlite_errorname = "SQLITE_BUSY"
    assert is_busy(error_of(cause))
    assert is_certain(error_of(cause))
    assert not is_busy(error_of(sqlite3.OperationalError("disk I/O error")))
