"""Room for the calls of a thread.

CPython 3.11 and 3.12 keep the frames of a thread's calls in chunks of 16 KiB. Calls in a loop that
cross the edge of a chunk map and unmap memory, each of them: the same page of the desk took 55 to
95 ms of CPU, by how deep below the server it was made (python/cpython issue 142183; mended in later
releases of 3.13 and 3.14).
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_SLOTS = 2**15  # of 8 bytes each; the chunk that they need has as much again for what is called


def with_room(call: Callable[P, R]) -> Callable[P, R]:
    """Does what `call` does, with one chunk for the first two thousand frames below it. Costs some
    microseconds a call: meant for what a thread begins with."""

    def roomy(*args: P.args, **kwargs: P.kwargs) -> R:
        return call(*args, **kwargs)

    roomy.__code__ = roomy.__code__.replace(co_stacksize=_SLOTS)
    return wraps(call)(roomy)
