"""Counts what the service asks of Redis, on a real connection or an embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import hiredis
from redis.connection import Connection

HANDSHAKE = {"AUTH", "CLIENT", "HELLO", "SELECT"}  # once in a connection's life, not in a request's


@contextmanager
def round_trips() -> Iterator[list[list[str]]]:
    """The round trips made inside the `with`, each as the names of the commands it carried."""
    trips: list[list[str]] = []
    send = Connection.send_packed_command

    def counted(connection: Connection, packed: Any, **options: Any) -> None:
        names = _names(packed)
        if not HANDSHAKE.issuperset(names):
            trips.append(names)
        send(connection, packed, **options)

    with patch.object(Connection, "send_packed_command", counted):
        yield trips


def _names(packed: Any) -> list[str]:
    reader = hiredis.Reader()
    for chunk in [packed] if isinstance(packed, bytes | str) else packed:
        reader.feed(chunk)
    names = []
    while command := reader.gets():
        names.append(command[0].decode())
    return names
