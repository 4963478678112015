"""Which errors say “not here, not now”, and which say that something is wrong."""

import logging
import sqlite3
import sys

import psycopg
import pytest
import redis
from django.db import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from django.db.transaction import TransactionManagementError
from psycopg import errors
from redis.exceptions import RedisClusterException

from utils.logs import to_console
from utils.outages import Contention, is_out_of_reach


def as_django_raises(cause: Exception) -> Exception:
    """Django's error of the same name, or of the nearest, from the driver's."""
    names = {cls.__name__ for cls in type(cause).__mro__}
    kinds = (OperationalError, InterfaceError, InternalError, ProgrammingError, DatabaseError)
    error = next(kind for kind in kinds if kind.__name__ in names)(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "cause",
    [
        psycopg.OperationalError("server closed the connection unexpectedly"),
        psycopg.InterfaceError("the connection is closed"),
        errors.ConnectionException(),
        errors.ProtocolViolation("query_wait_timeout"),  # pgbouncer
        errors.ReadOnlySqlTransaction(),
        errors.IdleInTransactionSessionTimeout(),
        errors.InvalidPassword(),
        errors.InvalidCatalogName(),
        errors.SerializationFailure(),
        errors.DeadlockDetected(),
        errors.InsufficientPrivilege(),
        errors.DiskFull(),
        errors.TooManyConnections(),
        errors.LockNotAvailable(),
        errors.QueryCanceled(),
        errors.AdminShutdown(),
        errors.CrashShutdown(),
        errors.CannotConnectNow(),
        errors.DatabaseDropped(),
        errors.IoError(),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_a_postgresql_that_cannot_serve_is_out_of_reach(cause: Exception):
    assert is_out_of_reach(as_django_raises(cause))


@pytest.mark.parametrize(
    "cause",
    [
        errors.UniqueViolation(),
        errors.UndefinedTable(),
        errors.UndefinedColumn(),
        errors.SyntaxError(),
        errors.NumericValueOutOfRange(),
        errors.InvalidCursorName(),
        errors.InFailedSqlTransaction(),
        errors.InvalidTextRepresentation(),
        errors.TooManyColumns(),
        errors.InternalError_(),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_what_is_wrong_with_a_statement_is_no_outage(cause: Exception):
    assert not is_out_of_reach(as_django_raises(cause))


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError()
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "is_outage"),
    [
        (sqlite3.SQLITE_BUSY, True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True),
        (sqlite3.SQLITE_READONLY_DBMOVED, True),
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_IOERR_WRITE, True),
        (sqlite3.SQLITE_CANTOPEN, True),
        (sqlite3.SQLITE_ERROR, False),  # no such table
        (sqlite3.SQLITE_MISUSE, False),
    ],
)
def test_sqlite_says_it_by_its_codes(code: int, is_outage: bool):
    assert is_out_of_reach(as_django_raises(sqlite_error(code))) is is_outage


@pytest.mark.parametrize(
    "error",
    [
        redis.ConnectionError(),
        redis.ResponseError("NOPERM this user has no permissions"),
        RedisClusterException(),
        Contention(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_redis_and_who_met_too_many_others_are_out_of_reach(error: Exception):
    assert is_out_of_reach(error)


@pytest.mark.parametrize("error", [ValueError(), KeyError(), RuntimeError(), OSError(), None])
def test_anything_else_is_no_outage(error: Exception | None):
    assert not is_out_of_reach(error)


def test_a_transaction_that_an_outage_has_broken_is_one():
    broken = TransactionManagementError("You can't execute queries until the end of the block")
    assert not is_out_of_reach(broken)

    broken.__cause__ = as_django_raises(errors.AdminShutdown())

    assert is_out_of_reach(broken)


def logged(capsys, error: Exception) -> str:
    """What the console shows of a crash in a page."""
    config = to_console("INFO", "text", {})
    handler = config["handlers"]["console"] | {"stream": sys.stderr}
    named = {"handlers": ["console"], "level": "INFO", "propagate": False}
    config |= {"root": {}, "handlers": {"console": handler}, "loggers": {"a page": named}}
    logging.config.dictConfig(config)
    try:
        raise error
    except type(error):
        logging.getLogger("a page").exception("%s: %s", "Service Unavailable", "/admin/")
    return capsys.readouterr().err


def test_of_an_outage_the_log_has_a_line_and_of_a_crash_a_traceback(capsys):
    outage = logged(capsys, as_django_raises(errors.AdminShutdown("terminating connection")))
    crash = logged(capsys, as_django_raises(errors.UndefinedTable("no such table")))

    assert outage.count("\n") == 1
    assert " WARNING a page: Service Unavailable: /admin/: out of reach: OperationalError" in outage
    assert "Traceback" in crash
