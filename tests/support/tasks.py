"""The tasks that wait in the database, and a worker that works them off here and now."""

from unittest import mock

from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult


def work_off() -> None:
    """Works every task whose time has come."""
    worker = db_worker.Worker(
        queue_names=["*"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="test",
        excluded_queue_names=[],
    )
    with mock.patch.object(db_worker, "close_old_connections"):  # the test's own, in a transaction
        worker.run()


def tasks() -> list[tuple[str, list[object], str]]:
    """Each task's name, arguments and status, the oldest first."""
    return [
        (task.task_path.removeprefix("api.tasks."), task.args_kwargs["args"], task.status)
        for task in DBTaskResult.objects.order_by("enqueued_at")
    ]


def all_come_due() -> None:
    """What was put off is put off no longer."""
    DBTaskResult.objects.update(run_after="2020-01-01T00:00:00Z")
