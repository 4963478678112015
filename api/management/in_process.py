"""The background inside the process that serves: for `make run`, where there is one process, and
the embedded Redis lives in it."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.utils import timezone
from django_tasks import task_backends
from django_tasks_db import DatabaseBackend
from django_tasks_db.management.commands.db_worker import Worker

from api.services import jobs

logger = logging.getLogger(__name__)

MINUTE = 60
PATIENCE = 10  # seconds for what is under way at the end


@contextmanager
def background() -> Iterator[None]:
    """Works tasks and runs the periodic jobs, each in a thread, while the block runs. At the end
    the task and the job under way are finished."""
    ended, worker = threading.Event(), _worker()
    works: list[Callable[[], object]] = [lambda: list(jobs.run(now=timezone.now()))]
    pauses = [MINUTE]
    backend: Any = task_backends["default"]
    if isinstance(backend, DatabaseBackend):
        works.append(worker.run)
        pauses.append(1)
    threads = [
        threading.Thread(target=_again_and_again, args=(*each, ended), daemon=True)
        for each in zip(works, pauses, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        worker.running = False
        for thread in threads:
            thread.join(PATIENCE)


def _worker() -> Worker:
    return Worker(
        queue_names=["*"],
        interval=1,
        batch=False,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="in-process",
        excluded_queue_names=[],
    )


def _again_and_again(work: Callable[[], object], pause: int, ended: threading.Event) -> None:
    """An error, of a database that is away say, ends one turn and not the thread."""
    while not ended.is_set():
        try:
            work()
        except Exception:
            logger.exception("in the background")
        finally:
            connection.close()
        ended.wait(pause)
