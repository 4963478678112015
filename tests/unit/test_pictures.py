"""Which pictures the shop takes, by their first bytes, and what they are called."""

import re
from typing import Any

import pytest

from api.rules.pictures import BEGINNING, suffix_of
from api.services.pictures import NotAPicture, address_of, name_of
from tests.support.pictures import JPEG, PNG, WEBP, upload


@pytest.mark.parametrize(("file", "suffix"), [(JPEG, ".jpg"), (PNG, ".png"), (WEBP, ".webp")])
def test_the_first_bytes_of_a_file_tell_what_it_is(file: bytes, suffix: str) -> None:
    assert suffix_of(file[:BEGINNING]) == suffix


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"GIF89a",
        b"RIFF\x1a\x00\x00\x00WAVEfmt ",
        b"RIFF\x1a\x00\x00\x00XEBPVP8 ",
        b"RIFF\x1a\x00\x00\x00AEBPVP8 ",
        b"RIFX\x1a\x00\x00\x00WEBPVP8 ",
        b"AIFF\x1a\x00\x00\x00WEBPVP8 ",
        b"XIFF\x1a\x00\x00\x00WEBPVP8 ",
        b"\x00" + PNG,
        b"\xff\xd8",
        b"<svg>",
    ],
)
def test_whatever_else_it_is_is_none(file: bytes) -> None:
    assert suffix_of(file[:16]) is None


def test_a_picture_may_have_two_mebibytes() -> None:
    largest = PNG + bytes(2 * 1024 * 1024 - len(PNG))
    assert name_of(upload(largest)).endswith(".png")
    with pytest.raises(NotAPicture, match=re.escape("图片有2.0 MB，最多2 MB")):
        name_of(upload(largest + b"\0"))


@pytest.mark.parametrize(
    ("bytes_more", "said"), [(1, "2.0 MB"), (512 * 1024, "2.5 MB"), (1024 * 1024, "3.0 MB")]
)
def test_who_sends_a_larger_one_is_told_how_large_it_is(bytes_more: int, said: str) -> None:
    with pytest.raises(NotAPicture, match=re.escape(f"图片有{said}，最多2 MB")):
        name_of(upload(bytes(2 * 1024 * 1024 + bytes_more)))


def test_a_file_of_unknown_size_is_judged_by_what_it_is() -> None:
    file = upload(PNG)
    file.size = None  # type: ignore[assignment]  # as an upload without a size
    assert name_of(file) == name_of(upload(PNG))


def test_a_picture_s_name_is_made_of_all_that_is_in_it() -> None:
    name = name_of(upload(PNG, "a.png"))
    assert name == name_of(upload(PNG, "b.jpg"))
    assert name != name_of(upload(PNG + b"\0"))
    assert re.fullmatch(r"pictures/[0-9a-f]{32}\.png", name)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("爬虫 1.jpg", "/media/%E7%88%AC%E8%99%AB%201.jpg"),
        ("/pictures/1.png", "/media/pictures/1.png"),
        ("", ""),
        ("https://elsewhere.example/1.png", ""),
        ("//elsewhere.example/1.png", ""),
    ],
)
def test_the_desk_shows_pictures_that_are_here(name: str, address: str) -> None:
    assert address_of(name) == address


def test_pictures_may_be_kept_at_another_address(settings: Any) -> None:
    settings.MEDIA_URL = "https://media.example/"
    assert address_of("https://media.example/1.png") == "https://media.example/1.png"
    assert address_of("1.png") == "https://media.example/1.png"
    assert address_of("https://elsewhere.example/1.png") == ""
