"""How much memory a piece of work takes beyond what the process has before it. Linux only."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SELF = Path("/proc/self")
MIB = 1024  # the kernel counts in KiB


class Growth:
    """`mib`, once the work is done: the peak beyond the beginning."""

    mib: float


@contextmanager
def growth() -> Iterator[Growth]:
    gc.collect()
    (_SELF / "clear_refs").write_text("5")  # forget earlier peaks
    before, measured = _kib("VmRSS"), Growth()
    yield measured
    measured.mib = max(_kib("VmHWM") - before, 0) / MIB


def _kib(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", (_SELF / "status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0
