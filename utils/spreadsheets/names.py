"""Account names out of what a manager pastes or uploads: text, CSV or XLSX."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import IO, NamedTuple

from utils.spreadsheets.tables import (
    Line,
    SheetTable,
    Table,
    TextTable,
    Unknown,
    UnreadableFile,
)
from utils.usernames import LONGEST, SEPARATORS

MOST_NAMES = 200_000
MOST_BYTES = 20 * 1024 * 1024

# The headings that we ask for come first, the likely ones second: a file that has 用户名 may also
# have 用户, with people's real names.
_HEADINGS = ({"用户名", "username"}, {"账户", "账号", "用户", "account", "user"})
_HEADING_ROWS = 10  # how far down a heading is looked for
_ADDED = re.compile(r"\(.*?\)|\[.*?\]|【.*?】|[\s*:_\-.'\"“”‘’]")  # 用户名（必填）, *用户名
_TOKEN = re.compile(rf"[^\s{SEPARATORS}]+")
_TOKENS_OF_A_NAME = 6  # of a name that is found within a line
_GUARDED = re.compile(r"'(?=[=+\-@])")  # as our own export writes what looks like a formula

# Answers which of some names are somebody's.
Known = Callable[[Iterable[str]], set[str]]


class UnreadableNames(Exception):
    """`str()` says to the manager what is wrong with the file or the text."""


class NameFile(NamedTuple):
    """The names of a file; the heading of the column they were read from, or its place; where that
    is, and what was left out, in words."""

    names: list[str]
    column: str
    where: str = ""
    left_out: tuple[str, ...] = ()


def pasted(text: str, known: Known) -> list[str]:
    """Names between line ends, or spaces, commas and semicolons. Some old names have these in
    themselves: a line, or a part of one, that is somebody's name is that name."""
    lines = [(written.strip(), _visible(written)) for written in text.splitlines()]
    places = [(line, [found.span() for found in _TOKEN.finditer(line)]) for _, line in lines]
    if sum(len(spans) for _, spans in places) > MOST_NAMES:
        raise _too_many()
    parts = chain.from_iterable(_could_be(*place) for place in places)
    as_written = (written for written, _ in lines if 0 < len(written) <= LONGEST)
    whole = known(dict.fromkeys(chain(as_written, parts)))
    return [
        name
        for (written, _), place in zip(lines, places, strict=True)
        for name in ([written] if written in whole else _split(*place, whole))
    ]


def _could_be(line: str, spans: list[tuple[int, int]]) -> Iterator[str]:
    """The line, and the parts of it that have more than one word."""
    if 0 < len(line) <= LONGEST:
        yield line
    for at, (start, _) in enumerate(spans):
        for _, end in spans[at + 1 : at + _TOKENS_OF_A_NAME]:
            if end - start > LONGEST:
                break
            yield line[start:end]


def _split(line: str, spans: list[tuple[int, int]], whole: set[str]) -> Iterator[str]:
    if line in whole:
        yield line
        return
    at = 0
    while at < len(spans):
        start, upto = spans[at][0], at
        for other in range(at + 1, min(at + _TOKENS_OF_A_NAME, len(spans))):
            if line[start : spans[other][1]] in whole:
                upto = other  # the longest that is somebody's
        yield line[start : spans[upto][1]]
        at = upto + 1


def uploaded(file: IO[bytes], filename: str, size: int) -> NameFile:
    """The names of a CSV or XLSX file: of the column headed 用户名 or username, else of one whose
    heading means the same, else of the first; of what is not hidden. The rows are read one by one,
    never all at once.

    Raises UnreadableNames: also where a cell of the column does not tell what it shows.
    """
    if size > MOST_BYTES:
        raise UnreadableNames(f"文件不能超过{MOST_BYTES // 1024 // 1024}MB")
    kind = filename.rpartition(".")[2].lower()
    if kind not in ("xlsx", "csv", "txt"):
        raise UnreadableNames("请上传CSV或XLSX文件")
    try:
        table: Table = SheetTable(file) if kind == "xlsx" else TextTable(file.read())
        return _names_of(table)
    except UnreadableFile as unreadable:
        raise UnreadableNames(str(unreadable)) from unreadable


def readings(name: str) -> list[str]:
    """What a name may stand for, in the order in which to try: as it is written; without invisible
    characters; and without the ' that our own export puts before what looks like a formula."""
    visible = _visible(name)
    return list(dict.fromkeys([name, visible, _GUARDED.sub("", visible, count=1)]))


def _visible(text: str) -> str:
    return "".join(mark for mark in text if unicodedata.category(mark) != "Cf").strip()


def _names_of(table: Table) -> NameFile:
    lines = (line for line in table.lines() if any(map(table.text, line.cells.values())))
    first = list(islice(lines, _HEADING_ROWS))
    at, column = _heading(table, first)
    where = f"工作表“{table.sheet}”，" if table.sheet else ""
    if column:
        heading = str(table.text(first[at].cells[column]))
        where += f"{table.place(column)}，标题在第{first[at].number}行"
        rest: Iterable[Line] = chain(first[at + 1 :], lines)
    else:
        column = min((place for line in first for place in line.cells), default=1)
        heading, rest = table.place(column), chain(first, lines)
        where += f"{heading}，没有找到标题"
    names = _at_most(_names(table, rest, column))
    left_out = table.left_out()
    if column and at:
        left_out.insert(0, f"标题上面的{at}行没有读取")
    if not names:
        raise UnreadableNames("；".join(["文件里没有用户名", *left_out]))
    return NameFile(names, heading, where, tuple(left_out))


def _heading(table: Table, lines: list[Line]) -> tuple[int, int]:
    """The index of the line with the heading, and its column; 0, 0 where there is none. Above a
    heading there are only titles: rows of fewer cells. But for 用户名, which is nobody's name, any
    word of a heading may be an account."""
    for known in _HEADINGS:
        widest = 0
        for at, line in enumerate(lines):
            texts = {column: table.text(cell) for column, cell in line.cells.items()}
            width = sum(1 for text in texts.values() if text)
            for column, text in texts.items():
                word = _plain(text) if isinstance(text, str) else ""
                if word in known and (word == "用户名" or at == 0 or width > widest):
                    return at, column
            widest = max(widest, width)
    return 0, 0


def _plain(heading: str) -> str:
    folded = unicodedata.normalize("NFKC", heading).casefold()
    return _ADDED.sub("", _visible(folded))


def _names(table: Table, lines: Iterable[Line], column: int) -> Iterator[str]:
    for line in lines:
        cell = line.cells.get(column)
        name = "" if cell is None else table.text(cell)
        if isinstance(name, Unknown):
            raise UnreadableNames(f"第{line.number}行的用户名{name.why}")
        if name:
            yield name


def _at_most(names: Iterable[str]) -> list[str]:
    taken = list(islice(names, MOST_NAMES + 1))
    if len(taken) > MOST_NAMES:
        raise _too_many()
    return taken


def _too_many() -> UnreadableNames:
    return UnreadableNames(f"一次最多{MOST_NAMES}个用户名，更多请选择“全部账户”或分批发放")
