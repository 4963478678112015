"""Finished pages of the catalogue in Redis: each with the version that it is good for."""

import pytest
from redis import Redis

from api.stores.kept_pages import Kept, PageStore

VERSION = PageStore.VERSION
PAGE = b'"etag"\n{"a": 1}\n'


@pytest.fixture
def version() -> bytes:
    found = PageStore().find("list").version
    assert found
    return found


def test_a_page_comes_back_as_it_was_kept(version: bytes) -> None:
    PageStore().keep("list", PAGE, version)

    assert PageStore().find("list") == Kept(PAGE, version)
    assert PageStore().find("other") == Kept(None, version)


@pytest.mark.parametrize("other", [b"\x00", b"\xff", b"0" * 16, b"f" * 17])
def test_a_page_of_another_version_is_none(version: bytes, other: bytes) -> None:
    PageStore().keep("list", PAGE, other)

    assert PageStore().find("list") == Kept(None, version)


def test_while_the_catalogue_changes_no_page_is_good_and_none_is_kept(version: bytes) -> None:
    PageStore().keep("list", PAGE, version)

    PageStore().change_begins()

    assert PageStore().find("list") == Kept(None, None)


def test_after_a_change_there_is_another_version(version: bytes) -> None:
    PageStore().keep("list", PAGE, version)
    PageStore().change_begins()

    PageStore().change_ends()

    found = PageStore().find("list")
    assert found.page is None
    assert found.version not in (None, version)


def test_a_change_before_anybody_has_read_leaves_nothing_behind(redis: Redis) -> None:
    PageStore().change_begins()

    assert redis.keys() == []


def test_of_two_who_name_the_version_the_first_wins() -> None:
    store = PageStore()  # both have found that there is none
    assert store._first_version() == store._first_version() == store.find("list").version


def test_who_names_the_version_while_the_catalogue_changes_keeps_nothing(redis: Redis) -> None:
    redis.set(VERSION, b"")

    assert PageStore()._first_version() is None


def test_a_version_lives_for_a_day_and_a_page_for_a_minute(redis: Redis, version: bytes) -> None:
    PageStore().keep("list", PAGE, version)

    assert redis.ttl(VERSION) in (86_399, 86_400)
    assert redis.ttl(PageStore.key("list")) in (59, 60)


def test_a_change_that_nobody_ends_is_over_in_a_minute(redis: Redis, version: bytes) -> None:
    PageStore().change_begins()

    assert redis.ttl(VERSION) in (59, 60)
