"""The folder of the archive: its files, and a list of them.

A file is named ….tmp while it is written, ….part once it is on the disk, and by its own name once
its rows are out of their tables. What a killed process leaves as ….tmp is of no use to anybody;
what became of the rows of a ….part, the database says.
"""

import gzip
import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings

PART, TEMPORARY = ".part", ".tmp"
MANIFEST = "manifest.ndjson"
_NAME = re.compile(r"([0-9]{6})-\w+\.ndjson\.gz")

Row = Mapping[str, Any]


class ArchiveError(Exception):
    """Its sentence is for the operator."""


def folder() -> Path:
    """Where the archive is; made where it is not there yet. Raises ArchiveError."""
    place = settings.ARCHIVE_DIR
    if place is None:
        raise ArchiveError("ARCHIVE_DIR is not set: it says where archived rows are kept")
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def name_of(number: int, kind: str) -> str:
    return f"{number:06}-{kind}.ndjson.gz"


def number_in(name: str) -> int:
    """The number of a file that is called so, whatever it is called beyond that; 0 for others."""
    found = _NAME.match(name)
    return int(found[1]) if found else 0


def last_number(place: Path) -> int:
    return max((number_in(path.name) for path in place.iterdir()), default=0)


def names(place: Path) -> list[str]:
    """Of the files that are whole, by their number."""
    return sorted(path.name for path in place.iterdir() if _NAME.fullmatch(path.name))


def write(place: Path, name: str, rows: Iterable[Row]) -> str:
    """Writes them, a JSON object a line; when it comes back, they are on the disk as ….part. Gives
    the SHA-256 of the file."""
    text = "".join(f"{_line_of(row)}\n" for row in rows)
    data = gzip.compress(text.encode(), mtime=0)
    _write(place / f"{name}{TEMPORARY}", data)
    _rename(place / f"{name}{TEMPORARY}", place / f"{name}{PART}")
    return hashlib.sha256(data).hexdigest()


def seal(place: Path, name: str) -> None:
    """Gives the file its own name: its rows are out of their tables."""
    _rename(place / f"{name}{PART}", place / name)


def drop(place: Path, name: str) -> None:
    """Takes away a ….part: its rows are in their tables still."""
    os.unlink(place / f"{name}{PART}")


def left_over(place: Path) -> list[str]:
    """The names of files whose rows nobody has seen gone; what was not written to its end is taken
    away."""
    for path in place.glob(f"*{TEMPORARY}"):
        os.unlink(path)
    return sorted(path.name.removesuffix(PART) for path in place.glob(f"*{PART}"))


def manifest(place: Path) -> dict[str, Row]:
    """What the list says of each file, by its name."""
    path = place / MANIFEST
    lines = _lines_in(path.read_bytes()) if path.exists() else []
    return {line["file"]: line for line in lines}


def note(place: Path, line: Row) -> None:
    """Puts a file on the list, whose old state or new state is there whatever happens."""
    lines = manifest(place) | {line["file"]: line}
    text = "".join(f"{_line_of(one)}\n" for one in lines.values())
    _write(place / f"{MANIFEST}{TEMPORARY}", text.encode())
    _rename(place / f"{MANIFEST}{TEMPORARY}", place / MANIFEST)


def digest(path: Path) -> str:
    """The SHA-256 of a file. Raises ArchiveError where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}") from None


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file. Raises ArchiveError where it is not whole."""
    try:
        return _lines_in(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise ArchiveError(f"{path} cannot be read: {error}") from None


def _lines_in(data: bytes) -> list[dict[str, Any]]:
    # Of bytes: a text has ends of lines of which JSON knows nothing.
    return [json.loads(line) for line in data.splitlines()]


def _line_of(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=_moment)


def _moment(at: date) -> str:
    """Not as Django's encoder, which cuts it to milliseconds."""
    return at.isoformat()


def _write(path: Path, data: bytes) -> None:
    # It tells who bought what: nobody else's to read.
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(opened, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(opened)


def _rename(path: Path, name: Path) -> None:
    """On the disk, too: a folder is written when it is told to be."""
    os.replace(path, name)
    opened = os.open(name.parent, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
