"""How many requests an account may make in a minute.

Counted in this process: it is there to stop a front end that runs wild, which is not worth a round
trip to Redis in every request. Attempts to log in are counted for all processes.
"""

import hashlib
import math
import time
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.cache import caches
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from utils.addresses import address_of, counted_as

WINDOW = 60  # seconds, from the first request


class RequestThrottle(BaseThrottle):
    """REQUESTS_PER_MINUTE for each account, or for each address without one."""

    def allow_request(self, request: Request, view: Any) -> bool:
        auth: Any = request.auth
        self._count = _Count(f"account:{auth.user_id}" if auth else _address(request))
        return self._count.add() <= settings.REQUESTS_PER_MINUTE

    def wait(self) -> float:
        """Seconds until the next request is let in."""
        return self._count.wait()


class RefusedTokens:
    """REQUESTS_PER_MINUTE of those that end as a 401, for each address: nobody tries out tokens
    without end. Wrong tokens and none at all count apart."""

    def __init__(self, request: Request, token: str) -> None:
        self._count = _Count(f"{'wrong' if token else 'no'}-token:{_address(request)}")

    def check(self) -> None:
        """Raises Throttled if there were too many. The next token is then not even looked at."""
        if self._count.number() >= settings.REQUESTS_PER_MINUTE:
            raise Throttled(wait=self._count.wait())

    def add(self) -> None:
        self._count.add()


class _Count:
    def __init__(self, who: str) -> None:
        self._who, self._ends = who, f"end:{who}"

    def number(self) -> int:
        return int(caches["process"].get(self._who, 0))

    def add(self) -> int:
        """The number with this one."""
        counts = caches["process"]
        if counts.add(self._who, 0, WINDOW):
            counts.set(self._ends, time.time() + WINDOW, WINDOW)
        try:
            return int(counts.incr(self._who))
        except ValueError:  # the minute ended between the two
            return 1

    def wait(self) -> int:
        ends: float = caches["process"].get(self._ends, 0)
        return max(math.ceil(ends - time.time()), 1)


def _address(request: Request) -> str:
    return _hashed(address_of(request))


@lru_cache(maxsize=1024)
def _hashed(address: str) -> str:
    """What a server hands over may be of any length."""
    counted = counted_as(address)
    return "address:" + hashlib.sha256(counted.encode(errors="replace")).hexdigest()
