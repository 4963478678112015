"""A task that is at work: the id of the request that left it to do, which its log lines name, and
how it ended, counted. Receivers of signals.

A task's row has the id beside the task's arguments, where a worker of another version does not
look. With another backend than the database's a task begins with an id of its own.
"""

from contextvars import Token
from itertools import product
from typing import Any

from django_tasks import TaskResult
from django_tasks_db.models import DBTaskResult

from utils import scope
from utils.metrics.values import counter
from utils.scope import Scope

KEY = "request_id"

TASKS = (
    *("coupons.issue_plan", "coupons.make_codes", "orders.clear_up_redis", "orders.close_order"),
    "webhooks.deliver",
)

_ENDED = counter(
    "luffy_tasks_total",
    "Tasks that ended, and how.",
    ("task", "outcome"),
    known=product(TASKS, ("successful", "failed")),
)
_begun: dict[str, Token[Scope | None]] = {}


def remember(instance: DBTaskResult[Any, Any], **_: Any) -> None:
    """The row of a new task is about to be written."""
    at_work = scope.current()
    if at_work and instance._state.adding:
        instance.args_kwargs = instance.args_kwargs | {KEY: at_work.request_id}


def begin(task_result: TaskResult[Any], **_: Any) -> None:
    row: DBTaskResult[Any, Any] | None = getattr(task_result, "db_result", None)
    asked = row.args_kwargs.get(KEY) if row else None
    _begun[task_result.id] = scope.begin(Scope(scope.request_id_from(asked)))


def end(task_result: TaskResult[Any], **_: Any) -> None:
    name = task_result.task.module_path.removeprefix("api.tasks.")
    _ENDED.labels(name, task_result.status.lower()).inc()
    if token := _begun.pop(task_result.id, None):
        scope.end(token)
