"""`python -m tests.mutants api/rules/money.py api/services`: changes the code in small ways, one
at a time, and says which changes no test notices.

`[tool.mutants]` of pyproject.toml has the target and what is left out. Nothing is written to disk.
Exit status 1 where a module is below the target.
"""

import argparse
import importlib
import os
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.mutants import forked, in_place
from tests.mutants.changes import Change, changes_of

ROOT = Path(__file__).resolve().parents[2]
TOOL = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutants"]


def main() -> int:
    asked = _arguments()
    os.environ.setdefault("PRICING_EXAMPLES", "50")
    modules = [module for place in asked.place for module in _modules_of(place)]
    run = Run(modules)
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "-m", TOOL["tests"], "-s", "--tb=no"]
    pytest.main([*options, *asked.tests], plugins=[run])
    return 1 if run.below else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("place", nargs="+", help="a module, or a package with all of its modules")
    parser.add_argument("--tests", nargs="*", default=["tests"], help="files of tests; else all")
    return parser.parse_args()


def _modules_of(place: str) -> list[Path]:
    path = ROOT / place
    found = [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [one for one in found if one.stat().st_size]


class Run:
    """Takes the place of the loop that runs the tests."""

    def __init__(self, modules: Sequence[Path]) -> None:
        self.modules = modules
        self.below: list[Path] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = session.items
        began = time.monotonic()
        forked.warmed(items)
        tests = forked.learned(items, [str(module) for module in self.modules])
        took = time.monotonic() - began
        print(f"{len(tests)} of {len(items)} tests pass; {took:.0f} s", flush=True)
        for module in self.modules:
            self._module(module, tests, items)
        return True

    def _module(self, path: Path, tests: Sequence[forked.Test], items: Any) -> None:
        """Prints its score and the changes that live."""
        began, place = time.monotonic(), str(path.relative_to(ROOT))
        module = importlib.import_module(place.removesuffix(".py").replace("/", "."))
        changes = list(changes_of(path, TOOL["exclude-operators"]))
        if not changes:
            return
        touching = [test for test in tests if str(path) in test.lines]
        if forked.tried(touching, items, lambda: None) != forked.LIVES:
            touching = [
                one for one in touching if forked.tried([one], items, lambda: None) == forked.LIVES
            ]
        before, killed = path.read_text(), 0
        for change in changes:
            if self._dies(change, module, touching, items):
                killed += 1
            else:
                print(change.shown(before), flush=True)
        number = len(changes)
        score = 100 * killed / number
        took = time.monotonic() - began
        print(f"{place}: {killed} of {number} killed, {score:.1f} %, {took:.0f} s", flush=True)
        if score < TOOL["target"]:
            self.below.append(path)

    def _dies(
        self, change: Change, module: Any, touching: Sequence[forked.Test], items: Any
    ) -> bool:
        path = module.__file__
        fitting = [one for one in touching if not one.lines[path].isdisjoint(change.lines)]
        verdict = forked.tried(
            fitting or touching, items, lambda: in_place.change(module, change.source)
        )
        if verdict == forked.NEEDS_FRESH:
            print("cannot be tried in place:", flush=True)
        return verdict not in (forked.LIVES, forked.NEEDS_FRESH)


if __name__ == "__main__":
    sys.exit(main())
