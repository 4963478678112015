"""Callers that meet."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import close_old_connections, connection

from utils.exceptions import ShopError


def at_once(*operations: Callable[[], Any]) -> list[Any]:
    """Runs them all from one barrier, each in a thread of its own; gives what each gave or raised,
    in their order."""
    barrier = threading.Barrier(len(operations))
    outcomes: list[Any] = [None] * len(operations)

    def run(at: int, operation: Callable[[], Any]) -> None:
        close_old_connections()
        barrier.wait(timeout=30)
        try:
            outcomes[at] = operation()
        except ShopError as refused:
            outcomes[at] = type(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(operations)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes
