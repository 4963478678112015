"""Reads that may be some seconds old, from a replica of the database (DATABASE_REPLICA_URL).

A replica is always a little behind. So nothing is read there but what says of itself that it may be
old, as reports do; what a learner has just done is read where it was written. A replica that is
away is left alone for a while, and all is read from the database itself.
"""

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connection, connections

from utils.outages import is_out_of_reach, sqlstate_of

REPLICA = "replica"
LEFT_ALONE = 30  # seconds, after it failed
_TOO_SLOW = "57014"  # as slow on the database itself, which has better to do

P = ParamSpec("P")
T = TypeVar("T")

_reads_there: ContextVar[bool] = ContextVar("reads_there", default=False)
_again_at = 0.0  # of the monotonic clock


def may_be_old(read: Callable[P, T]) -> Callable[P, T]:
    """For a function that only reads, and gives values, not querysets that are read later. Within a
    transaction it reads what the transaction does."""

    @wraps(read)
    def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        if not _is_there():
            return read(*args, **kwargs)
        token = _reads_there.set(True)
        try:
            return read(*args, **kwargs)
        except (DatabaseError, InterfaceError) as error:
            if not is_out_of_reach(error) or sqlstate_of(error) == _TOO_SLOW:
                raise
            _leave_alone(error)
        finally:
            _reads_there.reset(token)
        return read(*args, **kwargs)

    return reading


class Router:
    """Django's way to ask which database. It always answers: without an answer, what refers to an
    object would be looked for, and written, where the object came from."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return REPLICA if _reads_there.get() else DEFAULT_DB_ALIAS

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True  # they are the same rows

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS


def _is_there() -> bool:
    return (
        REPLICA in settings.DATABASES
        and time.monotonic() >= _again_at
        and not connection.in_atomic_block
    )


def _leave_alone(error: Exception) -> None:
    global _again_at
    _again_at = time.monotonic() + LEFT_ALONE
    connections[REPLICA].close()
    logging.getLogger(__name__).warning("the replica is left alone for a while: %s", error)
