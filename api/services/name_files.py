"""Account names out of what a manager pastes or uploads: text, CSV or XLSX."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Any, NamedTuple

from openpyxl import load_workbook

MOST_NAMES = 200_000
MOST_BYTES = 20 * 1024 * 1024
MOST_UNPACKED_BYTES = 400 * 1024 * 1024  # an XLSX is a zip: small outside says nothing

# What is promised goes before what is only likely: beside 用户名, a column headed 用户 has persons.
_HEADINGS = ({"用户名", "username"}, {"账户", "账号", "用户", "account", "user"})
_BETWEEN_NAMES = re.compile(r"[\s,，;；、]+")
# What Chinese spreadsheets save CSV as: UTF-8 with or without a mark, UTF-16, or GBK.
_ENCODINGS = ("utf-8-sig", "gb18030")


class UnreadableNames(Exception):
    """`str()` says to the manager what is wrong with the file or the text."""


class NameFile(NamedTuple):
    """The names of a file, and the heading of the column they were read from, or its place."""

    names: list[str]
    column: str


def pasted(text: str) -> list[str]:
    """Names between spaces, commas and line ends."""
    return _at_most(name for name in _BETWEEN_NAMES.split(text) if name)


def uploaded(file: IO[bytes], filename: str, size: int) -> NameFile:
    """The names of a CSV or XLSX file: of the column headed 用户名 or username, else of one whose
    heading means the same, else of the first. The rows are read one by one, never all at once.

    Raises UnreadableNames.
    """
    if size > MOST_BYTES:
        raise UnreadableNames(f"文件不能超过{MOST_BYTES // 1024 // 1024}MB")
    kind = filename.rpartition(".")[2].lower()
    if kind == "xlsx":
        rows = _xlsx(file)
    elif kind in ("csv", "txt"):
        rows = _csv(file.read())
    else:
        raise UnreadableNames("请上传CSV或XLSX文件")
    first = next(rows, [])
    column = _name_column(first)
    if column is None:
        column, heading, rows = 0, "第1列", chain([first], rows)
    else:
        heading = first[column]
    names = _at_most(row[column] for row in rows if len(row) > column and row[column])
    if not names:
        raise UnreadableNames("文件里没有用户名")
    return NameFile(names, heading)


def _at_most(names: Iterable[str]) -> list[str]:
    taken: list[str] = []
    for name in names:
        if len(taken) == MOST_NAMES:
            raise UnreadableNames(f"一次最多{MOST_NAMES}个用户名，更多请选择“全部账户”或分批发放")
        taken.append(name)
    return taken


def _name_column(headings: list[str]) -> int | None:
    for known in _HEADINGS:
        for column, heading in enumerate(headings):
            if heading.lower() in known:
                return column
    return None


def _csv(content: bytes) -> Iterator[list[str]]:
    text = _decoded(content)
    try:
        for row in csv.reader(io.StringIO(text, newline="")):
            yield [cell.strip() for cell in row]
    except csv.Error as error:
        raise UnreadableNames("CSV文件的格式有误，无法读取") from error


def _decoded(content: bytes) -> str:
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else _ENCODINGS
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableNames("无法识别文件的编码，请另存为UTF-8的CSV或XLSX")


def _xlsx(file: IO[bytes]) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(file) as package:
            if sum(part.file_size for part in package.infolist()) > MOST_UNPACKED_BYTES:
                raise UnreadableNames("XLSX文件的内容过大，请分成几个文件")
        file.seek(0)
        book = load_workbook(file, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        # Some programs note a wrong size in the file; then only its first cell would be read.
        sheet.reset_dimensions()
        for row in sheet.iter_rows(values_only=True):
            yield [_cell(value) for value in row]
    except UnreadableNames:
        raise
    except Exception as error:  # a broken package fails in as many ways as zip and XML can
        raise UnreadableNames("XLSX文件已损坏或受密码保护，无法读取") from error


def _cell(value: Any) -> str:
    """A name made of digits is a number to a spreadsheet."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()
