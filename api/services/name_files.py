"""Account names out of what a manager pastes or uploads: text, CSV or XLSX."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

from openpyxl import load_workbook

MOST_NAMES = 200_000
MOST_BYTES = 20 * 1024 * 1024
MOST_UNPACKED_BYTES = 400 * 1024 * 1024  # an XLSX is a zip: small outside says nothing

_HEADINGS = {"用户名", "账户", "账号", "用户", "username", "account", "user", "name"}
_BETWEEN_NAMES = re.compile(r"[\s,，;；、]+")
# What Chinese spreadsheets save CSV as: UTF-8 with or without a mark, UTF-16, or GBK.
_ENCODINGS = ("utf-8-sig", "gb18030")


class UnreadableNames(Exception):
    """`str()` says to the manager what is wrong with the file or the text."""


def pasted(text: str) -> list[str]:
    """Names between spaces, commas and line ends."""
    return _at_most(name for name in _BETWEEN_NAMES.split(text) if name)


def uploaded(file: IO[bytes], filename: str, size: int) -> list[str]:
    """The names of a CSV or XLSX file: of the column headed 用户名 or username, or of the first
    column if there is no such heading. The rows are read one by one, never all at once.

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
    names = _at_most(_names(rows))
    if not names:
        raise UnreadableNames("文件里没有用户名")
    return names


def _at_most(names: Iterable[str]) -> list[str]:
    taken: list[str] = []
    for name in names:
        if len(taken) == MOST_NAMES:
            raise UnreadableNames(f"一次最多{MOST_NAMES}个用户名，更多请选择“全部账户”或分批发放")
        taken.append(name)
    return taken


def _names(rows: Iterator[list[str]]) -> Iterator[str]:
    column = 0
    for number, row in enumerate(rows):
        if number == 0:
            headings = [cell.lower() for cell in row]
            found = [at for at, heading in enumerate(headings) if heading in _HEADINGS]
            if found:
                column = found[0]
                continue
        if len(row) > column and row[column]:
            yield row[column]


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
