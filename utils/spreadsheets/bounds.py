"""What an uploaded workbook may ask of the service: memory and time.

An XLSX is a zip of XML, and a small one may unpack to anything. The library that reads it keeps a
whole row, and all shared texts and styles, as objects in memory. So the XML is counted in chunks
before the library sees it, and the rows while it reads them.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zipfile import ZipFile

_MIB = 1024 * 1024
_CHUNK = 64 * 1024
MOST_ROWS, MOST_CELLS = 300_000, 5_000_000
MOST_SECONDS = 20  # the proxy in front waits for no longer than a minute


class TooMuch(Exception):
    """`str()` says to the manager what to do."""

    def __init__(self) -> None:
        super().__init__(
            "XLSX文件的内容过大或过于复杂，请只保留用户名一列，另存为CSV后再上传，或分成几个文件"
        )


@dataclass(frozen=True)
class _Limit:
    """Of one file in the zip: its size in bytes, its tags, those from one `end` to the next, and
    the number of ends."""

    size: int
    tags: int
    end: bytes = b"</no-such-element"
    tags_between: int = 200_000
    ends: int = 0


_SHEET = _Limit(96 * _MIB, 12_000_000, b"</row", 80_000, MOST_ROWS)
_TEXTS = _Limit(24 * _MIB, 4_000_000, b"</si", 10_000, 400_000)
_OTHER = _Limit(4 * _MIB, 200_000)
_MAY_BE_XML = re.compile(rb"[\s<\x00]|\xef\xbb\xbf|\xff\xfe|\xfe\xff")  # as no picture begins


def check(package: ZipFile) -> None:
    """Raises TooMuch. Takes memory for one chunk only."""
    for part in package.infolist():
        limit, name = _limit_of(part.filename), part.filename
        if name.endswith((".xml", ".rels")):
            if part.file_size > limit.size:
                raise TooMuch
            _count(package, name, limit)
        elif part.file_size > limit.size and _MAY_BE_XML.match(package.open(part).read(4)):
            raise TooMuch  # which part is the table of texts, say, the workbook decides


def _limit_of(filename: str) -> _Limit:
    if filename.startswith("xl/worksheets/") and filename.endswith(".xml"):
        return _SHEET
    return _TEXTS if filename.lower() == "xl/sharedstrings.xml" else _OTHER


def _count(package: ZipFile, filename: str, limit: _Limit) -> None:
    tags = since = ends = 0
    mark = re.compile(rb"<!|" + limit.end + rb"\b|<")
    with package.open(filename) as part:
        rest = b""
        while chunk := part.read(_CHUNK):
            text, rest = _whole_tags(rest + chunk)
            for found in mark.finditer(text):
                tags, since = tags + 1, since + 1
                if found[0] == b"<!":  # no program writes comments or entities; a trap might
                    raise TooMuch
                if found[0] != b"<":
                    since, ends = 0, ends + 1
                if tags > limit.tags or since > limit.tags_between or ends > limit.ends:
                    raise TooMuch


def _whole_tags(text: bytes) -> tuple[bytes, bytes]:
    """All but a tag that may have been cut at the end of the chunk."""
    at = text.rfind(b"<")
    return (text, b"") if at < 0 or len(text) - at > 16 else (text[:at], text[at:])


def read_within(rows: Iterator[tuple[int, list[Any]]]) -> Iterator[tuple[int, list[Any]]]:
    """The rows, each with its number, as long as they are not too many, nor their cells, nor take
    too long. Raises TooMuch."""
    cells, ends = 0, time.monotonic() + MOST_SECONDS
    for number, row in enumerate(rows, 1):
        cells += len(row[1])
        if number > MOST_ROWS or cells > MOST_CELLS or time.monotonic() > ends:
            raise TooMuch
        yield row
