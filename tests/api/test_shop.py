"""The learner's pages as they are served: their policy, their addresses, what may be kept."""

import gzip
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import clear_url_caches

from luffy import shop, urls

ROUTES = (shop.FOLDER / "routes.js").read_text()
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
PAGES = [
    "/",
    "/course/1",
    "/login",
    "/car",
    "/settle",
    "/order",
    "/order/202611270359378094237241",
    "/order/202611270359378094237241/pay",
    "/coupon",
    "/my/coupon",
    "/my/course",
    "/account",
]


@pytest.fixture
def visitor() -> Client:
    """Needs no database: a page is a file."""
    return Client(headers={"Accept-Encoding": "gzip"})


def policy_of(answer: Any) -> dict[str, str]:
    parts = answer["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def loaded(answer: Any) -> list[str]:
    return re.findall(r'"(/shop/[^"]+)"', gzip.decompress(answer.content).decode())


def test_every_route_of_the_pages_is_served_and_every_page_has_a_route(visitor: Client) -> None:
    patterns = [
        re.compile(one.replace("?<", "?P<").replace(r"\/", "/"))
        for one in re.findall(r"path: /(.+?)/, ", ROUTES)
    ]
    assert len(patterns) == len(PAGES)
    for path, pattern in zip(PAGES, patterns, strict=True):
        assert pattern.search(path), path
        assert visitor.get(path).status_code == 200, path


@pytest.mark.parametrize("path", ["/nowhere", "/course/x", "/order/1/x", "/cars", "/course/1/"])
def test_what_is_no_page_is_a_404(visitor: Client, path: str) -> None:
    assert visitor.get(path).status_code == 404


def test_a_page_may_load_its_own_files_and_nothing_else(visitor: Client) -> None:
    answer = visitor.get("/")

    assert policy_of(answer) == POLICY
    assert len(loaded(answer)) > 5
    for path in loaded(answer):
        assert visitor.get(path).status_code == 200, path


def test_a_page_that_is_still_the_same_keeps_its_policy(visitor: Client) -> None:
    """A browser puts the headers of a 304 in the place of those that it kept."""
    first = visitor.get("/")
    again = visitor.get("/", headers={"If-None-Match": first["ETag"]})

    assert first["Cache-Control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert policy_of(again) == POLICY


def test_a_file_is_kept_for_ever_under_its_own_address_alone(visitor: Client) -> None:
    address = next(path for path in loaded(visitor.get("/")) if path.endswith("/app.js"))
    others = ["/shop/app.js", "/shop/0123456789ab/app.js"]

    file = visitor.get(address)

    assert file["Cache-Control"] == "public, max-age=31536000, immutable"
    assert file["Content-Type"] == "text/javascript; charset=utf-8"
    assert policy_of(file) == {"default-src": "'none'", "frame-ancestors": "'none'"}
    for other in others:
        same = visitor.get(other)
        assert (same.content, same["Cache-Control"]) == (file.content, "no-cache")


def test_who_cannot_unpack_gets_it_unpacked_and_another_etag() -> None:
    plain, packed = (
        Client().get("/shop/app.js"),
        Client().get("/shop/app.js", HTTP_ACCEPT_ENCODING="gzip"),
    )

    assert plain.content == (shop.FOLDER / "app.js").read_bytes() == gzip.decompress(packed.content)
    assert "Content-Encoding" not in plain
    assert plain["ETag"] != packed["ETag"]
    assert plain["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    ["/shop/index.html", "/shop/../manage.py", "/shop/vendor/README.md", "/shop/", "/shop/x.js"],
)
def test_what_is_no_file_of_the_pages_is_a_404(visitor: Client, path: str) -> None:
    assert visitor.get(path).status_code == 404


def test_nothing_is_written_to_a_page(visitor: Client) -> None:
    assert visitor.post("/").status_code == 405


def test_all_files_together_are_small() -> None:
    """What somebody gets who opens every page; the code to scan comes to few."""
    files = shop.shop().files
    assert sum(len(file.packed) for file in files.values()) < 110_000


def test_pictures_may_come_from_where_media_url_says(visitor: Client, settings: Any) -> None:
    settings.MEDIA_URL = 'https://cdn.example.com/"media/'
    page = gzip.decompress(visitor.get("/").content).decode()

    assert '<meta name="media" content="https://cdn.example.com/&quot;media/">' in page


def test_on_a_developer_s_machine_pictures_are_asked_for_once_there_are_some(
    visitor: Client, settings: Any, tmp_path: Path
) -> None:
    settings.DEBUG, settings.MEDIA_ROOT = True, tmp_path / "media"
    assert '<meta name="media" content="">' in gzip.decompress(visitor.get("/").content).decode()
    settings.MEDIA_ROOT.mkdir()
    page = gzip.decompress(visitor.get("/").content).decode()
    assert '<meta name="media" content="/media/">' in page


def test_a_file_that_changed_is_read_again_on_a_developer_s_machine_alone(
    visitor: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("one")
    monkeypatch.setattr(shop, "FOLDER", tmp_path)
    shop._read.cache_clear()
    for debug, seen in ((False, b"one"), (True, b"two")):
        settings.DEBUG = debug
        first = Client().get("/").content
        (tmp_path / "index.html").write_text("two")
        assert first in (b"one", b"two")
        assert Client().get("/").content == seen
    shop._read.cache_clear()


def test_they_can_be_switched_off(visitor: Client, settings: Any) -> None:
    settings.SHOP = False
    try:
        importlib.reload(urls)
        clear_url_caches()
        assert {visitor.get(path).status_code for path in [*PAGES, "/shop/app.js"]} == {404}
    finally:
        settings.SHOP = True
        importlib.reload(urls)
        clear_url_caches()
    assert visitor.get("/").status_code == 200


def test_a_browser_that_asks_for_an_icon_gets_the_shop_s(visitor: Client) -> None:
    answer = visitor.get("/favicon.ico")
    assert answer["Content-Type"] == "image/svg+xml"
    assert gzip.decompress(answer.content) == (shop.FOLDER / "icon.svg").read_bytes()
