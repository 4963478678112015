"""How often somebody may try to log in: so many times a minute for a name from an address, and
SHARED times as often for a name from anywhere, or for any name from an address. So strangers cannot
lock an account's owner out with ten wrong passwords, nor a classroom behind one address itself.

Logging in to the API, logging in to the admin and registering are counted apart. The counts are in
Redis, so they hold across all worker processes. When Redis is out of reach its error is raised, and
nobody gets in uncounted.
"""

import hashlib
import json
import math
import time
from typing import Any

from django.conf import settings
from django_redis import get_redis_connection
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from utils.addresses import counted_as
from utils.exceptions import TooManyAttempts
from utils.usernames import key

API, ADMIN, REGISTER = "api", "admin", "register"
SHARED = 10


def count_attempt(door: str, *, name: str, address: str) -> None:
    """Counts one attempt, before the password is looked at. `door` is API, ADMIN
    or REGISTER.

    Raises TooManyAttempts if one of the counts is used up within the last 60 seconds; refused
    attempts do not prolong the wait.
    """
    limiter = MovingWindowRateLimiter(_Storage("redis://", key_prefix="luffy_limits"))
    for most, whose in _counts(door, name, counted_as(address)):
        rate = RateLimitItemPerMinute(most)
        # Hashed: what was typed into the field may be of any length, or a password.
        counted = ("login", door, hashlib.sha256(json.dumps(whose).encode()).hexdigest())
        if not limiter.hit(rate, *counted):
            raise TooManyAttempts(wait=_wait(limiter, rate, counted))


def _counts(door: str, name: str, address: str) -> list[tuple[int, dict[str, str]]]:
    """How many attempts at most, and whose. The narrowest first: what it refuses does not use up
    the others."""
    most = settings.LOGIN_ATTEMPTS_PER_MINUTE
    if door == REGISTER:  # where every attempt has another name
        return [(most, {"address": address})]
    return [
        (most, {"name": key(name), "address": address}),
        (most * SHARED, {"address": address}),
        (most * SHARED, {"name": key(name)}),
    ]


def _wait(
    limiter: MovingWindowRateLimiter, rate: RateLimitItemPerMinute, counted: tuple[str, ...]
) -> int:
    """Whole seconds after which an attempt is let in: at the very end of the minute it is not."""
    free_again, left = limiter.get_window_stats(rate, *counted)
    if left:  # since the refusal
        return 1
    return max(math.ceil(free_again - time.time() + 0.001), 1)


class _Storage(RedisStorage):
    """Uses the service's own connection: server, cluster or embedded Redis, with its timeouts. Each
    count is one key, so a cluster has it in one slot."""

    def get_connection(self, readonly: bool = False) -> Any:
        return get_redis_connection("default")
