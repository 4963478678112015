"""`make mutants`: which changes it makes of a module, and that a test sees them at once."""

import gc
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutants import in_place
from tests.mutants.changes import changes_of

SOURCE = """
from dataclasses import dataclass
from functools import wraps

MOST = 5

def logged(function):
    @wraps(function)
    def calls(*args):
        return function(*args)
    return calls

@logged
def half(number, by=2):
    return number / by

@dataclass(frozen=True)
class Box:
    size: int = 3

    @property
    def is_large(self):
        return self.size > MOST
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "boxes.py").write_text(SOURCE)
    (tmp_path / "shelf.py").write_text("from boxes import MOST, half")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("boxes")
    del sys.modules["boxes"]
    sys.modules.pop("shelf", None)


def change(module: ModuleType, was: str, now: str) -> None:
    assert was in SOURCE
    in_place.change(module, SOURCE.replace(was, now))


def test_a_function_that_was_imported_by_name_has_the_change(module: ModuleType) -> None:
    half = importlib.import_module("shelf").half
    change(module, "number / by", "number * by")
    assert half(10) == 20


def test_what_the_garbage_collector_was_told_to_leave_alone_has_the_change(
    module: ModuleType,
) -> None:
    gc.freeze()
    change(module, "number / by", "number * by")
    assert module.half(10) == 20


def test_a_module_of_which_nothing_is_found_cannot_be_changed(module: ModuleType) -> None:
    module.__file__ = str(Path(module.__file__ or "").with_name("shelf.py"))
    with pytest.raises(in_place.CannotChange):
        change(module, "number / by", "number * by")


def test_a_default_has_the_change(module: ModuleType) -> None:
    change(module, "by=2", "by=5")
    assert module.half(10) == 2


def test_a_constant_that_was_imported_by_name_has_the_change(module: ModuleType) -> None:
    shelf = importlib.import_module("shelf")
    change(module, "MOST = 5", "MOST = 2")
    assert (module.MOST, shelf.MOST) == (2, 2)
    assert module.Box(3).is_large


def test_what_a_class_is_made_with_has_the_change(module: ModuleType) -> None:
    box = module.Box()
    change(module, "size: int = 3", "size: int = 4")
    assert (box.size, module.Box().size) == (3, 4)


def test_a_frozen_class_thaws(module: ModuleType) -> None:
    box = module.Box()
    change(module, "frozen=True", "frozen=False")
    box.size = 9
    assert box.is_large


def test_each_change_says_which_lines_run_when_it_does(module: ModuleType) -> None:
    path = Path(module.__file__ or "")
    shown = {change.shown(SOURCE): change.lines for change in changes_of(path, [])}
    lines = next(lines for text, lines in shown.items() if "-    return number / by" in text)
    assert [SOURCE.splitlines()[line - 1] for line in lines] == ["    return number / by"]


def test_what_is_left_out_is_not_tried(module: ModuleType) -> None:
    path = Path(module.__file__ or "")
    assert not list(changes_of(path, ["core/.*"]))
