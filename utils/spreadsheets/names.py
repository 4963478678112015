"""Account names out of what a manager pastes or uploads: text, CSV or XLSX."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import chain, repeat, zip_longest
from typing import IO, Any, NamedTuple

from openpyxl import load_workbook

from utils.spreadsheets import bounds

MOST_NAMES = 200_000
MOST_BYTES = 20 * 1024 * 1024

# The headings that we ask for come first, the likely ones second: a file that has 用户名 may also
# have 用户, with people's real names.
_HEADINGS = ({"用户名", "username"}, {"账户", "账号", "用户", "account", "user"})
_BETWEEN_NAMES = re.compile(r"[\s,，;；、]+")
# What Chinese spreadsheets save CSV as: UTF-8 with or without a mark, UTF-16, or GBK.
_ENCODINGS = ("utf-8-sig", "gb18030")
_DELIMITERS = (",", "\t", ";")  # Excel's “Unicode text” has tabs, its CSV in some countries ;
_FORMULA = re.compile(rb"<(\w+:)?f[\s/>]")  # the element, in a sheet's XML
_ZEROS = re.compile("0+")  # the number format that shows 123 as 00123

Row = list[str | None]  # a cell's text; None is a formula without a saved result


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
    numbered: Iterator[tuple[int, Row]] = (
        (number, row) for number, row in enumerate(rows, 1) if set(row) - {""}
    )
    first = next(numbered, (1, []))
    column = _name_column(first[1])
    if column is None:
        column, heading, numbered = 0, "第1列", chain([first], numbered)
    else:
        heading = str(first[1][column])
    names = _at_most(_names(numbered, column))
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


def _name_column(headings: Row) -> int | None:
    for known in _HEADINGS:
        for column, heading in enumerate(headings):
            if heading and heading.lower() in known:
                return column
    return None


def _names(rows: Iterable[tuple[int, Row]], column: int) -> Iterator[str]:
    for number, row in rows:
        name = row[column] if len(row) > column else ""
        if name is None:
            raise UnreadableNames(
                f"第{number}行的用户名是公式，文件里没有保存它的结果，请用Excel打开并保存后再上传"
            )
        if name:
            yield name


def _csv(content: bytes) -> Iterator[Row]:
    text = _decoded(content)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)):
            yield [cell.strip() for cell in row]
    except csv.Error as error:
        raise UnreadableNames("CSV文件的格式有误，无法读取") from error


def _delimiter(text: str) -> str:
    """The delimiter that gives the first line most cells."""
    line = re.split(r"[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]
    return max(_DELIMITERS, key=lambda mark: len(next(csv.reader([line], delimiter=mark), [])))


def _decoded(content: bytes) -> str:
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else _ENCODINGS
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableNames("无法识别文件的编码，请另存为UTF-8的CSV或XLSX")


def _xlsx(file: IO[bytes]) -> Iterator[Row]:
    """The library gives either results or formulas. A file with formulas is therefore read twice at
    once, to tell a formula without a saved result from an empty cell."""
    try:
        with zipfile.ZipFile(file) as package:
            bounds.check(package)
            has_formulas = _has_formulas(package)
        written = _cells(file, results=False) if has_formulas else repeat(())
        for row, formulas in zip(_cells(file, results=True), written, strict=False):
            yield [_text(cell, formula) for cell, formula in zip_longest(row, formulas)]
    except bounds.TooMuch as too_much:
        raise UnreadableNames(str(too_much)) from too_much
    except Exception as error:  # a broken file raises whatever zip and XML libraries raise
        raise UnreadableNames("XLSX文件已损坏或受密码保护，无法读取") from error


def _has_formulas(package: zipfile.ZipFile) -> bool:
    for name in package.namelist():
        if not name.startswith("xl/worksheets/") or not name.endswith(".xml"):
            continue
        with package.open(name) as sheet:
            end = b""
            while chunk := sheet.read(1024 * 1024):
                if _FORMULA.search(end + chunk):
                    return True
                end = chunk[-20:]  # an element may begin in one chunk and end in the next
    return False


def _cells(file: IO[bytes], *, results: bool) -> Iterator[tuple[Any, ...]]:
    """The rows of the first sheet; of a cell with a formula the saved result, or the formula."""
    file.seek(0)
    book = load_workbook(file, read_only=True, data_only=results, keep_links=False)
    sheet = book.worksheets[0]
    # Some programs save a wrong size of the sheet; without this only its first cell is read.
    sheet.reset_dimensions()
    yield from bounds.read_within(sheet.iter_rows())


def _text(cell: Any, formula: Any) -> str | None:
    """A name made of digits is a number to a spreadsheet: it is taken as the sheet shows it."""
    value = cell.value
    if value is None:
        # A result that is an empty text is saved too: its type is then not "n".
        lost = formula is not None and formula.data_type == "f" and cell.data_type == "n"
        return None if lost else ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and _ZEROS.fullmatch(cell.number_format):
        return str(value).zfill(len(cell.number_format))
    return str(value).strip()
