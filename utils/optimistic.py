"""Changes to Redis without locks: read, decide, and write only if what was read still holds."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from redis import Redis

from utils.exceptions import Contention
from utils.metrics.values import counter, expect

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 10
LONGEST_PAUSE = 0.002  # seconds, after the first lost attempt; longer with every further one

_LOST = counter(
    "luffy_contention_retries_total",
    "Attempts that were made anew because another request had changed the data.",
    ("operation",),
)
_GIVEN_UP = counter(
    "luffy_contention_given_up_total",
    "Operations that lost every attempt: the request was answered 503.",
    ("operation",),
)


def until_uncontended(operation: Callable[P, R]) -> Callable[P, R]:
    """Runs the operation anew, from its first read, whenever another request changed the data
    under it. An attempt is lost only if another request went through, so the work gets on.

    Raises Contention when ATTEMPTS attempts were lost; nothing was changed then.
    """

    name = f"{operation.__module__.rpartition('.')[2]}.{operation.__name__}"
    expect(_LOST, name)
    expect(_GIVEN_UP, name)

    @wraps(operation)
    def attempts(*args: P.args, **kwargs: P.kwargs) -> R:
        for lost in range(1, ATTEMPTS):
            try:
                return operation(*args, **kwargs)
            except Contention:
                _LOST.labels(name).inc()
                time.sleep(random.uniform(0, lost * LONGEST_PAUSE))  # noqa: S311  so that two requests do not collide again
        try:
            return operation(*args, **kwargs)
        except Contention:
            _GIVEN_UP.labels(name).inc()
            raise

    return attempts


class GuardedWrite:
    """Redis commands that run in one atomic step, and only if fields of a hash still hold what the
    caller has read there ("" where there was none). WATCH does the same in more round trips.

    Redis does not take back what a script did before a command that it refuses. So whatever can be
    refused is looked at before the first write: rights, and keys that hold something else than a
    hash. Hashes are filled first, which a full Redis refuses; deletions and lives come after them,
    in whatever order they were asked for. Any refusal is redis-py's ResponseError.
    """

    _SCRIPT = """
        local at = 2
        for _ = 1, tonumber(ARGV[1]) do
            local held = redis.pcall('HGET', KEYS[1], ARGV[at])
            if type(held) == 'table' then
                if not string.find(tostring(held.err), 'WRONGTYPE', 1, true) then return held end
                held = ''  -- no hash
            end
            if (held or '') ~= ARGV[at + 1] then return 0 end
            at = at + 2
        end

        local function may(...)  -- Redis 6 cannot be asked
            return not redis.acl_check_cmd or redis.acl_check_cmd(...)
        end
        local writes, fresh = {}, {}
        while at <= #ARGV do
            local size = tonumber(ARGV[at])
            local write = {unpack(ARGV, at + 1, at + size)}
            local replaces, key = write[1] == 'REPLACE', write[2]
            if replaces then
                write[1] = 'HSET'
                if not (may('DEL', key) and may('HDEL', key, '') and may('HKEYS', key)) then
                    return redis.error_reply('NOPERM to replace a hash')
                end
            end
            if not may(unpack(write)) then return redis.error_reply('NOPERM to ' .. write[1]) end
            if write[1] == 'HSET' then
                local held = redis.call('TYPE', key).ok
                if held ~= 'none' and held ~= 'hash' then
                    if not replaces then
                        return redis.error_reply('WRONGTYPE a key to be changed holds no hash')
                    end
                    fresh[#writes + 1] = true
                elseif replaces then
                    fresh[#writes + 1] = false
                end
            end
            writes[#writes + 1] = write
            at = at + size + 1
        end

        for nth, write in ipairs(writes) do
            if fresh[nth] then redis.call('DEL', write[2]) end
            redis.call(unpack(write))
            if fresh[nth] == false then
                local kept = {}
                for field = 3, #write, 2 do kept[write[field]] = true end
                for _, field in ipairs(redis.call('HKEYS', write[2])) do
                    if not kept[field] then redis.call('HDEL', write[2], field) end
                end
            end
        end
        return 1
    """

    def __init__(self, key: str, read: Mapping[str, str | bytes]) -> None:
        self._keys = {key: None}  # a dict: each once, the guarded one first
        self._guards: list[str | bytes | int] = [len(read), *_flat(read)]
        self._hashes: list[str | bytes | int] = []
        self._others: list[str | bytes | int] = []

    def delete(self, key: str) -> None:
        self._add(self._others, "DEL", key)

    def hset(self, key: str, values: Mapping[str, str]) -> None:
        """Changes these fields of the hash, and leaves its others."""
        self._add(self._hashes, "HSET", key, *_flat(values))

    def replace(self, key: str, values: Mapping[str, str]) -> None:
        """Makes it a hash of these fields and no others, whatever was there. How long the key
        lives is to be said by `expire`."""
        self._add(self._hashes, "REPLACE", key, *_flat(values))

    def expire(self, key: str, seconds: int) -> None:
        """Lets the key live for so many seconds from now; 0: for ever."""
        if seconds:
            self._add(self._others, "EXPIRE", key, seconds)
        else:
            self._add(self._others, "PERSIST", key)

    def commit(self, connection: Redis) -> None:
        """Runs the commands. One round trip. Raises Contention if a field has changed."""
        arguments = [*self._guards, *self._hashes, *self._others]
        done = connection.eval(self._SCRIPT, len(self._keys), *self._keys, *arguments)
        if not done:
            raise Contention

    def _add(
        self,
        writes: list[str | bytes | int],
        command: str,
        key: str,
        *arguments: str | bytes | int,
    ) -> None:
        self._keys[key] = None
        writes += [2 + len(arguments), command, key, *arguments]


def _flat(fields: Mapping[str, Any]) -> Iterator[Any]:
    return (part for field in fields.items() for part in field)
