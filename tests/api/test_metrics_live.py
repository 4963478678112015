"""`manage.py metrics` beside a service that counts: two processes, and one sum."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.live import PATIENCE, ROOT, Visitor, make_run

pytestmark = pytest.mark.slow


def environment(place: Path, **more: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    own = {
        "DATABASE_URL": f"sqlite:///{quote(str(place))}/db.sqlite3",
        "DEBUG": "on",
        "ENV_FILE": os.devnull,
        "REDIS_URL": "embedded",
        "METRICS_DIR": str(place / "metrics"),
    }
    return inherited | own | more


@contextmanager
def shown(place: Path) -> Iterator[str]:
    """Serves the numbers; gives their address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "manage.py", "metrics"]
    env = environment(place, METRICS_BIND=f"127.0.0.1:{port}")
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == f"Metrics at http://127.0.0.1:{port}/metrics\n"
            yield f"http://127.0.0.1:{port}/metrics"
        finally:
            process.terminate()


def read(address: str) -> list[str]:
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        return answer.read().decode().splitlines()


def test_what_a_process_counts_another_shows_and_the_next_one_goes_on_with(tmp_path: Path):
    courses = 'luffy_requests_total{endpoint="/api/course/",method="GET",refusal="",status="200"}'
    settings = {"METRICS_DIR": str(tmp_path / "metrics")}
    with shown(tmp_path) as address:
        for number in (1, 2):
            with make_run(tmp_path, "embedded", **settings) as host:
                visitor = Visitor(host)
                visitor.data("GET", "/api/course/")
                assert visitor.ask("GET", "/metrics").status == 404  # not there, of all places
                lines = read(address)
            assert f"{courses} {number}.0" in lines
        lines = read(address)

    assert f"{courses} 2.0" in lines  # the processes have ended
    assert "luffy_database_up 1.0" in lines
    assert 'luffy_requests_failed_total{status="500"} 0.0' in lines
    assert 'luffy_contention_given_up_total{operation="cars.add"} 0.0' in lines


def test_a_place_that_is_taken_is_said_in_a_sentence(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = subprocess.run(
            [sys.executable, "manage.py", "metrics"],
            cwd=ROOT,
            env=environment(tmp_path, METRICS_BIND=f"127.0.0.1:{port}"),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    assert run.returncode == 1
    assert (
        run.stderr.strip()
        == f"CommandError: METRICS_BIND: 127.0.0.1:{port}: Address already in use."
    )
