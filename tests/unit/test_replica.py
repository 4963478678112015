"""What may be old is read from the replica, and nothing else ever is."""

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, ProgrammingError

from utils import replica
from utils.replica import REPLICA, Router, may_be_old

READ, WRITTEN = Router().db_for_read, Router().db_for_write


class There:
    """Stands for the connections; `in_atomic_block` is the database's."""

    in_atomic_block = False

    def __init__(self) -> None:
        self.closed = 0

    def __getitem__(self, alias: str) -> "There":
        assert alias == REPLICA
        return self

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> There:
    """A replica is set, and not left alone."""
    monkeypatch.setitem(settings.DATABASES, REPLICA, {})
    there = There()
    monkeypatch.setattr(replica, "connection", there)
    monkeypatch.setattr(replica, "connections", there)
    monkeypatch.setattr(replica, "_again_at", 0.0)
    return there


def read_from() -> str:
    return READ(None)


def test_without_a_replica_everything_is_read_from_the_database() -> None:
    assert may_be_old(read_from)() == "default"


def test_only_what_may_be_old_is_read_from_the_replica(there: There) -> None:
    assert (may_be_old(read_from)(), read_from()) == (REPLICA, "default")


def test_nothing_is_written_to_the_replica(there: There) -> None:
    assert may_be_old(lambda: WRITTEN(None))() == "default"


def test_an_object_of_the_replica_is_written_and_followed_in_the_database(there: There) -> None:
    class Found:
        _state = REPLICA

    assert (READ(None, instance=Found), WRITTEN(None, instance=Found)) == ("default", "default")


def test_a_transaction_reads_what_it_has_written(there: There) -> None:
    there.in_atomic_block = True
    assert may_be_old(read_from)() == "default"


@pytest.mark.parametrize("state", [None, "40001", "57P01"])
def test_what_a_replica_cannot_give_is_read_from_the_database_for_a_while(
    there: There, state: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    @may_be_old
    def read() -> str:
        asked.append(read_from())
        if asked[-1] == REPLICA:
            raise OperationalError from failure(state)
        return asked[-1]

    now = 1_000.0
    monkeypatch.setattr(replica.time, "monotonic", lambda: now)
    assert (read(), read()) == ("default", "default")
    assert (asked, there.closed) == ([REPLICA, "default", "default"], 1)

    now += replica.LEFT_ALONE - 1
    read()
    assert asked[3:] == ["default"]
    now += 1
    read()
    assert asked[4:] == [REPLICA, "default"]


@pytest.mark.parametrize(
    ("kind", "state"), [(OperationalError, "57014"), (ProgrammingError, "42601")]
)
def test_what_is_too_slow_or_wrong_is_not_asked_of_the_database_too(
    there: There, kind: type[Exception], state: str
) -> None:
    asked: list[str] = []

    @may_be_old
    def read() -> None:
        asked.append(read_from())
        raise kind from failure(state)

    with pytest.raises(kind):
        read()
    assert (asked, there.closed, read_from()) == ([REPLICA], 0, "default")


def test_the_replica_is_never_migrated() -> None:
    migrated = [alias for alias in ("default", REPLICA) if Router().allow_migrate(alias, "api")]
    assert migrated == ["default"]


def failure(state: str | None) -> psycopg.Error:
    error = psycopg.OperationalError()
    error.sqlstate = state
    return error
