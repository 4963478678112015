"""What is to be done in the background, by a task of `api/tasks`.

Tasks call services, so services name a task and do not import it. Every task has a periodic job
that does the same for all that is left over (`api/services/jobs.py`): one that is lost, or that a
backend cannot put off, is late and no more.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.module_loading import import_string
from django_tasks_db import DatabaseBackend


def later(name: str, *args: Any, at: datetime | None = None) -> None:
    """Has the task `api.tasks.<name>` done soon, or not before `at`.

    In the database the task is a row, written in the caller's transaction: both or neither. Another
    backend is told after the commit, because nothing asks the network inside a transaction.
    """
    task = import_string(f"api.tasks.{name}")
    backend = task.get_backend()
    if at is not None:
        if not backend.supports_defer:
            return
        task = task.using(run_after=at)
    if isinstance(backend, DatabaseBackend):
        task.enqueue(*args)
    else:
        # No partial: where the call fails, Django names it in the log, and a partial has no name.
        transaction.on_commit(lambda: task.enqueue(*args), robust=True)
