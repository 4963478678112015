"""How often somebody may try to log in: so many times a minute for a name, and from an address.

The doors (logging in to the API and to the admin, registering) count each for itself. The counts
live in Redis, so they hold over all worker processes; when Redis is out of reach its error comes
through, and nobody is let in uncounted.
"""

import hashlib
import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django_redis import get_redis_connection
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from rest_framework.request import Request

from utils.exceptions import TooManyAttempts

API, ADMIN, REGISTER = "api", "admin", "register"


def count_attempt(door: str, *, name: str, address: str) -> None:
    """Counts one attempt, before the password is looked at. `door` is one of the three.

    Raises TooManyAttempts if the name or the address has used up its LOGIN_ATTEMPTS_PER_MINUTE
    within the last 60 seconds; refused attempts do not prolong the wait.
    """
    limiter = MovingWindowRateLimiter(_Storage("redis://", key_prefix="luffy_limits"))
    rate = RateLimitItemPerMinute(settings.LOGIN_ATTEMPTS_PER_MINUTE)
    for kind, whose in (("address", address), ("name", name)):
        # Hashed: what was typed into the field may be of any length, or a password.
        counted = ("login", door, kind, hashlib.sha256(whose.encode(errors="replace")).hexdigest())
        if not limiter.hit(rate, *counted):
            free_again = limiter.get_window_stats(rate, *counted).reset_time
            raise TooManyAttempts(wait=max(free_again - time.time(), 1))


def address_of(request: HttpRequest | Request) -> str:
    """Where the request comes from. Behind a proxy, the last entry of X-Forwarded-For: the one
    that our own proxy wrote; those before it are whatever the client claims."""
    if settings.BEHIND_PROXY:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        if forwarded:
            return str(forwarded)
    return str(request.META.get("REMOTE_ADDR", ""))


class _Storage(RedisStorage):
    """On the service's own connection: its server or cluster, its timeouts, or the embedded Redis.
    Each count is one key, and so in one slot."""

    def get_connection(self, readonly: bool = False) -> Any:
        return get_redis_connection("default")
