"""Django's PostgreSQL backend, with a limit on how long it waits for an answer, and which leaves a
server that may only be read.

PostgreSQL itself ends a statement that takes too long (statement_timeout), and TCP notices a
network that is gone. Neither notices a server that is connected but does not answer (frozen, or
behind a pooler that waits). There only the client can give up.
"""

from functools import partial
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """The option `patience` says how many seconds to wait for an answer, None for ever. Whatever
    takes longer is an OperationalError, and the connection is not used again."""

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        self._patience = params.pop("patience", None)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection: Any = super().get_new_connection(conn_params)
        connection.wait = partial(connection.wait, timeout=self._patience)
        return connection

    def is_usable(self) -> bool:
        """Whether it answers, and may be written to. A connection that may only read is left, so
        that a request after the database's maintenance finds one that may do both."""
        if self.connection is None:
            return False
        try:
            with self.connection.cursor() as cursor:
                return bool(cursor.execute("SHOW transaction_read_only").fetchone() != ("on",))
        except psycopg.Error:
            return False
