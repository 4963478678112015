"""Connections to Redis that count what is asked of them for the request or task at work."""

from typing import Any

from redis import Connection, SSLConnection

from utils import scope


class Counted:
    """Each sending is a round trip, whatever number of commands travel together."""

    def send_packed_command(self, *args: Any, **options: Any) -> None:
        if at_work := scope.current():
            at_work.redis += 1
        # Of the connection that this is mixed into.
        super().send_packed_command(*args, **options)  # type: ignore[misc]


class CountedConnection(Counted, Connection):
    pass


class CountedSSLConnection(Counted, SSLConnection):
    pass
