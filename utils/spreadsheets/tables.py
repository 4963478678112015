"""What one sees of a file: of a CSV its lines; of an XLSX the first sheet that is not hidden,
without its hidden rows and columns."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, NamedTuple, Protocol

from openpyxl import load_workbook
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from utils.spreadsheets import bounds, shown

# What Chinese spreadsheets save CSV as: UTF-8 with or without a mark, UTF-16, or GBK.
_ENCODINGS = ("utf-8-sig", "gb18030")
_DELIMITERS = (",", "\t", ";")  # Excel's “Unicode text” has tabs, its CSV in some countries ;
_WITHOUT_RESULT = "f"  # our own type of cell: a formula without a saved result


class UnreadableFile(Exception):
    """`str()` says to the manager what is wrong with the file."""


class Unknown(NamedTuple):
    """A cell of which nobody can say what it shows, and why."""

    why: str


class Line(NamedTuple):
    """A row that can be seen: its number in the file, and its cells by column, from 1."""

    number: int
    cells: Mapping[int, Any]


class Table(Protocol):
    sheet: str  # empty for a CSV

    def lines(self) -> Iterator[Line]: ...

    def text(self, cell: Any) -> str | Unknown:
        """What the cell shows."""

    def place(self, column: int) -> str:
        """The name of a column."""

    def left_out(self) -> list[str]:
        """In sentences, after the lines are read."""


# --- CSV ------------------------------------------------------------------------------------------


class TextTable:
    sheet = ""

    def __init__(self, content: bytes) -> None:
        self._text = _decoded(content)

    def lines(self) -> Iterator[Line]:
        rows = csv.reader(io.StringIO(self._text, newline=""), delimiter=_delimiter(self._text))
        try:
            for number, row in enumerate(rows, 1):
                yield Line(number, dict(enumerate(row, 1)))
        except csv.Error as error:
            raise UnreadableFile("CSV文件的格式有误，无法读取") from error

    def text(self, cell: str) -> str | Unknown:
        return cell.strip()

    def place(self, column: int) -> str:
        return f"第{column}列"

    def left_out(self) -> list[str]:
        return []


def _delimiter(text: str) -> str:
    """The delimiter that gives the first lines most cells."""
    lines = [line for line in re.split(r"[\r\n]+", text[:100_000]) if line.strip()][:10]
    return max(_DELIMITERS, key=lambda mark: max((_parts(line, mark) for line in lines), default=0))


def _parts(line: str, mark: str) -> int:
    return len(next(csv.reader([line], delimiter=mark), []))


def _decoded(content: bytes) -> str:
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else _ENCODINGS
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile("无法识别文件的编码，请另存为UTF-8的CSV或XLSX")


# --- XLSX -----------------------------------------------------------------------------------------


class SheetTable:
    """Reads row by row. Raises UnreadableFile, while it is read too: a broken file raises whatever
    zip and XML libraries raise."""

    def __init__(self, file: IO[bytes]) -> None:
        with _told_as_broken():
            with zipfile.ZipFile(file) as package:
                bounds.check(package)
            file.seek(0)
            self._book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            sheets: list[Any] = self._book.worksheets
        seen = [one for one in sheets if one.sheet_state == "visible"]
        if not seen:
            raise UnreadableFile("XLSX文件的工作表都被隐藏了，请取消隐藏后再上传")
        self._sheet, self.sheet = seen[0], str(seen[0].title)
        self._others = [str(one.title) for one in seen[1:]]
        self._hidden = [str(one.title) for one in sheets if one.sheet_state != "visible"]
        self._hidden_rows, self._hidden_columns = 0, set[int]()

    def lines(self) -> Iterator[Line]:
        with _told_as_broken(), self._sheet._get_source() as source:
            parser = _Parser(
                source,
                self._sheet._shared_strings,
                data_only=True,
                epoch=self._book.epoch,
                date_formats=self._book._date_formats,
                timedelta_formats=self._book._timedelta_formats,
            )
            hidden: set[int] | None = None
            for number, cells in bounds.read_within(parser.parse()):
                hidden = parser.hidden_columns() if hidden is None else hidden
                # Taken out: the parser would keep the height of every row.
                if _is_hidden(parser, parser.row_dimensions.pop(str(number), None)):
                    self._hidden_rows += any(cell["value"] is not None for cell in cells)
                    continue
                filled = {cell["column"] for cell in cells if cell["value"] is not None}
                self._hidden_columns |= hidden & filled
                yield Line(number, {c["column"]: c for c in cells if c["column"] not in hidden})

    def text(self, cell: Any) -> str | Unknown:
        kind, value = cell["data_type"], cell["value"]
        if kind == _WITHOUT_RESULT:
            return Unknown("是公式，文件里没有保存它的结果，请用Excel打开并保存后再上传")
        if value is None:
            return ""
        if kind in _NO_NAMES:
            return Unknown(f"{_NO_NAMES[kind]}，请把这一列设为文本后重新填写")
        number_format = ReadOnlyCell(self._sheet, **cell).number_format
        if kind == "n":
            text = shown.number_shown(value, number_format)
        else:
            text = shown.text_shown(str(value), number_format)
        if text is None:
            return Unknown(
                f"用数字格式“{number_format}”显示，无法确定显示的内容（保存的是{value}），"
                "请把这一列设为文本后重新填写"
            )
        return text.strip()

    def place(self, column: int) -> str:
        return f"{get_column_letter(column)}列"

    def left_out(self) -> list[str]:
        told = []
        if self._others:
            told.append(f"其他工作表没有读取：{'、'.join(self._others)}")
        if self._hidden:
            told.append(f"隐藏的工作表没有读取：{'、'.join(self._hidden)}")
        if self._hidden_rows:
            told.append(f"隐藏的{self._hidden_rows}行没有读取")
        if self._hidden_columns:
            names = "、".join(self.place(column) for column in sorted(self._hidden_columns))
            told.append(f"隐藏的列没有读取：{names}")
        return told


_NO_NAMES = {"d": "是日期或时间", "b": "是逻辑值", "e": "是错误值"}


class _Parser(WorkSheetParser):  # type: ignore[misc]  # openpyxl has no types
    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        # A result that is an empty text is saved too: its type is then not "n".
        no_result = cell["value"] is None and cell["data_type"] == "n"
        if no_result and element.find(FORMULA_TAG) is not None:
            cell["data_type"] = _WITHOUT_RESULT
        return cell

    def hidden_columns(self) -> set[int]:
        """They stand before the first row in the file."""
        found: set[int] = set()
        for attrs in self.column_dimensions.values():
            if _is_set(attrs, "hidden") or _is_zero(attrs, "width"):
                found |= set(range(int(attrs["min"]), min(int(attrs["max"]), 16_384) + 1))
        return found


def _is_hidden(parser: Any, row: Mapping[str, str] | None) -> bool:
    by_default = getattr(getattr(parser, "sheet_format", None), "zeroHeight", False)
    if row is None or ("hidden" not in row and "ht" not in row):
        return bool(by_default)
    return _is_set(row, "hidden") or _is_zero(row, "ht")


def _is_set(attrs: Mapping[str, str], name: str) -> bool:
    return attrs.get(name, "0").lower() in ("1", "true")


def _is_zero(attrs: Mapping[str, str], name: str) -> bool:
    return name in attrs and float(attrs[name]) == 0


@contextmanager
def _told_as_broken() -> Iterator[None]:
    try:
        yield
    except UnreadableFile:
        raise
    except bounds.TooMuch as error:
        raise UnreadableFile(str(error)) from error
    except Exception as error:
        raise UnreadableFile("XLSX文件已损坏或受密码保护，无法读取") from error
