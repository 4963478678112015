"""Which file a process counts into: one of its own while it lives."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from utils.metrics.slots import NoSlot, Slots

HOLDS = """
import sys
from pathlib import Path
from utils.metrics.slots import Slots
slots = Slots(Path(sys.argv[1]))
print(slots.own(), flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process(directory: Path) -> Iterator[str]:
    """The name that it holds, until the end of the block."""
    command = [sys.executable, "-c", HOLDS, str(directory)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.kill()


def test_a_process_keeps_its_name(tmp_path: Path):
    slots = Slots(tmp_path)

    assert slots.own() == slots.own() == "0"


def test_two_processes_have_two_names(tmp_path: Path):
    with another_process(tmp_path) as first, another_process(tmp_path) as second:
        assert {first, second} == {"0", "1"}
        assert Slots(tmp_path).own() == "2"


def test_the_name_of_one_that_was_killed_is_taken_again(tmp_path: Path):
    with another_process(tmp_path) as first:
        assert first == "0"

    assert Slots(tmp_path).own() == "0"


def test_a_child_takes_another_name_and_its_parent_keeps_its_own(tmp_path: Path):
    slots = Slots(tmp_path)
    assert slots.own() == "0"
    reading, writing = os.pipe()

    child = os.fork()
    if not child:
        os.write(writing, slots.own().encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reading, 10) == b"1"
    assert slots.own() == "0"
    with another_process(tmp_path) as next_one:
        assert next_one == "1"  # the child's; its parent's is still held


def test_what_it_may_not_write_to_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    opened = Path.open

    def open_own(path: Path, *args: str):
        if path.name == "slot-0.lock":
            raise PermissionError
        return opened(path, *args)

    monkeypatch.setattr(Path, "open", open_own)

    assert Slots(tmp_path).own() == "1"


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refused)

    with pytest.raises(NoSlot, match="METRICS_DIR"):
        Slots(tmp_path).own()
