"""One-time codes: what is typed, and what a slip of the finger cannot make of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.one_time_codes import ALPHABET, CHOSEN, LENGTH, grouped, one_time_code, with_check

CODES = st.text(ALPHABET, min_size=CHOSEN, max_size=CHOSEN).map(with_check)


def test_no_two_characters_look_alike() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 23
    for alike in ("0OQD", "1IL", "2Z", "5S", "6G", "8B", "UVW", "MN"):
        assert len(set(alike) & set(ALPHABET)) <= 1, alike


@given(CODES)
def test_a_code_is_what_it_is_as_it_is_printed(code: str) -> None:
    assert len(code) == LENGTH
    assert [len(group) for group in grouped(code).split("-")] == [4, 4, 4, 4]
    assert one_time_code(grouped(code)) == code


@pytest.mark.parametrize(
    "printed", ["7KXM-R2DC-9FHT-3WPD", "2345-6789-ACDE-FHJY", "YXWT-RPMK-JHFE-DCAW"]
)
def test_a_code_that_was_printed_once_stays_good(printed: str) -> None:
    code = printed.replace("-", "")
    assert one_time_code(printed) == with_check(code[:15]) == code


@given(CODES, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(code: str, at: int, other: str) -> None:
    typed = code[:at] + other + code[at + 1 :]
    assert one_time_code(typed) == (code if typed == code else None)


@given(CODES, st.integers(0, LENGTH - 2))
def test_neighbours_that_changed_places_are_noticed(code: str, at: int) -> None:
    typed = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert one_time_code(typed) == (code if typed == code else None)


@pytest.mark.parametrize(
    "typed",
    [
        "2345-6789-ACDE-FHJ{}",
        "23456789ACDEFHJ{}",
        " 2345 6789\tacde fhj{} ",
        "2-3-4-5—6789–acdefhj{}",
        "２３４５－６７８９－ＡＣＤＥ－ＦＨＪ{}",
    ],
)
def test_case_spaces_and_hyphens_do_not_matter(typed: str) -> None:
    code = with_check("23456789ACDEFHJ")
    assert one_time_code(typed.format(code[-1])) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "2",
        "2" * 15,
        "2" * 17,
        "SPRING2027",
        "0" * 16,
        "2345_6789_ACDE_FHJY",
        "2345.6789.ACDE.FHJY",
        "\0" * 16,
    ],
)
def test_what_no_code_can_be_is_none(typed: str) -> None:
    assert one_time_code(typed) is None
