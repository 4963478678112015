"""What is at work now, a request or a task: its id, who asked, and what it has cost so far. Logs
and metrics tell it.

It belongs to the thread; outside requests and tasks there is none.
"""

import re
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

# What a client may call its request: nothing that a log or a header could take for something else.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(slots=True)
class Scope:
    """`request_id` is the one of the request, or of the request that has left the task to do;
    `sql` counts statements, `redis` round trips."""

    request_id: str
    account_id: int | None = None
    staff_id: int | None = None
    sql: int = 0
    redis: int = 0


_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)
current = _scope.get
begin = _scope.set
end = _scope.reset


def request_id_from(text: str | None) -> str:
    """The id that a client has sent, if it is one; or else a new one."""
    return text if text and _ID.fullmatch(text) else uuid4().hex


def belongs_to(*, account_id: int | None = None, staff_id: int | None = None) -> None:
    """Notes who asks, once that is known."""
    if scope := current():
        scope.account_id = account_id or scope.account_id
        scope.staff_id = staff_id or scope.staff_id
