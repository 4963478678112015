"""The learner's pages (`shop/`): its files, read once and kept in memory, and the page that loads
them.

Not by way of static files: the page's policy belongs to its answer, `collectstatic` need not have
run, and a file's address holds the folder's own fingerprint, so that a browser asks for it once.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from csp.decorators import csp
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, re_path
from django.utils.cache import get_conditional_response
from django.utils.html import escape
from django.views.decorators.http import require_safe

from api.services import pictures

FOLDER = Path(__file__).resolve().parents[1] / "shop"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_A_YEAR = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"  # kept, and used once the service says that it is still the same


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent, and packed for those who can unpack it."""

    content: bytes
    packed: bytes
    content_type: str
    etag: str

    @classmethod
    def of(cls, content: bytes, suffix: str) -> "File":
        packed = gzip.compress(content, 9, mtime=0)
        etag = hashlib.sha256(content).hexdigest()[:20]
        return cls(content, packed, TYPES[suffix], etag)


@dataclass(frozen=True, slots=True)
class Shop:
    """The folder: its fingerprint, its files by their path in it, and the page."""

    version: str
    files: dict[str, File]
    page: File


def shop() -> Shop:
    """The folder as it is; where DEBUG is on, as it is now."""
    return _read(pictures.place(), _newest() if settings.DEBUG else 0)


@require_safe
@csp(settings.SHOP_CONTENT_SECURITY_POLICY)
def page(request: HttpRequest) -> HttpResponse:
    """The one page, whatever its path: what stands there is the browser's to find out."""
    return _answer(request, shop().page, ASK_AGAIN)


@require_safe
def file(request: HttpRequest, name: str, version: str = "") -> HttpResponse:
    """A file of the folder. Raises Http404. Under another version's address it is today's."""
    there = shop()
    if name not in there.files:
        raise Http404
    kept = FOR_A_YEAR if version == there.version else ASK_AGAIN
    return _answer(request, there.files[name], kept)


def _answer(request: HttpRequest, file: File, kept: str) -> HttpResponse:
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    etag = f'"{file.etag}-gzip"' if packed else f'"{file.etag}"'
    answer = HttpResponse(
        file.packed if packed else file.content,
        content_type=file.content_type,
        headers={"Cache-Control": kept, "ETag": etag, "Vary": "Accept-Encoding"},
    )
    if packed:
        answer["Content-Encoding"] = "gzip"
    found = get_conditional_response(request, etag=etag, response=answer)
    if not isinstance(found, HttpResponse):
        raise TypeError("an answer was given, and so there is one")
    return found


def _newest() -> int:
    return max(one.stat().st_mtime_ns for one in FOLDER.rglob("*"))


@lru_cache(maxsize=1)
def _read(media: str, _newest: int) -> Shop:
    contents = {
        one.relative_to(FOLDER).as_posix(): one.read_bytes()
        for one in sorted(FOLDER.rglob("*"))
        if one.suffix in TYPES
    }
    index = contents.pop("index.html").decode()
    everything = hashlib.sha256(b"\0".join([index.encode(), *contents.values()]))
    version = everything.hexdigest()[:12]
    own = index.replace('"/shop/', f'"/shop/{version}/')
    own = own.replace('name="media" content=""', f'name="media" content="{escape(media)}"')
    files = {name: File.of(content, Path(name).suffix) for name, content in contents.items()}
    return Shop(version, files, File.of(own.encode(), ".html"))


# Those of shop/routes.js.
PAGES = "|course/\\d+|login|car|settle|order(?:/\\w+(?:/pay)?)?|coupon|my/(?:coupon|course)|account"
urlpatterns = [
    re_path(f"^(?:{PAGES})$", page, name="shop"),
    re_path(r"^shop/(?P<version>[0-9a-f]{12})/(?P<name>.+)$", file),
    path("shop/<path:name>", file),
]
