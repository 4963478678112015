"""A backup brings everything back: `make drill`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.servers import NoPostgres, postgres_binaries

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.outages
def test_nothing_is_lost_when_both_servers_are() -> None:
    try:
        postgres_binaries()
    except NoPostgres as missing:
        pytest.skip(str(missing))
    command = [sys.executable, "-m", "tests.drill"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
