"""A short run of the harness: each kind of fault once, as far as there is time for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.servers import NoPostgres, postgres_binaries

ROOT = Path(__file__).parents[2]
SECONDS = 30  # no new cycle after so many; starting the servers takes some more


def test_no_promise_is_broken_while_servers_fail() -> None:
    try:
        postgres_binaries()
    except NoPostgres as missing:
        pytest.skip(str(missing))
    command = [sys.executable, "-m", "tests.chaos", "--cycles", "14", "--seconds", str(SECONDS)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
