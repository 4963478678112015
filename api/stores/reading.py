"""Reads keys that other programs write too: a key may hold something other than a hash."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from redis import Redis, ResponseError

from api.stores.codec import Hash

_ID = re.compile("[1-9][0-9]*")
_SCAN_COUNT = 1000


def values_of(connection: Redis, key: str, names: Sequence[str]) -> list[bytes | None]:
    """The values of some fields of a hash; no values where the key holds no hash."""
    try:
        # redis-py types the answer of its asynchronous client, too.
        return connection.hmget(key, names)  # type: ignore[return-value]
    except ResponseError as error:
        if is_wrong_type(error):
            return [None] * len(names)
        raise


def values_from(found: Any, names: Sequence[str]) -> Hash:
    """What HMGET of a pipeline gave, without the fields that are not there; nothing where the key
    holds no hash."""
    values = [] if is_wrong_type(found) else found
    return {n.encode(): v for n, v in zip(names, values, strict=False) if v is not None}


def hash_from(found: Any) -> Hash:
    """What HGETALL gave; where the key holds no hash, a hash that no reader will accept."""
    return {b"": b""} if is_wrong_type(found) else found


def is_wrong_type(answer: Any) -> bool:
    """Whether Redis refused because the key, another program's, holds something else than a hash.
    Raises any other refusal."""
    if not isinstance(answer, ResponseError):
        return False
    if not str(answer).startswith("WRONGTYPE"):
        raise answer
    return True


def scan(connection: Redis, key: str) -> Iterator[tuple[str, ...]]:
    """Looks through all keys for those like `key`, in which each NUL stands for an id; gives the
    ids of each."""
    parts = key.split("\0")
    glob = "*".join(re.sub(r"([*?\[\]\\])", r"\\\1", part) for part in parts)
    pattern = re.compile(f"({_ID.pattern})".join(re.escape(part) for part in parts))
    for name in connection.scan_iter(match=glob, count=_SCAN_COUNT):
        if match := pattern.fullmatch(name.decode(errors="replace")):
            yield match.groups()
