"""Rows as a spreadsheet, streamed: however many there are, only a batch is in memory, and the first
bytes leave at once.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

BATCH = 5_000
SHEET_ROWS = 1_000_000  # a sheet holds 1,048,576
NOTES = "说明"

Row = Sequence[str]
_FORMULA = frozenset("=+-@\t\r")
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIAL = re.compile(f"[&<>]|{_NOT_IN_XML.pattern}")


def csv_lines(heading: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """A CSV in UTF-8, with the byte-order mark by which Excel recognises that."""
    writer = csv.writer(_Echo())
    yield ("\ufeff" + str(writer.writerow(heading))).encode()
    for row in rows:
        yield str(writer.writerow([harmless(cell) for cell in row])).encode()


def xlsx_chunks(
    title: str, heading: Row, rows: Iterable[Row], notes: Iterable[Row] = ()
) -> Iterator[bytes]:
    """Every SHEET_ROWS rows begin a new sheet, under the same heading. `notes` are rows of a last
    sheet, 说明, and are asked for when all others are written.

    Written here, part by part, because the libraries hand out a file only when it is complete:
    minutes later, for a million rows.
    """
    pipe = _Pipe()
    with ZipFile(pipe, "w", ZIP_DEFLATED, compresslevel=1) as package:
        rest, number = iter(rows), 0
        while (first := next(rest, None)) is not None or number == 0:
            number += 1
            ahead = [first] if first is not None else []
            with package.open(f"xl/worksheets/sheet{number}.xml", "w") as sheet:
                sheet.write(_SHEET_HEAD)
                sheet.write(_row(heading))
                for row in islice(chain(ahead, rest), SHEET_ROWS):
                    sheet.write(_row(row))
                    if pipe.is_full:
                        yield pipe.take()
                sheet.write(_SHEET_FOOT)
        titles = [f"{title}{at if at > 1 else ''}" for at in range(1, number + 1)]
        if told := list(notes):
            titles.append(NOTES)
            with package.open(f"xl/worksheets/sheet{len(titles)}.xml", "w") as sheet:
                sheet.write(_SHEET_HEAD + b"".join(map(_row, told)) + _SHEET_FOOT)
        for name, content in _book(titles).items():
            package.writestr(name, _XML + content)
    yield pipe.take()


def harmless(cell: str) -> str:
    """Users choose their names. A spreadsheet guesses what a CSV's cells are, and must not take a
    name like =HYPERLINK(…) for a formula. The cells of an XLSX are marked as text anyway."""
    return "'" + cell if cell[:1] in _FORMULA else cell


class _Echo:
    """A file that returns what is written to it, so that csv.writer can stream."""

    def write(self, line: str) -> str:
        return line


class _Pipe:
    """A file that is emptied while it is written."""

    FULL = 64 * 1024

    def __init__(self) -> None:
        self._content = bytearray()

    def write(self, content: bytes) -> int:
        self._content += content
        return len(content)

    def flush(self) -> None:
        """Nothing to do: `take` empties it."""

    def close(self) -> None:
        """Nothing to do: the rest can still be taken."""

    @property
    def is_full(self) -> bool:
        return len(self._content) >= self.FULL

    def take(self) -> bytes:
        taken = bytes(self._content)
        self._content.clear()
        return taken


# --- The parts of an XLSX (ECMA-376): every cell holds its text -----------------------------------

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET_HEAD = f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode()
_SHEET_FOOT = b"</sheetData></worksheet>"


def _row(cells: Row) -> bytes:
    if _SPECIAL.search("".join(cells)):  # one look at a row is cheaper than one at each cell
        cells = [escape(_NOT_IN_XML.sub("", cell)) for cell in cells]
    inner = "".join(
        f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' if text else "<c/>"
        for text in cells
    )
    return f"<row>{inner}</row>".encode()


def _book(titles: Sequence[str]) -> dict[str, str]:
    numbers = range(1, len(titles) + 1)
    names = "".join(
        f'<sheet name="{title}" sheetId="{number}" r:id="rId{number}"/>'
        for number, title in enumerate(titles, 1)
    )
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
        f'ContentType="{_TYPES}.worksheet+xml"/>'
        for number in numbers
    )
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" '
        f'Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    return {
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<sheets>{names}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f"{relations}</Relationships>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f"{types}</Types>",
    }
