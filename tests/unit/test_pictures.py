"""Which pictures the shop takes, by their first bytes."""

import pytest

from api.rules.pictures import BEGINNING, MOST_BYTES, suffix_of
from tests.support.pictures import JPEG, PNG, WEBP


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
    assert MOST_BYTES == 2 * 1024 * 1024
