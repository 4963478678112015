"""Before a request a connection to PostgreSQL is asked whether it is still there, if that is not
known anyway."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from luffy.postgresql import base

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(base, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def own(clock: list[float]) -> Iterator[Any]:
    """A connection of the test's own, which has just been asked."""
    own = connection.copy()
    own.health_check_enabled = True
    own.ensure_connection()
    assert own.is_usable()
    yield own
    own.close()


@pytest.fixture
def asked(own: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often a request that begins now asks the server before it uses it."""
    is_usable = own.is_usable

    def request() -> int:
        times: list[int] = []
        monkeypatch.setattr(own, "is_usable", lambda: times.append(1) or is_usable())
        own.close_if_unusable_or_obsolete()  # as between two requests
        with own.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
        return len(times)

    return request


def backend(own: Any) -> int:
    pid: int = own.connection.info.backend_pid
    return pid


def test_a_connection_that_was_usable_a_moment_ago_is_not_asked(own, clock, asked):
    clock[0] += base.FRESH_SECONDS - 0.01

    assert [asked(), asked()] == [0, 0]


def test_one_that_was_so_a_second_ago_is_asked_once(own, clock, asked):
    clock[0] += base.FRESH_SECONDS

    assert [asked(), asked()] == [1, 0]


def test_one_that_the_server_has_ended_is_left_at_once(own, asked):
    before = backend(own)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [before])

    assert asked() == 1
    assert backend(own) != before


def test_one_that_is_closed_at_this_end_is_left_at_once(own, asked):
    before = own.connection
    before.close()

    assert asked() == 1
    assert own.connection is not before


def test_one_that_may_only_read_is_asked_again_and_again_until_it_is_left(own, asked):
    with own.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    assert not own.is_usable()
    before = own.connection

    assert asked() == 1
    assert own.connection is not before
