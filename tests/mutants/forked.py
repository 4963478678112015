"""Tests run in forks of one process, which has everything imported and an empty database.

A fork has its own copy of both (SQLite and Redis are in memory), and is gone when its tests end:
nothing that a changed module does can reach another fork, or the working tree.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.mutants.in_place import CannotChange

LIVES, DIES, NEEDS_FRESH = 0, 1, 3


@dataclass(frozen=True)
class Test:
    """One that passed: how long it took, and which lines of which modules it ran."""

    item: pytest.Item
    seconds: float
    lines: dict[str, frozenset[int]]


def warmed(items: Sequence[pytest.Item]) -> None:
    """Makes the database, by a test that asks for hardly anything else: threads do not survive a
    fork."""
    needing = [item for item in items if item.get_closest_marker("django_db")]
    if needing:
        _passes(min(needing, key=lambda item: len(item.fixturenames)), items)
    if threading.active_count() > 1:
        raise RuntimeError(f"these would be missing in a fork: {threading.enumerate()}")


def learned(items: Sequence[pytest.Item], modules: Sequence[str]) -> list[Test]:
    """Each test that passes, run once, quickest first. In a fork: what a test starts ends there."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _silence()
        found = [_watched(item, items, set(modules)) for item in items]
        with os.fdopen(writing, "w") as pipe:
            json.dump(found, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        found = json.load(pipe)
    os.waitpid(pid, 0)
    tests = [
        Test(item, seconds, {path: frozenset(lines) for path, lines in ran.items()})
        for item, (passed, seconds, ran) in zip(items, found, strict=True)
        if passed
    ]
    return sorted(tests, key=lambda test: test.seconds)


def _watched(
    item: pytest.Item, items: Sequence[pytest.Item], modules: set[str]
) -> tuple[bool, float, dict[str, list[int]]]:
    ran: dict[str, set[int]] = {}

    def line(frame: FrameType, event: str, _: Any) -> Any:
        ran[frame.f_code.co_filename].add(frame.f_lineno)
        return line

    def call(frame: FrameType, event: str, _: Any) -> Any:
        path = frame.f_code.co_filename
        if path not in modules:
            return None
        ran.setdefault(path, set()).add(frame.f_lineno)
        return line

    began = time.monotonic()
    threading.settrace(call)
    sys.settrace(call)
    try:
        passed = _passes(item, items)
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]  # as the documentation has it
    seconds = time.monotonic() - began
    return passed, seconds, {path: sorted(lines) for path, lines in ran.items()}


def _passes(item: pytest.Item, items: Sequence[pytest.Item]) -> bool:
    """With what the session has kept: another test seems to follow."""
    item.session._setupstate.teardown_exact(item)
    follower = next(other for other in items if other is not item)
    reports = runtestprotocol(item, nextitem=follower, log=False)
    return not any(report.failed for report in reports)


def tried(tests: Sequence[Test], items: Sequence[pytest.Item], prepare: Callable[[], None]) -> int:
    """Runs `prepare`, and the tests until one fails, in a fork. LIVES where none does; DIES also
    where they take much too long; NEEDS_FRESH where it cannot be tried so."""
    patience = int(10 * sum(test.seconds for test in tests) + 30)
    pid = os.fork()
    if pid == 0:
        _child(tests, items, prepare, patience)
    _, status = os.waitpid(pid, 0)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # what its tests had started
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else DIES


def _child(
    tests: Sequence[Test],
    items: Sequence[pytest.Item],
    prepare: Callable[[], None],
    patience: int,
) -> None:
    verdict = DIES
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(patience)
        _silence()
        prepare()
        if all(_passes(test.item, items) for test in tests):
            verdict = LIVES
    except CannotChange:
        verdict = NEEDS_FRESH
    finally:
        os._exit(verdict)


def _silence() -> None:
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
