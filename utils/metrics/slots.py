"""Files that processes write their numbers into: each has its own while it lives, and what it has
counted is counted on by the next one that gets the file.

prometheus_client names a file after the process's id. Then every process that ends, as one a minute
does where cron runs the jobs, leaves its files behind for ever; and two containers that share the
directory have the same ids. Here a process takes the first name that no other one holds, by a lock
that ends with it, however it ends.
"""

import fcntl
import os
from pathlib import Path
from typing import IO


class NoSlot(OSError):
    """The directory cannot be written to, or has too many processes."""


MOST = 2_000  # processes at once


class Slots:
    """The names in one directory. `own` is what prometheus_client asks at every count."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process = 0
        self._name = ""
        self._held: IO[bytes] | None = None

    def own(self) -> str:
        """The name of this process. One that was forked takes another name than its parent's."""
        if self._process != os.getpid():
            if self._held:
                self._held.close()  # the parent still holds it
            self._held, self._name = self._taken()
            self._process = os.getpid()
        return self._name

    def _taken(self) -> tuple[IO[bytes], str]:
        for number in range(MOST):
            try:
                # Not what was made by another user, who may have counted there too.
                file = (self._directory / f"slot-{number}.lock").open("ab")
            except PermissionError:
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            return file, str(number)
        raise NoSlot(f"METRICS_DIR: {self._directory} has no file that this process may write to.")
