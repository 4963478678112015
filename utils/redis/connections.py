"""Connections to Redis that leave a server which is not, or no longer, the one to ask.

After a failover the old primary still answers, as a replica: READONLY to every write, and so it
would go on for as long as the pool keeps its connections. Such an answer is taken for a lost
connection: the next one goes to whatever the address stands for by then. Nothing was carried out,
so the command is sent there once more, by itself.
"""

from typing import Any

from redis import BlockingConnectionPool, Connection, SSLConnection, UnixDomainSocketConnection
from redis.backoff import NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    MasterDownError,
    ReadOnlyError,
    ResponseError,
)
from redis.retry import Retry
from redis.sentinel import SentinelConnectionPool, SentinelManagedConnection

from utils.redis.counted import Counted


class NotThisServer(ConnectionError):
    """It is a replica, or loads its data, or has lost its primary; it has carried out nothing."""


def once_more() -> Retry:
    """How often a command is sent anew. Any other lost connection may have lost the answer alone:
    its command is not repeated."""
    return Retry(NoBackoff(), 1, supported_errors=(NotThisServer,))


class _Leaving(Counted):
    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            # Of the connection that this is mixed into.
            return super().read_response(*args, **options)  # type: ignore[misc]
        except (BusyLoadingError, ResponseError) as error:
            if not _says_not_this_server(error):
                raise
            # Of the connection that this is mixed into.
            self.disconnect()  # type: ignore[attr-defined]
            raise NotThisServer(str(error)) from error


def _says_not_this_server(error: Exception) -> bool:
    if isinstance(error, ReadOnlyError | MasterDownError | BusyLoadingError):
        return True
    # Redis 6 wraps what a script's command was answered: `ERR Error running script (…): -READONLY`.
    return any(f"-{word} " in str(error) for word in ("READONLY", "LOADING", "MASTERDOWN"))


class LeavingConnection(_Leaving, Connection):
    pass


class LeavingSSLConnection(_Leaving, SSLConnection):
    pass


class LeavingUnixConnection(_Leaving, UnixDomainSocketConnection):
    pass


class SentinelConnection(SentinelManagedConnection, _Leaving, Connection):
    """Asks the sentinels for the primary whenever it connects."""


class SentinelSSLConnection(SentinelManagedConnection, _Leaving, SSLConnection):
    pass


class SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """As bounded, and as patient, as the pool of a single Redis."""


BY_SCHEME: dict[str, type[Any]] = {
    "redis": LeavingConnection,
    "rediss": LeavingSSLConnection,
    "unix": LeavingUnixConnection,
    "redis+sentinel": SentinelConnection,
    "rediss+sentinel": SentinelSSLConnection,
}
