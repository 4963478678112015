"""How often a loop of calls maps memory."""

from collections.abc import Callable
from resource import RUSAGE_THREAD, getrusage

CALLS = 200  # in a loop: as many page faults where it is at the edge of a chunk of the stack
_DEEPER = 160  # frames; a chunk has room for about so many


def most_in_a_loop_of_calls() -> int:
    """Page faults of this thread, in whichever depth below this call the loop is made."""
    return max(_at(depth, _in_a_loop) for depth in range(_DEEPER))


def _at(depth: int, call: Callable[[], int]) -> int:
    return _at(depth - 1, call) if depth else call()


def _in_a_loop() -> int:
    before = getrusage(RUSAGE_THREAD).ru_minflt
    for _ in range(CALLS):
        _wide()
    return getrusage(RUSAGE_THREAD).ru_minflt - before


def _wide() -> None: ...


# Wider than a step of `_at`, so that in some depth its frame does not fit before the edge.
_wide.__code__ = _wide.__code__.replace(co_stacksize=32)
