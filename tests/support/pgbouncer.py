"""A real pgbouncer of a test's own in front of the tests' PostgreSQL: in transaction mode, and in
everything else as it is by itself."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.redis_server import free_port

PATIENCE = 30  # seconds


@contextmanager
def pgbouncer(config: dict[str, Any]) -> Iterator[int]:
    """Gives the port on which it takes connections to the server of Django's settings `config`."""
    binary = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        pytest.skip("no pgbouncer on PATH")
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        place.chmod(0o755)
        (place / "users").write_text(f'"{config["USER"]}" "{config["PASSWORD"]}"\n')
        (place / "ini").write_text(
            f"""
            [databases]
            * = host={config["HOST"] or "127.0.0.1"} port={config["PORT"] or 5432}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {place}/users
            pool_mode = transaction
            """.replace("            ", "")
        )
        as_somebody = ["--user", "nobody"] if os.geteuid() == 0 else []  # never as root
        process = subprocess.Popen([binary, "--quiet", *as_somebody, place / "ini"])
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("pgbouncer does not serve")
