"""The servers of a run, each its own: PostgreSQL, a Redis that writes everything down, and the
service as it runs in production. Each can be killed, frozen and started again."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg

from tests.support.redis_server import RedisServer, free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180  # seconds for a server to be there again, on a machine that is busy
ORDER_TTL = 20  # seconds: orders run out of time while the run goes on


class NoPostgres(Exception):
    """This machine has no PostgreSQL to start."""


def postgres_binaries() -> Path:
    """The folder of initdb and postgres: PG_BIN, Debian's newest, or that of the PATH. Raises
    NoPostgres."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = os.environ.get("PG_BIN") or (debian and debian[-1].parent) or shutil.which("initdb")
    if not found:
        raise NoPostgres("no initdb: install PostgreSQL, or set PG_BIN to its folder")
    place = Path(found)
    return place.parent if place.name == "initdb" else place


def family(pid: int) -> Iterator[int]:
    """The process, and all that it started."""
    yield pid
    for child in children(pid):
        yield from family(child)


def children(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:  # it has ended
        return []
    return [int(child) for child in listed.split()]


def send(pids: list[int], what: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, what)
        except ProcessLookupError:
            continue


class Postgres:
    """PostgreSQL refuses to run as root, so then it runs as the user postgres, or nobody."""

    def __init__(self, place: Path) -> None:
        self._bin, self._data = postgres_binaries(), place / "postgres"
        self._log = (place / "postgres.log").open("w")
        self._user = _unprivileged()
        self.port = free_port()
        self.url = f"postgres://luffy@127.0.0.1:{self.port}/postgres"
        self._make()
        self.start()

    def _make(self) -> None:
        self._data.mkdir(mode=0o700)
        if self._user:
            shutil.chown(self._data, self._user)
        self._fill()

    def _fill(self) -> None:
        self._run("initdb", "--pgdata", str(self._data), "--username=luffy", "--auth=trust",
                  "--encoding=UTF8", "--no-locale")  # fmt: skip

    def start(self) -> None:
        command = [self._bin / "postgres", "-D", self._data, "-p", str(self.port)]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        deadline = time.monotonic() + PATIENCE
        self._process = self._popen(command)
        while not self._answers():
            if self._process.poll() is not None:  # what is left of the one before is still there
                time.sleep(0.2)
                self._process = self._popen(command)
            if time.monotonic() > deadline:
                raise TimeoutError("PostgreSQL did not start")
            time.sleep(0.05)

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        """Which may write, whatever the server's default."""
        write = "-c default_transaction_read_only=off"
        return psycopg.connect(self.url, autocommit=True, connect_timeout=5, options=write)

    def configure(self, name: str, value: str) -> None:
        with self.connect() as connection:
            connection.execute(f"ALTER SYSTEM SET {name} = {value}".encode())
            connection.execute("SELECT pg_reload_conf()")

    def kill(self) -> None:
        send(list(family(self._process.pid)), signal.SIGKILL)
        self._process.wait()

    def lose_everything(self) -> None:
        """And start again, empty, at the same address."""
        self.kill()
        shutil.rmtree(self._data)
        self._make()
        self.start()

    def kill_one(self) -> None:
        """One of the processes that serve a connection. PostgreSQL then ends all of them, and
        recovers."""
        with self.connect() as connection:
            served = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE client_port IS NOT NULL"
                " AND pid != pg_backend_pid() ORDER BY random() LIMIT 1"
            ).fetchone()
        if served:
            send([int(str(served[0]))], signal.SIGKILL)

    def freeze(self) -> None:
        send(list(family(self._process.pid)), signal.SIGSTOP)

    def thaw(self) -> None:
        send(list(family(self._process.pid)), signal.SIGCONT)

    def end(self) -> None:
        self.thaw()
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self._log.close()

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        subprocess.run(
            command, check=True, stdout=self._log, stderr=self._log, user=self._user, cwd="/"
        )

    def _popen(self, command: list[Path | str]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            command, stdout=self._log, stderr=self._log, user=self._user, cwd="/"
        )


class Replica(Postgres):
    """Follows another one, from a copy of all that it has."""

    def __init__(self, place: Path, primary: Postgres) -> None:
        self._primary = primary
        super().__init__(place)

    def _fill(self) -> None:
        self._run("pg_basebackup", "--pgdata", str(self._data), "--host=127.0.0.1",
                  f"--port={self._primary.port}", "--username=luffy", "--checkpoint=fast",
                  "--write-recovery-conf")  # fmt: skip

    def pause(self) -> None:
        """It stays as it is, however the other one goes on."""
        self._ask("SELECT pg_wal_replay_pause()")

    def resume(self) -> None:
        self._ask("SELECT pg_wal_replay_resume()")

    def _ask(self, query: LiteralString) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(query)


class Redis(RedisServer):
    """Writes every command to the disk before it answers: what it has said is not lost."""

    def __init__(self) -> None:
        # Nor does a copy wait for others who might want one.
        options = ["--appendonly", "yes", "--appendfsync", "always"]
        super().__init__(*options, "--repl-diskless-sync-delay", "0")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def lose_everything(self) -> None:
        """And start again, empty, at the same address."""
        self.kill()
        for file in Path(self._directory.name).iterdir():
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        self.start()


class Service:
    """gunicorn with the project's own configuration, on the loopback."""

    def __init__(self, place: Path, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.log = place / "service.log"
        self._file = self.log.open("a")
        self._environment = environment | {"BIND": f"127.0.0.1:{self.port}"}
        self.start()

    def start(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._port_is_free():  # orphaned workers still listen, for a moment
            if time.monotonic() > deadline:
                raise TimeoutError("workers without a master go on")
            time.sleep(0.05)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "luffy.wsgi"],
            cwd=ROOT,
            env=self._environment,
            stdout=self._file,
            stderr=self._file,
        )
        self.wait_until_ready()

    def wait_until_ready(self) -> float:
        """How many seconds that took."""
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE:
            if self._process.poll() is not None:
                raise RuntimeError(f"gunicorn ended: {self._process.returncode}")
            try:
                url = f"http://127.0.0.1:{self.port}/readyz"
                with urllib.request.urlopen(url, timeout=10) as answer:
                    if answer.status == 200:
                        return time.monotonic() - began
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(0.1)
        raise TimeoutError(f"not ready {PATIENCE} seconds after the fault was over")

    def workers(self) -> list[int]:
        return children(self._process.pid)

    def kill(self) -> None:
        """Master and workers."""
        send(list(family(self._process.pid)), signal.SIGKILL)
        self._process.wait()

    def kill_master(self) -> None:
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        send(list(family(self._process.pid)), signal.SIGSTOP)

    def thaw(self) -> None:
        send(list(family(self._process.pid)), signal.SIGCONT)

    def end(self) -> None:
        self.thaw()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        self._file.close()

    def _port_is_free(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return False
        return True


class Background:
    """The worker of the tasks, which whatever runs the service starts anew when it ends."""

    def __init__(self, place: Path, environment: dict[str, str]) -> None:
        self._file = (place / "background.log").open("a")
        self._environment = environment
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "db_worker"],
            cwd=ROOT,
            env=self._environment,
            stdout=self._file,
            stderr=self._file,
        )

    def start_if_ended(self) -> bool:
        """Whether it had."""
        ended = self._process.poll() is not None
        if ended:
            self.start()
        return ended

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self.kill()
        self._file.close()


def _unprivileged() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
