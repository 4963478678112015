"""Changes to Redis without locks: read, decide, and write only if what was read still holds."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from redis import Redis

from utils.exceptions import Contention

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 10
LONGEST_PAUSE = 0.002  # seconds, after the first lost attempt; longer with every further one


def until_uncontended(operation: Callable[P, R]) -> Callable[P, R]:
    """Runs the operation anew, from its first read, whenever another request changed the data
    under it. An attempt is lost only if another request went through, so the work gets on.

    Raises Contention when ATTEMPTS attempts were lost; nothing was changed then.
    """

    @wraps(operation)
    def attempts(*args: P.args, **kwargs: P.kwargs) -> R:
        for lost in range(1, ATTEMPTS):
            try:
                return operation(*args, **kwargs)
            except Contention:
                time.sleep(random.uniform(0, lost * LONGEST_PAUSE))  # noqa: S311  so that two requests do not collide again
        return operation(*args, **kwargs)

    return attempts


class GuardedWrite:
    """Redis commands that run in one atomic step, and only if fields of a hash still hold what the
    caller has read there ("" where there was none). WATCH does the same in more round trips.
    """

    _SCRIPT = """
        local at = 2
        for _ = 1, tonumber(ARGV[1]) do
            local held = redis.pcall('HGET', KEYS[1], ARGV[at])
            if type(held) ~= 'string' then held = '' end  -- no field, or no hash
            if held ~= ARGV[at + 1] then return 0 end
            at = at + 2
        end
        while at <= #ARGV do
            local size = tonumber(ARGV[at])
            redis.call(unpack(ARGV, at + 1, at + size))
            at = at + size + 1
        end
        return 1
    """

    def __init__(self, key: str, read: Mapping[str, str | bytes]) -> None:
        self._keys = {key: None}  # a dict: each once, the guarded one first
        self._arguments: list[str | bytes | int] = [len(read), *_flat(read)]

    def delete(self, key: str) -> None:
        self._add("DEL", key)

    def hset(self, key: str, values: Mapping[str, str]) -> None:
        self._add("HSET", key, *_flat(values))

    def expire(self, key: str, seconds: int) -> None:
        """Lets the key live for so many seconds from now; 0: for ever."""
        if seconds:
            self._add("EXPIRE", key, seconds)
        else:
            self._add("PERSIST", key)

    def commit(self, connection: Redis) -> None:
        """Runs the commands. One round trip. Raises Contention if a field has changed."""
        done = connection.eval(self._SCRIPT, len(self._keys), *self._keys, *self._arguments)
        if not done:
            raise Contention

    def _add(self, command: str, key: str, *arguments: str | bytes | int) -> None:
        self._keys[key] = None
        self._arguments += [2 + len(arguments), command, key, *arguments]


def _flat(fields: Mapping[str, Any]) -> Iterator[Any]:
    return (part for field in fields.items() for part in field)
