"""The pictures of courses, teachers and articles. A row holds a text, as the course document has
it: a whole address, or a name behind MEDIA_URL, such as files get that are uploaded here.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from api.rules.pictures import BEGINNING, MOST_BYTES, suffix_of

FOLDER = "pictures"
MEBIBYTE = 1024 * 1024


class NotAPicture(ValueError):
    """Its sentence is for whoever uploads."""


class Uploaded(Protocol):
    @property
    def size(self) -> int | None: ...

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, /) -> object: ...

    def chunks(self) -> Iterable[bytes]: ...


def name_of(file: Uploaded) -> str:
    """The name that the file will have: made of what is in it, and of nothing that was sent beside
    it. The same picture has the same name, and another one never takes its place: cars,
    settlements and browsers may keep it. Raises NotAPicture."""
    size = file.size or 0
    if size > MOST_BYTES:
        raise NotAPicture(
            f"图片有{size / MEBIBYTE:.1f} MB，最多{MOST_BYTES // MEBIBYTE} MB。请压缩后再上传。"
        )
    file.seek(0)
    suffix = suffix_of(file.read(BEGINNING))
    if suffix is None:
        raise NotAPicture("这个文件不是JPEG、PNG或WebP图片。")
    digest = hashlib.sha256()
    file.seek(0)
    for chunk in file.chunks():
        digest.update(chunk)
    return f"{FOLDER}/{digest.hexdigest()[:32]}{suffix}"


def keep(file: Uploaded, name: str) -> None:
    """Writes it under MEDIA_ROOT, where it is not there yet. Raises OSError."""
    if default_storage.exists(name):
        return
    file.seek(0)
    default_storage.save(name, ContentFile(b"".join(file.chunks())))


def address_of(name: str) -> str:
    """Where a page of the service shows it from; "" where there is none, or it is another host's,
    from which the page's policy lets none in."""
    if name.startswith(("http://", "https://", "//")):
        return name if name.startswith(settings.MEDIA_URL) else ""
    return place() + quote(name.lstrip("/")) if name and place() else ""


def place() -> str:
    """Where the pictures are; nowhere on a developer's machine to which none was uploaded yet: a
    page would ask for those of the demo in vain."""
    elsewhere = bool(urlsplit(settings.MEDIA_URL).netloc)
    there = elsewhere or not settings.DEBUG or Path(settings.MEDIA_ROOT).is_dir()
    return settings.MEDIA_URL if there else ""
