"""What means “not here, not now” (contract §1: 503): a server out of reach, read-only or full.

The database's errors are known by their SQLSTATE, and not by the names that drivers give them: a
standby's refusal is an InternalError, a full disk an OperationalError, a lost connection has no
SQLSTATE at all.
"""

import logging
import sqlite3

from django.db import DatabaseError, InterfaceError, OperationalError
from redis import RedisError
from redis.exceptions import RedisClusterException

# https://www.postgresql.org/docs/current/errcodes-appendix.html
SQLSTATES = (
    "08",  # the connection is lost; what a pooler says, too
    "25006",  # read-only: a standby after a failover
    "25P03",  # idle for too long in a transaction
    "25P04",  # a transaction that took too long
    "28",  # the log-in is refused
    "3D000",  # there is no such database (yet)
    "40",  # rolled back, because of others: a deadlock, say
    "42501",  # rights are taken away, as while servers are moved
    "53",  # full: disk, memory, connections
    "55006",  # in use by others
    "55P03",  # a lock was not to be had
    "57",  # ended from outside: shut down, starting up, the statement's time is over
    "58",  # the system fails: input and output
)
SQLITE_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)


class Contention(Exception):
    """Other requests changed the same data at every attempt of this one, which changed nothing."""


def is_out_of_reach(error: BaseException | None) -> bool:
    """Whether the error says that Redis or the database cannot serve now, and that nothing is wrong
    with the request (contract §1)."""
    match error:
        case RedisError() | RedisClusterException() | Contention():
            return True  # the second is no RedisError: no node answers, or none has the slot
        case DatabaseError() | InterfaceError():
            return _database_is_out_of_reach(error)
        case _:
            return False


def sqlstate_of(error: BaseException) -> str | None:
    """The five characters with which PostgreSQL says what is wrong; None where it said nothing."""
    state: str | None = getattr(error.__cause__, "sqlstate", None)
    return state


def _database_is_out_of_reach(error: DatabaseError | InterfaceError) -> bool:
    cause = error.__cause__
    if state := sqlstate_of(error):
        return state.startswith(SQLSTATES)
    if isinstance(cause, sqlite3.Error) and hasattr(cause, "sqlite_errorcode"):
        return cause.sqlite_errorcode & 0xFF in SQLITE_CODES  # the rest says more of the same
    if isinstance(cause, DatabaseError | InterfaceError):
        return is_out_of_reach(cause)  # what Django says of a transaction that has been broken
    return isinstance(error, OperationalError | InterfaceError)  # no server said anything


class OutageInOneLine(logging.Filter):
    """Of an error that says that a server is out of reach, the log has a line and no traceback:
    there is nothing in it to be put right."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if is_out_of_reach(error):
            record.msg = f"{record.getMessage()}: out of reach: {type(error).__name__}: {error}"
            record.args = None
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
