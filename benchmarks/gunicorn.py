"""The service behind gunicorn, and clients that keep it busy over HTTP."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from time import perf_counter
from typing import NamedTuple

from benchmarks.calls import Call, check

# Worker class and threads are those of gunicorn.conf.py, which is not used because it logs every
# request.
_COMMAND = [
    *("gunicorn", "luffy.wsgi", "--config=python:benchmarks", "--no-control-socket"),
    *(
        "--worker-class=luffy.serving.worker.Worker",
        "--threads=4",
        "--log-level=warning",
    ),
]


class Busy(NamedTuple):
    """What clients saw: the latencies of their requests, and how long it took in all."""

    latencies: list[float]
    seconds: float

    # What a tuple adds is any other tuple.
    def __add__(self, other: "Busy") -> "Busy":  # type: ignore[override]
        return Busy(self.latencies + other.latencies, self.seconds + other.seconds)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds


@contextmanager
def serving(redis_url: str, *, workers: int = 1) -> Iterator[int]:
    """Starts gunicorn on a free port of the loopback, with this Redis; gives the port, and stops it
    again. One worker has a core to itself."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        # Before gunicorn does so: what connects while it starts would wait for delayed ACKs.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port: int = listener.getsockname()[1]
        fd = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", *_COMMAND, f"--workers={workers}", f"--bind=fd://{fd}"],
            pass_fds=[fd],
            env=os.environ | {"REDIS_URL": redis_url},
        )
    try:
        _wait_until_it_answers(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_until_it_answers(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=120) as server:
        server.sendall(_request(Call("GET", "/healthz", token="")))
        server.recv(1)


def keep_busy(port: int, calls: Sequence[Call], *, seconds: float) -> Busy:
    """Sends each call from a client of its own, on a connection that stays open, again and again
    for so long, and at least once."""
    return keep_clients_busy(port, [repeat(call) for call in calls], seconds=seconds)


def keep_clients_busy(
    port: int,
    clients: Sequence[Iterable[Call]],
    *,
    seconds: float,
    check: Callable[[bytes], object] = check,
) -> Busy:
    """Each client sends its calls one after another, on a connection that stays open, until so long
    is over or it has no more. `check` raises for an answer that must not be."""
    with ThreadPoolExecutor(len(clients)) as pool:
        began = perf_counter()
        runs = [pool.submit(_client, port, calls, began + seconds, check) for calls in clients]
        latencies = [latency for run in runs for latency in run.result()]
        return Busy(latencies, perf_counter() - began)


def _client(
    port: int, calls: Iterable[Call], end: float, check: Callable[[bytes], object]
) -> list[float]:
    latencies: list[float] = []
    with socket.create_connection(("127.0.0.1", port), timeout=120) as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for call in calls:
            if latencies and perf_counter() >= end:
                break
            request = _request(call)
            began = perf_counter()
            body = _exchange(server, request)
            latencies.append(perf_counter() - began)
            check(body)
    return latencies


def _request(call: Call) -> bytes:
    head = [
        f"{call.method} {call.path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Token {call.token}",
        "Content-Type: application/json",
        f"Content-Length: {len(call.body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + call.body


def _exchange(server: socket.socket, request: bytes) -> bytes:
    """The body of the answer. Not by http.client, which takes as long to read an answer as the
    service to write it."""
    server.sendall(request)
    answer = b""
    while True:
        part = server.recv(65536)
        if not part:
            raise ConnectionError(f"the server hung up after {answer!r}")
        answer += part
        head, found, body = answer.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            return body


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])
