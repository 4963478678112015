"""How many connections a worker may hold within its limit of open files."""

import resource
from collections.abc import Callable

import pytest

from luffy.serving.worker import OTHER_FILES, connections_within

INFINITY = resource.RLIM_INFINITY
Limits = tuple[int, int]


@pytest.fixture
def limits(monkeypatch) -> Callable[..., list[Limits]]:
    """Sets the soft and the hard limit; gives a list of those that are set anew."""

    def limited(soft: int, hard: int) -> list[Limits]:
        set_anew: list[Limits] = []
        monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
        monkeypatch.setattr(resource, "setrlimit", lambda _, limits: set_anew.append(limits))
        return set_anew

    return limited


@pytest.mark.parametrize(
    ("soft", "hard", "raised", "connections"),
    [
        (INFINITY, INFINITY, [], 2000),
        (2500, 2500, [], 2000),
        (2499, 4000, [(2500, 4000)], 2000),
        (1024, INFINITY, [(2500, INFINITY)], 2000),
        (1024, 2499, [(2499, 2499)], 1999),
        (1024, 1024, [(1024, 1024)], 524),
        (256, 256, [(256, 256)], 50),
    ],
)
def test_as_many_as_the_limit_leaves_once_it_is_raised(limits, soft, hard, raised, connections):
    assert OTHER_FILES == 500
    set_anew = limits(soft, hard)

    assert connections_within(2000) == connections
    assert set_anew == raised
