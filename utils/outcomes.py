"""What is known of a transaction that ended in an error of the database.

An answer of the server is certain: it has rolled back. Where the connection was lost before COMMIT
was sent, nothing was committed either. But where the answer to COMMIT was lost, nobody knows.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError, transaction

# What the server says when it does not serve any more: it may have committed just before.
_UNCERTAIN = ("08", "57P", "58", "XX")
# Another transaction holds what this one waited for, and longer than it may wait.
_BUSY = ("55P03", "57014", "40P01")


class OutcomeUnknown(Exception):
    """Whether the transaction was committed, nobody knows. Trying again must do no harm."""


class Attempt:
    """A transaction, and how far it came."""

    is_committing = False


@contextmanager
def attempted() -> Iterator[Attempt]:
    """`transaction.atomic()`, which raises OutcomeUnknown where nobody knows whether it was
    committed. Any other error: nothing was changed. Only the outermost transaction commits."""
    attempt = Attempt()
    try:
        with transaction.atomic():
            yield attempt
            attempt.is_committing = True
    except (OperationalError, InterfaceError) as error:
        if attempt.is_committing and not is_certain(error):
            raise OutcomeUnknown from error
        raise


def is_certain(error: Exception) -> bool:
    """Whether the error is the server's own word that it has not done it."""
    cause = error.__cause__
    if getattr(cause, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return True
    state = _state(error)
    return bool(state) and not state.startswith(_UNCERTAIN)


def is_busy(error: Exception) -> bool:
    """Whether somebody else held what was needed; not that the database is gone."""
    name = getattr(error.__cause__, "sqlite_errorname", "")
    return _state(error) in _BUSY or name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _state(error: Exception) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""
