"""Processes that are killed in the middle of what they do."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django_redis import get_redis_connection
from redis.connection import AbstractConnection

ROOT = Path(__file__).resolve().parents[2]
# What says something to the database, Redis or a gateway.
_WAYS_OUT: list[tuple[Any, str]] = [
    (CursorWrapper, "execute"),
    (CursorWrapper, "executemany"),
    (BaseDatabaseWrapper, "_commit"),
    (BaseDatabaseWrapper, "_rollback"),
    (AbstractConnection, "send_packed_command"),
    (HTTPConnection, "send"),
]
# And what a file system keeps of a process that has gone.
INTO_FILES: list[tuple[Any, str]] = [
    (os, name) for name in ("open", "fsync", "replace", "unlink", "mkdir")
]


def killed_at_every_line(
    of: tuple[str, ...],
    make: Callable[[], Callable[[], Any]],
    beside: Sequence[tuple[Any, str]] = (),
) -> Iterator[str]:
    """Runs what `make` gives in a process of its own, which is killed (as by kill -9) before the
    first line of the files and folders `of` that it comes to; then, made anew, before a later one;
    and so on, at last after its end. Gives each time where it died.

    Lines between which nothing was said to the database, Redis or a gateway, or by what is named in
    `beside`, are one: outside the process nobody can tell them apart.
    """
    places = tuple(str(ROOT / place) for place in of)
    step, died = 1, ""
    while died != "at its end":
        operation = make()
        died = _killed_at(step, places, operation, [*_WAYS_OUT, *beside])
        yield died
        step += 1


def _killed_at(
    step: int,
    places: tuple[str, ...],
    operation: Callable[[], Any],
    ways_out: list[tuple[Any, str]],
) -> str:
    connections.close_all()  # none is shared with the child
    get_redis_connection("default").connection_pool.disconnect()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _run_until(step, places, operation, ways_out, writing)
    os.close(writing)
    with os.fdopen(reading) as said:
        where = said.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"it failed by itself:\n{where}"
    assert os.WTERMSIG(status) == signal.SIGKILL
    return where


def _run_until(
    step: int,
    places: tuple[str, ...],
    operation: Callable[[], Any],
    ways_out: list[tuple[Any, str]],
    writing: int,
) -> None:
    steps, said = 0, True

    def die(where: str) -> None:
        os.write(writing, where.encode())
        os.kill(os.getpid(), signal.SIGKILL)

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps, said
        if not frame.f_code.co_filename.startswith(places):
            return None
        if event == "line" and said:
            steps, said = steps + 1, False
            if steps == step:
                file = Path(frame.f_code.co_filename).relative_to(ROOT)
                die(f"{file}:{frame.f_lineno}")
        return trace

    def speaking(speak: Callable[..., Any]) -> Callable[..., Any]:
        def spoken(*args: Any, **kwargs: Any) -> Any:
            nonlocal said
            said = True
            return speak(*args, **kwargs)

        return spoken

    try:
        for owner, name in ways_out:
            setattr(owner, name, speaking(getattr(owner, name)))
        sys.settrace(trace)
        operation()
        sys.settrace(None)
        die("at its end")
    except BaseException:
        os.write(writing, traceback.format_exc().encode())
    finally:
        os._exit(1)
