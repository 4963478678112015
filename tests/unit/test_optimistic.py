"""Operations that are tried anew when another request changed the data under them."""

import itertools
import random
import time

import pytest

from utils.exceptions import Contention
from utils.optimistic import ATTEMPTS, until_uncontended

LONGEST_IN_ALL = 0.1  # seconds: nobody should notice


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it sleeps, each time: at the very most."""
    slept: list[float] = []
    monkeypatch.setattr(random, "uniform", lambda least, most: most)
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def losing(times: int) -> tuple[list[int], object]:
    """An operation that loses so many times, and the attempts made."""
    attempts: list[int] = []

    @until_uncontended
    def operation() -> str:
        attempts.append(len(attempts) + 1)
        if len(attempts) <= times:
            raise Contention
        return "done"

    return attempts, operation


def test_it_is_done_at_once_where_nobody_interferes(pauses: list[float]) -> None:
    attempts, operation = losing(0)
    assert operation() == "done"
    assert (attempts, pauses) == ([1], [])


def test_it_is_tried_ten_times(pauses: list[float]) -> None:
    attempts, operation = losing(9)
    assert operation() == "done"
    assert len(attempts) == ATTEMPTS == 10


def test_after_the_tenth_it_gives_up(pauses: list[float]) -> None:
    attempts, operation = losing(10)
    with pytest.raises(Contention):
        operation()
    assert len(attempts) == ATTEMPTS
    assert len(pauses) == ATTEMPTS - 1  # not after the last


def test_it_pauses_longer_each_time_and_never_so_long_that_a_customer_notices(
    pauses: list[float],
) -> None:
    _, operation = losing(9)
    operation()
    assert all(0 < one < next_one for one, next_one in itertools.pairwise(pauses))
    assert sum(pauses) <= LONGEST_IN_ALL


def test_two_that_collide_do_not_pause_equally_long(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    for _ in range(20):
        losing(1)[1]()
    assert len(set(slept)) > 10


def test_another_error_is_not_tried_anew(pauses: list[float]) -> None:
    attempts: list[int] = []

    @until_uncontended
    def operation() -> None:
        attempts.append(1)
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        operation()
    assert len(attempts) == 1
