"""The service as `make run` starts it, and a client that knows nothing but HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds; a machine that is busy starts slowly


class Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes

    @property
    def envelope(self) -> Any:
        return json.loads(self.body)


class Visitor:
    """One front end: asks the service, with its token once it has one."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.token = ""

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Token {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.host + path, data, headers, method=method)
        try:
            response = urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            return Answer(response.status, response.headers["Content-Type"], response.read())

    def data(self, method: str, path: str, body: Any = None) -> Any:
        """What the envelope of a success holds."""
        answer = self.ask(method, path, body)
        assert (answer.status, answer.envelope["code"]) == (200, 1000), answer
        return answer.envelope["data"]

    def log_in(self, username: str, password: str) -> None:
        body = {"username": username, "password": password}
        self.token = self.data("POST", "/api/auth/", body)["token"]


@contextmanager
def make_run(place: Path, redis_url: str, **settings: str) -> Iterator[str]:
    """`make run` with a database of its own in `place`, on this Redis; gives the host. It runs
    with the interpreter that is here, without installing anything."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["make", "--assume-old=.venv/.run", "run", f"PORT={port}"]
    command += [f"BIN={Path(sys.executable).parent}"]
    inherited = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}  # the tests'
    own = {
        "DATABASE_URL": f"sqlite:///{quote(str(place))}/db.sqlite3",
        "DEBUG": "on",
        "ENV_FILE": os.devnull,  # not the developer's
        "REDIS_URL": redis_url,
        **settings,
    }
    log_path = place / "log"
    with log_path.open("w") as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env=inherited | own, stdout=log, stderr=log, start_new_session=True
        )
    try:
        host = f"http://127.0.0.1:{port}"
        _wait_for(host, server, log_path)
        yield host
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)  # make, and what it started
            server.wait(PATIENCE)


def _wait_for(host: str, server: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up and server.poll() is None:
        try:
            if Visitor(host).ask("GET", "/readyz").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"make run did not serve:\n{log.read_text()}")
