"""Whether the archive is what was written, and whether the database knows it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from api.models import ArchivedFile
from api.services.archive import files
from api.services.archive.files import ArchiveError, Row


def wrong() -> Iterator[str]:
    """Names each file that is not as it was written, or that one of folder, list and database does
    not know. Reads all of them, one after another. Raises ArchiveError where there is no folder."""
    place = files.folder()
    listed, there = files.manifest(place), set(files.names(place))
    known = {file.name: file.sha256 for file in ArchivedFile.objects.all()}
    for name in sorted({*listed, *there, *known}):
        if name not in there:
            yield f"{name}: is not in {place}"
            continue
        if name not in listed:
            yield f"{name}: is not on the list"
        elif found := _wrong_with(place / name, listed[name]):
            yield f"{name}: {found}"
        if name not in known:
            yield f"{name}: the database does not know it, and may have its rows"
        elif name in listed and listed[name]["sha256"] != known[name]:
            yield f"{name}: the database knows another one"


def _wrong_with(path: Path, said: Row) -> str | None:
    try:
        if files.digest(path) != said["sha256"]:
            return "is not what was written: its SHA-256 differs"
        number = len(files.read(path))
    except ArchiveError as error:
        return str(error)
    if number != Counter(said["rows"]).total():
        return f"has {number} rows, and should have {Counter(said['rows']).total()}"
    return None
