"""The small changes of a module, made by cosmic-ray, and what they would make of it."""

import ast
import difflib
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray import plugins
from cosmic_ray.commands.init import _all_work_items
from cosmic_ray.mutating import mutate_code


@dataclass(frozen=True)
class Change:
    """`lines` are those of the statement that is changed; a loop's or a function's, of its head."""

    source: str
    lines: range

    def shown(self, before: str) -> str:
        lines = difflib.unified_diff(before.splitlines(), self.source.splitlines(), n=0)
        return "\n".join(line for line in list(lines)[2:])


def changes_of(module: Path, excluded: Sequence[str]) -> Iterator[Change]:
    """But those of the excluded operators, and those that are no Python any more."""
    before = module.read_text()
    statements = list(_statements(ast.parse(before)))
    for item in _all_work_items([module], {}):
        (spec,) = item.mutations
        if any(re.match(one, spec.operator_name) for one in excluded):
            continue
        operator = plugins.get_operator(spec.operator_name)(**spec.operator_args)
        source = mutate_code(before, operator, spec.occurrence)
        if source is not None and _is_python(source):
            line = spec.start_pos[0]
            yield Change(source, min((one for one in statements if line in one), key=len))


def _is_python(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            compile(source, "changed", "exec")
        except SyntaxError:
            return False
    return True


def _statements(tree: ast.Module) -> Iterator[range]:
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno if body else (node.end_lineno or node.lineno) + 1
            yield range(node.lineno, max(end, node.lineno + 1))
        elif isinstance(node, ast.ExceptHandler | ast.match_case):
            first = node.body[0].lineno
            begin = node.lineno if isinstance(node, ast.ExceptHandler) else node.pattern.lineno
            yield range(begin, max(first, begin + 1))
    yield range(1, 1_000_000)
