"""The pages of a list that is read already (contract §9)."""

import pytest

from api.services.pages import Page, page_of_all

FIVE = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("page", "page_size", "results", "following"),
    [
        (1, 2, ["a", "b"], 2),
        (2, 2, ["c", "d"], 3),
        (3, 2, ["e"], None),
        (1, 4, ["a", "b", "c", "d"], 2),
        (2, 4, ["e"], None),
        (1, 5, FIVE, None),
        (1, 6, FIVE, None),
        (5, 1, ["e"], None),
        (4, 1, ["d"], 5),
    ],
)
def test_the_pages_hold_every_row_once(
    page: int, page_size: int, results: list[str], following: int | None
) -> None:
    found = page_of_all(FIVE, page=page, page_size=page_size)
    assert found == Page(5, following, results)


@pytest.mark.parametrize(("page", "page_size"), [(2, 5), (2, 6), (4, 2), (100, 20), (7, 1)])
def test_behind_the_last_page_there_is_nothing(page: int, page_size: int) -> None:
    assert page_of_all(FIVE, page=page, page_size=page_size) == Page(5, None, [])


def test_a_list_of_nothing_has_one_page() -> None:
    assert page_of_all([], page=1, page_size=20) == Page(0, None, [])


def test_a_long_list_has_a_last_page_like_a_short_one() -> None:
    rows = [*range(1000)]
    assert page_of_all(rows, page=10, page_size=100) == Page(1000, None, rows[900:])
    assert page_of_all(rows, page=9, page_size=100) == Page(1000, 10, rows[800:900])
    assert page_of_all(rows, page=2, page_size=1000).results == []
