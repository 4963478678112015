"""Finished pages of the catalogue in Redis: the only module that knows their key names.

A page is kept with the version of the catalogue that it was made of, and is good for that version
alone. A version is a name that is never given twice: where it has gone (a change, its time, a Redis
that forgets), all pages are old.
"""

import secrets
from typing import NamedTuple

from django_redis import get_redis_connection
from redis import Redis

_CHANGING = b""  # in the place of a version


class Kept(NamedTuple):
    """A page, or None, and the version to keep another one with, None while the catalogue
    changes."""

    page: bytes | None
    version: bytes | None


class PageStore:
    """Pages by their names, which callers keep short, and few."""

    VERSION = "luffy_catalogue_version"
    VERSION_TTL = 24 * 3600  # seconds
    CHANGE_TTL = 60  # seconds; a change that takes longer loses nothing: `change_ends` comes
    PAGE_TTL = 60  # seconds: the longest that an old page is shown, whatever went wrong

    def __init__(self, connection: Redis | None = None) -> None:
        self._redis: Redis = connection or get_redis_connection("default")

    @staticmethod
    def key(name: str) -> str:
        return f"luffy_catalogue_page_{name}"

    def find(self, name: str) -> Kept:
        """The page, if it is of the version that holds. One round trip; two where there is no
        version yet."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.get(self.VERSION)
        pipe.get(self.key(name))
        version, kept = pipe.execute()
        if version is None:
            return Kept(None, self._first_version())
        if version == _CHANGING:
            return Kept(None, None)
        made_of, _, page = (kept or b"").partition(b"\n")
        return Kept(page if made_of == version else None, version)

    def keep(self, name: str, page: bytes, version: bytes) -> None:
        """Keeps a page made of what the database had after `find` gave the version. One round
        trip."""
        self._redis.set(self.key(name), version + b"\n" + page, ex=self.PAGE_TTL)

    def change_begins(self) -> None:
        """No page is good any more, and none is kept, before the change ends. One round trip."""
        self._redis.set(self.VERSION, _CHANGING, ex=self.CHANGE_TTL, xx=True)

    def change_ends(self) -> None:
        """What is read from now on may be kept, and nothing that was kept before is good. One round
        trip."""
        self._redis.delete(self.VERSION)

    def _first_version(self) -> bytes | None:
        """Of several who name it, the first wins."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.set(self.VERSION, secrets.token_hex(8), ex=self.VERSION_TTL, nx=True)
        pipe.get(self.VERSION)
        _, version = pipe.execute()
        return version or None
