"""A workbook that is small outside and endless inside is refused before it is read."""

import io
import time
import tracemalloc
from collections.abc import Callable
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from utils.spreadsheets import bounds, tables
from utils.spreadsheets import names as name_files
from utils.spreadsheets.names import UnreadableNames

SHEET, TEXTS, STYLES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"
SPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
MIB = 1024 * 1024


def book(*rows: tuple[Any, ...], **changed: bytes) -> bytes:
    """A workbook, with some of its parts (`sheet`, `texts`, `styles`) replaced."""
    made, file = Workbook(), io.BytesIO()
    for row in rows or [("用户名",), ("alice",)]:
        made.active.append(row)
    made.save(file)
    named = {"sheet": SHEET, "texts": TEXTS, "styles": STYLES, "other": "xl/other.bin"}
    parts = {named[name]: content for name, content in changed.items()}
    result = io.BytesIO()
    with ZipFile(file) as old, ZipFile(result, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.pop(name, None) or old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return result.getvalue()


def sheet(rows: bytes) -> bytes:
    return b"<worksheet %s><sheetData>%s</sheetData></worksheet>" % (SPACE, rows)


def texts(inner: bytes) -> bytes:
    return b"<sst %s>%s</sst>" % (SPACE, inner)


BOMBS: dict[str, Callable[[], bytes]] = {
    "a row of millions of cells": lambda: book(sheet=sheet(b"<row>" + b"<c/>" * 5_000_000)),
    "millions of rows": lambda: book(sheet=sheet(b"<row></row>" * 400_000)),
    "rows that close themselves": lambda: book(sheet=sheet(b"<row/>" * 400_000)),
    "a huge sheet of spaces": lambda: book(sheet=sheet(b" " * (100 * MIB))),
    "elements beside the rows": lambda: book(sheet=sheet(b"<x/>" * 400_000)),
    "a comment that pretends to end a row": lambda: book(sheet=sheet(b"<c/><!--</row>-->" * 9)),
    "entities": lambda: book(sheet=b'<!DOCTYPE x [<!ENTITY a "b">]>' + sheet(b"")),
    "a huge table of texts": lambda: book(
        texts=texts(b"<si><t>" + b"x" * (30 * MIB) + b"</t></si>")
    ),
    "millions of texts": lambda: book(texts=texts(b"<si></si>" * 500_000)),
    "a text of many runs": lambda: book(texts=texts(b"<si>" + b"<r/>" * 20_000 + b"</si>")),
    "texts under another name": lambda: book(other=texts(b"<si></si>" * 500_000)),
    "too many styles": lambda: book(styles=b"<styleSheet %s>%s" % (SPACE, b"<xf/>" * 300_000)),
}


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_before_the_library_reads_it_in_little_memory(bomb, monkeypatch):
    content = bomb()
    monkeypatch.setattr(tables, "load_workbook", None)  # would be a broken file
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableNames, match="过大或过于复杂"):
            name_files.uploaded(io.BytesIO(content), "names.xlsx", len(content))
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "rows",
    [
        b'<row r="1000000000"><c r="A1000000000"><v>1</v></c></row>',
        b"".join(b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (n, n) for n in range(1, 400)),
    ],
    ids=["a row far down", "cells far to the right"],
)
def test_nothing_is_made_up_between_rows_and_cells_far_away(rows):
    content = book(sheet=sheet(rows))
    tracemalloc.start()
    try:
        read = name_files.uploaded(io.BytesIO(content), "names.xlsx", len(content))
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()
    assert set(read.names) == {"1"}


def test_a_sheet_that_takes_too_long_is_given_up(monkeypatch):
    now = iter(range(0, 1000, 15))
    monkeypatch.setattr(time, "monotonic", lambda: next(now))

    with pytest.raises(bounds.TooMuch):
        list(bounds.read_within(iter([(1, ["a"])] * 5)))


def test_a_large_picture_does_not_matter():
    content = book(other=b"\x89PNG" + b"<!" * (3 * MIB))

    assert name_files.uploaded(io.BytesIO(content), "a.xlsx", len(content)).names == ["alice"]


@pytest.mark.slow
def test_a_workbook_of_an_ordinary_size_is_read():
    rows = [("序号", "用户名", "备注"), *((n, f"user-{n}", "同学") for n in range(20_000))]
    content = book(*rows)

    read = name_files.uploaded(io.BytesIO(content), "names.xlsx", len(content))

    assert len(read.names) == 20_000


def test_a_tag_is_counted_once_wherever_a_chunk_ends(monkeypatch):
    content = book(sheet=sheet(b"<row></row>" * 300))
    for size in (1, 7, 64, 4096):
        monkeypatch.setattr(bounds, "_CHUNK", size)
        with ZipFile(io.BytesIO(content)) as package:
            bounds.check(package)
        monkeypatch.setattr(bounds, "_SHEET", bounds._Limit(MIB, 700, b"</row", 10, 299))
        with ZipFile(io.BytesIO(content)) as package, pytest.raises(bounds.TooMuch):
            bounds.check(package)
        monkeypatch.undo()
