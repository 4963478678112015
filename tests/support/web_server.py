"""The service behind its real server, with its real configuration, and sockets to ask it by."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.chaos.servers import children, family, send
from tests.support.redis_server import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds; a machine that is busy starts slowly


class Answer(NamedTuple):
    status: int
    ends: bool  # whether the server said that the connection ends
    body: bytes


class WebServer:
    """Asks neither a Redis nor a database: no page that needs them is asked for."""

    def __init__(self, place: Path, **settings: str) -> None:
        self.port, self.log = free_port(), place / "server.log"
        environment = {
            "ALLOWED_HOSTS": "127.0.0.1",
            "BIND": f"127.0.0.1:{self.port}",
            "DATABASE_URL": "sqlite://:memory:",
            "ENV_FILE": os.devnull,
            "HTTPS": "off",
            "LOG_FORMAT": "text",
            "PATH": os.environ["PATH"],
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "SECRET_KEY": "of-a-server-that-keeps-no-secret-and-ends-soon-0123456789",
            **settings,
        }
        command = [sys.executable, "-m", "gunicorn", "tests.support.slow_wsgi"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        wait_until(self._answers, "the server did not start")

    def connect(self, *, receive_buffer: int | None = None) -> socket.socket:
        """A new connection, whose kernel takes little of an answer if it is told so."""
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", self.port))
        return connection

    def ask(self, path: str, *headers: str) -> Answer:
        """On a connection of its own."""
        with self.connect() as connection:
            return ask(connection, path, *headers)

    def workers(self) -> set[int]:
        return set(children(self.process.pid))

    def sockets(self) -> int:
        """How many its workers have open, those on which they listen among them."""
        files = [file for pid in self.workers() for file in Path(f"/proc/{pid}/fd").iterdir()]
        return sum("socket:" in str(_target(file)) for file in files)

    def send(self, what: signal.Signals) -> None:
        self.process.send_signal(what)

    def kill(self, worker: int) -> None:
        os.kill(worker, signal.SIGKILL)

    def lives(self, worker: int) -> bool:
        return Path(f"/proc/{worker}").exists()

    def end(self) -> None:
        send(list(family(self.process.pid)), signal.SIGKILL)
        self.process.wait()

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.ask("/healthz").status == 200
        except OSError:
            return False


def _target(file: Path) -> Path | None:
    try:
        return file.readlink()
    except FileNotFoundError:  # closed in the meantime
        return None


def wait_until(holds: Callable[[], object], what_if_not: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up, what_if_not
        time.sleep(0.05)


def request(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


def ask(connection: socket.socket, path: str, *headers: str) -> Answer:
    connection.sendall(request(path, *headers))
    return read(connection)


def read(connection: socket.socket) -> Answer:
    """Raises ConnectionError where the connection ends before the answer does."""
    came = b""
    while b"\r\n\r\n" not in came:
        came += _more(connection)
    head, _, body = came.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    named = dict(line.split(": ", 1) for line in lines[1:])
    if "content-length" in named:
        while len(body) < int(named["content-length"]):
            body += _more(connection)
    else:
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(connection)
    return Answer(int(lines[0].split()[1]), named.get("connection") == "close", body)


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(65536)
    if not part:
        raise ConnectionError("the connection ended before the answer did")
    return part
