"""Work on the whole database that must not be done twice at once: migrations, loading the demo."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

LOCK = 0x6C756666  # “luff”; of the advisory locks of a PostgreSQL database
WAITING = "Another process is at work on this database: waiting for it."
_LOOK_EVERY = 0.5  # seconds


@contextmanager
def alone(
    *, using: str = DEFAULT_DB_ALIAS, waiting: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Within the block, no other process is within one on the same database. Who comes second
    waits, for however long the first one takes; `waiting` is called once before that.

    PostgreSQL: an advisory lock, held by a transaction of a connection of its own, so that it holds
    behind a pooler too, and ends with the process. SQLite: a lock on a file beside the database's;
    in memory there is nobody else.
    """
    connection: Any = connections[using]
    with ExitStack() as stack:
        if connection.vendor == "postgresql":
            take = stack.enter_context(_advisory_lock(connection))
        elif connection.is_in_memory_db():
            take = _nobody_else
        else:
            take = stack.enter_context(_file_lock(Path(connection.settings_dict["NAME"])))
        if not take():
            waiting()
            while not take():
                time.sleep(_LOOK_EVERY)
        yield


@contextmanager
def _advisory_lock(connection: Any) -> Iterator[Callable[[], bool]]:
    own = connection.copy()
    try:
        own.set_autocommit(False)

        def take() -> bool:
            """Asks and does not wait, for which a statement's time could be too short."""
            own.rollback()
            with own.cursor() as cursor:
                # The lock is held while nothing else is asked: for as long as the work takes.
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
                return bool(cursor.fetchone()[0])

        yield take
    finally:
        own.close()


def _nobody_else() -> bool:
    return True


@contextmanager
def _file_lock(database: Path) -> Iterator[Callable[[], bool]]:
    with database.with_name(f"{database.name}.lock").open("w") as file:

        def take() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield take
