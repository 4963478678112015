"""Counts SQL statements for the request or task at work."""

from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from utils import scope


def count_on(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Has the connection count what it is asked: a receiver of Django's `connection_created`."""
    if _count not in connection.execute_wrappers:  # connected anew
        connection.execute_wrappers.append(_count)


def _count(execute: Callable[..., Any], sql: Any, parameters: Any, many: bool, context: Any) -> Any:
    if at_work := scope.current():
        at_work.sql += 1
    return execute(sql, parameters, many, context)
