"""What a benchmark prints: Markdown, ready for docs/benchmarks.md."""

import datetime as dt
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.db import connection
from redis import Redis


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text, the others numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.2f}" if seconds < 1 else f"{seconds * 1000:,.0f}"


def per_second(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def percentile(samples: Sequence[float], percent: int) -> float:
    """The smallest sample that so many percent of the samples do not exceed."""
    ranked = sorted(samples)
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


def ratio(name: str, value: float, *, at_most: float | None = None, at_least: float = 0) -> str:
    """A line for a ratio: the value, its target, and whether that is reached."""
    reached = value <= at_most if at_most is not None else value >= at_least
    target = f"at most {at_most}" if at_most is not None else f"at least {at_least}"
    return f"- {name}: **{value:.2f}** (target: {target}; {'reached' if reached else 'MISSED'})"


def place(redis: Redis) -> str:
    """When and on what the numbers were taken."""
    parts = [
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        f"{_cpu()}, {os.cpu_count()} cores",
        f"Python {platform.python_version()}",
        f"Redis {redis.info('server')['redis_version']}",
        f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}",
    ]
    return "; ".join(parts) + "."


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else []:
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()
