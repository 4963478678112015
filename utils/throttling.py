"""How many requests an account may make in a minute."""

import time
from typing import Any

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from utils.login_limits import address_of


class RequestThrottle(BaseThrottle):
    """REQUESTS_PER_MINUTE for each account, or for each address without one.

    Counted in this process: it is there to stop a front end that runs wild, which is not worth a
    round trip to Redis in every request. Attempts to log in are counted for all processes.
    """

    _limiter = FixedWindowRateLimiter(MemoryStorage())

    def allow_request(self, request: Request, view: Any) -> bool:
        self._rate = RateLimitItemPerMinute(settings.REQUESTS_PER_MINUTE)
        auth: Any = request.auth
        self._who = f"account {auth.user_id}" if auth else f"address {address_of(request)}"
        return self._limiter.hit(self._rate, self._who)

    def wait(self) -> float:
        """Seconds until the next request is let in."""
        stats = self._limiter.get_window_stats(self._rate, self._who)
        return max(stats.reset_time - time.time(), 1)
