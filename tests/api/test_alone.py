"""Migrations and the demo, begun by two processes at once: one waits for the other."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from utils.alone import alone

MANAGE = Path(__file__).parents[2] / "manage.py"
BOTH = f"{sys.executable} {MANAGE} migrate -v 0 && {sys.executable} {MANAGE} demo --force"


@pytest.fixture
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of this process: the tests' own, but never one in memory, which nobody else can reach."""
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "db"))
    else:
        request.getfixturevalue("transactional_db")


@pytest.mark.slow
def test_who_comes_second_waits_until_the_first_is_done(database: None) -> None:
    order: list[str] = []
    waits, done = threading.Event(), threading.Event()

    def second() -> None:
        with alone(waiting=lambda: (order.append("waits"), waits.set())):
            order.append("second")
        done.set()

    with alone(waiting=lambda: order.append("never")):
        thread = threading.Thread(target=second, daemon=True)
        thread.start()
        assert waits.wait(20)
        assert not done.wait(1.2)
        order.append("first")
    thread.join(20)

    assert order == ["waits", "first", "second"]


def test_who_fails_lets_the_next_one_in(database: None) -> None:
    with pytest.raises(ValueError, match="half-way"), alone():
        raise ValueError("half-way")

    with alone(waiting=lambda: pytest.fail("nobody is there")):
        pass


@pytest.mark.django_db
@pytest.mark.parametrize("option", [{"plan": True}, {"check_unapplied": True}])
def test_who_only_looks_waits_for_nobody(
    option: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def waits(**_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("api.management.commands.migrate.alone", waits)

    call_command("migrate", verbosity=0, **option)


@pytest.fixture
def empty_database(transactional_db: None) -> Iterator[str]:
    """The URL of a database for other processes."""
    config = connection.settings_dict
    name = f"{config['NAME']}_two"
    server = f"{config['HOST']}:{config['PORT'] or 5432}"
    url = f"postgres://{config['USER']}:{quote(config['PASSWORD'], safe='')}@{server}"
    with psycopg.connect(f"{url}/{config['NAME']}", autocommit=True) as operator:
        operator.execute(f"DROP DATABASE IF EXISTS {name}")
        operator.execute(f"CREATE DATABASE {name}")
        yield f"{url}/{name}"
        operator.execute(f"DROP DATABASE {name}")


@pytest.mark.postgres
@pytest.mark.outages
def test_two_servers_that_migrate_and_load_the_demo_at_once_both_succeed(
    empty_database: str,
) -> None:
    own = {"DATABASE_URL": empty_database, "REDIS_URL": "embedded", "DEBUG": "on"}
    own |= {"DJANGO_SETTINGS_MODULE": "luffy.settings", "ENV_FILE": os.devnull}
    own |= {"DATABASE_STATEMENT_TIMEOUT": "0"}
    both = [
        subprocess.Popen(
            BOTH,
            shell=True,
            env={"PATH": os.environ["PATH"]} | own,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=240)[1] for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert any("Another process is at work on this database" in each for each in said)
