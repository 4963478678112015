"""The size of things: a file has one subject, a function fits on a screen."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 300, 40
_IGNORE = re.compile(r"#\s*type: ignore\[[^\]]*\]")


def modules() -> Iterator[Path]:
    for package in ("api", "utils", "luffy"):
        found = (ROOT / package).rglob("*.py")
        yield from (path for path in sorted(found) if "migrations" not in path.parts)


def test_no_module_is_longer_than_three_hundred_lines() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in modules()}
    assert len(lengths) > 100  # they are found
    assert [path for path, lines in lengths.items() if lines > MOST_LINES] == []


def test_no_function_is_longer_than_a_screen() -> None:
    long = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}: {node.name} has {lines} lines")
    assert long == []


def test_a_type_that_is_ignored_says_why() -> None:
    """Behind it, or in a comment on the line above."""
    silent = []
    for path in modules():
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            found = _IGNORE.search(line)
            behind = found and line[found.end() :].strip().startswith("#")
            if found and not behind and not lines[number - 1].strip().startswith("#"):
                silent.append(f"{path.relative_to(ROOT)}:{number + 1}")
    assert silent == []


def test_what_is_done_after_a_commit_has_a_name() -> None:
    """Django names a call that fails in the log. A partial has no name, so that the failure of a
    `robust` call would be the request's, whose work is committed."""
    nameless, found = [], 0
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("on_commit"):
                found += 1
                if not isinstance(node.args[0], ast.Name | ast.Attribute | ast.Lambda):
                    nameless.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found > 5  # they are found
    assert nameless == []
