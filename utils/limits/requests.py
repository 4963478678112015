"""How many requests an account may make in a minute."""

import hashlib
import time
from typing import Any

from django.conf import settings
from django.core.cache import caches
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from utils.limits.logins import address_of

WINDOW = 60  # seconds, from the first request


class RequestThrottle(BaseThrottle):
    """REQUESTS_PER_MINUTE for each account, or for each address without one.

    Counted in this process: the limit stops a front end that repeats itself by mistake, which is
    not worth a round trip to Redis in every request. Attempts to log in are counted in Redis.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        auth: Any = request.auth
        who = f"account:{auth.user_id}" if auth else f"address:{_hashed(address_of(request))}"
        self._ends = f"end:{who}"
        counts = caches["process"]
        if counts.add(who, 0, WINDOW):
            counts.set(self._ends, time.time() + WINDOW, WINDOW)
        try:
            return counts.incr(who) <= settings.REQUESTS_PER_MINUTE
        except ValueError:  # the minute ended after add()
            return True

    def wait(self) -> float:
        """Seconds until the next request is let in."""
        ends: float = caches["process"].get(self._ends, 0)
        return max(ends - time.time(), 1)


def _hashed(address: str) -> str:
    """Hashed, because an address that a proxy passes on may be of any length."""
    return hashlib.sha256(address.encode(errors="replace")).hexdigest()
