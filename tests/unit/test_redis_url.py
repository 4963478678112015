"""How backup and restore read REDIS_URL (deploy/redis_url.sh)."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "redis_url.sh"


def read(url: str) -> "subprocess.CompletedProcess[str]":
    command = 'source "$0"; echo "${redis_at[@]}"; echo "${REDISCLI_AUTH-none}"'
    environment = {"REDIS_URL": url}
    return subprocess.run(
        ["bash", "-c", command, SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("url", "options", "password"),
    [
        ("redis://redis", "-h redis -p 6379 -n 0", "none"),
        ("redis://127.0.0.1:6380/5", "-h 127.0.0.1 -p 6380 -n 5", "none"),
        ("redis://:s3cret@redis:6379/0", "-h redis -p 6379 -n 0", "s3cret"),
        ("redis://luffy:s3cret@redis", "-h redis -p 6379 -n 0 --user luffy", "s3cret"),
        ("rediss://:p%40ss%2f@redis", "-h redis -p 6379 -n 0 --tls", "p@ss/"),
    ],
)
def test_an_address_becomes_options_and_a_password_no_one_sees(url, options, password):
    run = read(url)

    assert run.stdout.splitlines() == [options, password]


@pytest.mark.parametrize("url", ["", "http://redis", "redis://", "s3cret"])
def test_what_is_no_address_is_refused_and_not_repeated(url: str):
    run = read(url)

    assert run.returncode != 0
    assert run.stdout == ""
    assert "s3cret" not in run.stderr
