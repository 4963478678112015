"""Django's PostgreSQL backend, with limits on how long a statement may take and an answer may be
waited for, also behind a pooler; which leaves a server that may only be read, and asks a connection
that is busy all the time no more than once a second whether it is still there.

PostgreSQL itself ends a statement that takes too long (statement_timeout), and TCP notices a
network that is gone. Neither notices a server that is connected but does not answer (frozen, or
behind a pooler that waits). There only the client can give up.

A pooler (pgbouncer) that gives each transaction another connection of its own keeps nothing that is
set for a connection, and refuses `options` at its beginning. So the statement timeout is set
afterwards, where nobody stands between; behind a pooler the client keeps the time, and has the
server cancel the statement.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from math import inf
from select import POLLIN, poll
from time import monotonic
from typing import Any

import psycopg
from django.db.backends.postgresql import base

CANCEL_SECONDS = 1.0  # to ask for it, by a connection of its own
FRESH_SECONDS = 1.0  # for which a connection that was usable is believed to be so

_SET = "SELECT set_config('statement_timeout', %s, false)"
_SET_UNLESS_POOLED = """
    SELECT pg_backend_pid() <> %s,
           CASE WHEN pg_backend_pid() = %s THEN set_config('statement_timeout', %s, false) END
"""


class DatabaseWrapper(base.DatabaseWrapper):
    """The option `statement_timeout` says how many seconds a statement may take, and `patience` how
    many to wait for an answer; None is for ever. Whatever takes longer is an OperationalError, and
    the connection is not used again.

    `is_pooled` is whether a pooler stands between: it makes up the process id of the server that it
    tells its client.
    """

    is_pooled = False
    _usable_at = -inf  # when it last said so; monotonic seconds

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        self._patience = params.pop("patience", None)
        self._statement_timeout = params.pop("statement_timeout", None)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection: Any = super().get_new_connection(conn_params)
        connection.wait = partial(connection.wait, timeout=self._patience)
        return connection

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self._usable_at = -inf  # of the connection before
        connection: Any = self.connection
        pid, milliseconds = connection.info.backend_pid, f"{(self._statement_timeout or 0) * 1000}"
        with connection.cursor() as cursor:
            cursor.execute(_SET_UNLESS_POOLED, [pid, pid, milliseconds])
            self.is_pooled, _ = cursor.fetchone()
        if self.is_pooled and self._statement_timeout:
            connection.wait = partial(_wait_or_cancel, connection, self._statement_timeout)

    @contextmanager
    def without_limits(self) -> Iterator[None]:
        """While the block runs, a statement and its answer may take as long as they do: for a
        command that reads all there is, never for a request."""
        self.ensure_connection()
        server, limited = self.connection, self.connection.wait
        self._limit_statements_to(0)
        del server.wait  # the partial above; the connection's own waits for ever
        try:
            yield
        finally:
            server.wait = limited
            if not server.closed:
                self._limit_statements_to(self._statement_timeout or 0)

    def _limit_statements_to(self, seconds: int) -> None:
        if self.is_pooled:
            return  # the server's connection is everybody's; there the client alone keeps the time
        with self.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, false)", [f"{seconds * 1000}"]
            )

    def chunked_cursor(self) -> Any:
        """A cursor that the server keeps, for what is read in parts. Behind a pooler, which may ask
        another server for the next part, only within a transaction; outside of one, all rows come
        at once."""
        self.ensure_connection()
        if self.is_pooled and not self.in_atomic_block:
            return self.cursor()
        return super().chunked_cursor()

    def close_if_health_check_failed(self) -> None:
        """As Django's own, before a request's first statement, but for a connection that was usable
        a moment ago, and whose server has said nothing since. A server that shuts down, or ends the
        connection, says so unasked, and to listen costs no round trip. One that becomes read-only
        is noticed a second later, or by the first write that it refuses."""
        if monotonic() - self._usable_at < FRESH_SECONDS and not self._has_news():
            self.health_check_done = True
        super().close_if_health_check_failed()

    def rollback(self) -> None:
        """What a transaction was rolled back for may have been the server: it is asked anew."""
        super().rollback()
        self._usable_at = -inf

    def _has_news(self) -> bool:
        """Whether something has come that nobody has asked for, the end of the connection too."""
        if self.connection is None:
            return False
        try:
            waiting = poll()
            waiting.register(self.connection.pgconn.socket, POLLIN)
            return bool(waiting.poll(0))
        except psycopg.Error:  # it is closed
            return True

    def is_usable(self) -> bool:
        """Whether it answers, and may be written to. A connection that may only read is left, so
        that a request after the database's maintenance finds one that may do both."""
        if self.connection is None:
            return False
        try:
            with self.connection.cursor() as cursor:
                usable = cursor.execute("SHOW transaction_read_only").fetchone() != ("on",)
        except psycopg.Error:
            return False
        self._usable_at = monotonic() if usable else -inf
        return bool(usable)


def _wait_or_cancel(connection: Any, seconds: int, *args: Any, **options: Any) -> Any:
    try:
        return psycopg.Connection.wait(connection, *args, **{"timeout": seconds} | options)
    except psycopg.OperationalError:
        if connection.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
            with suppress(psycopg.Error):  # who cannot be asked has ended it already, or never will
                connection.cancel_safe(timeout=CANCEL_SECONDS)
        raise
