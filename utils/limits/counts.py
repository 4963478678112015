"""Counts of a minute that all worker processes share: they are in Redis. Where it is out of reach
its error is raised, and nobody gets in uncounted."""

import math
import time
from functools import lru_cache
from typing import Any

from django_redis import get_redis_connection
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from utils.exceptions import TooManyAttempts

Counted = tuple[str, ...]


def hit(most: int, counted: Counted) -> None:
    """Counts one more. Raises TooManyAttempts, and does not count it, if there were `most` within
    the last 60 seconds."""
    limiter, rate = _limiter(), RateLimitItemPerMinute(most)
    if not limiter.hit(rate, *counted):
        raise TooManyAttempts(wait=_wait(limiter, rate, counted))


def check(most: int, counted: Counted) -> None:
    """Raises TooManyAttempts as `hit` would, and counts nothing."""
    limiter, rate = _limiter(), RateLimitItemPerMinute(most)
    if not limiter.test(rate, *counted):
        raise TooManyAttempts(wait=_wait(limiter, rate, counted))


def _limiter() -> MovingWindowRateLimiter:
    return _limiter_on(get_redis_connection("default"))


@lru_cache(maxsize=64)
def _limiter_on(client: Any) -> MovingWindowRateLimiter:
    """Kept for each thread's client: to make one takes longer than to ask it."""
    return MovingWindowRateLimiter(_Storage(client))


def _wait(limiter: MovingWindowRateLimiter, rate: RateLimitItemPerMinute, counted: Counted) -> int:
    """Whole seconds after which an attempt is let in: at the very end of the minute it is not."""
    free_again, left = limiter.get_window_stats(rate, *counted)
    if left:  # since the refusal
        return 1
    return max(math.ceil(free_again - time.time() + 0.001), 1)


class _Storage(RedisStorage):
    """Uses the service's own connection: server, cluster or embedded Redis, with its timeouts. Each
    count is one key, so a cluster has it in one slot."""

    def __init__(self, client: Any) -> None:
        self._client = client
        super().__init__("redis://", key_prefix="luffy_limits")

    def get_connection(self, readonly: bool = False) -> Any:
        return self._client
