"""Lets requests in only while a test runs, for a server in a thread of the tests' process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 30  # seconds for requests that a test left behind


class Gate:
    """A WSGI application before another. While it is open, requests go through; whoever closes it
    waits for those that are under way, and later ones are answered 503.

    A request that outlives its test would be in a transaction while the tables are emptied, on the
    very connection that empties them, and tests that come much later would fail.
    """

    def __init__(self, application: Callable[..., Any]) -> None:
        self._application = application
        self._open = False
        self._under_way = 0
        self._changed = threading.Condition()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        with self._changed:
            if not self._open:
                start_response("503 Service Unavailable", [])
                return []
            self._under_way += 1
        try:
            return _Answer(self._application(environ, start_response), self._leave)
        except BaseException:
            self._leave()
            raise

    @contextmanager
    def open(self) -> Iterator[None]:
        """Open for as long as the block lasts. Raises AssertionError where a request stays."""
        with self._changed:
            self._open = True
        try:
            yield
        finally:
            with self._changed:
                self._open = False
                left = self._changed.wait_for(lambda: not self._under_way, PATIENCE)
        assert left, "a request of this test is still under way"

    def _leave(self) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()


class _Answer:
    """An answer that says when it has been sent, for some are made while they are."""

    def __init__(self, parts: Any, sent: Callable[[], None]) -> None:
        self._parts = parts
        self._sent = sent

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        try:
            if hasattr(self._parts, "close"):
                self._parts.close()
        finally:
            self._sent()
