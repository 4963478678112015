"""How often somebody may try to log in: so many times a minute for a name, and from an address.

Logging in to the API, logging in to the admin and registering are counted apart. The counts are in
Redis, so they hold across all worker processes. When Redis is out of reach its error is raised, and
nobody gets in uncounted.
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
    """Counts one attempt, before the password is looked at. `door` is API, ADMIN
    or REGISTER.

    Raises TooManyAttempts if the name or the address has used up its LOGIN_ATTEMPTS_PER_MINUTE
    within the last 60 seconds; refused attempts do not prolong the wait.
    """
    limiter = MovingWindowRateLimiter(_Storage("redis://", key_prefix="luffy_limits"))
    rate = RateLimitItemPerMinute(settings.LOGIN_ATTEMPTS_PER_MINUTE)
    for kind, whose in (("address", address), ("name", name)):
        # Hashed: what was typed may be of any length, or a password in the wrong field.
        counted = ("login", door, kind, hashlib.sha256(whose.encode(errors="replace")).hexdigest())
        if not limiter.hit(rate, *counted):
            free_again = limiter.get_window_stats(rate, *counted).reset_time
            raise TooManyAttempts(wait=max(free_again - time.time(), 1))


def address_of(request: HttpRequest | Request) -> str:
    """The client's address. Behind a proxy, the last entry of X-Forwarded-For: our own proxy wrote
    that one, while the client can claim whatever stands before it."""
    if settings.BEHIND_PROXY:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        if forwarded:
            return str(forwarded)
    return str(request.META.get("REMOTE_ADDR", ""))


class _Storage(RedisStorage):
    """Uses the service's own connection: server, cluster or embedded Redis, with its timeouts. Each
    count is one key, so a cluster has it in one slot."""

    def get_connection(self, readonly: bool = False) -> Any:
        return get_redis_connection("default")
