"""Workers of the tests share a Redis and never a database of it."""

import pytest

from tests.support.redis_databases import redis_url_of


def test_the_first_worker_has_the_database_of_the_url():
    assert redis_url_of(0, 2, "redis://127.0.0.1:6379/15") == "redis://127.0.0.1:6379/15?db=15"


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("redis://127.0.0.1:6379/15", "redis://127.0.0.1:6379/15?db=13"),
        ("redis://127.0.0.1:6379/2", "redis://127.0.0.1:6379/2?db=0"),
        ("redis://127.0.0.1:6379/1", "redis://127.0.0.1:6379/1?db=3"),
        ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379?db=2"),
        ("redis://127.0.0.1:6379/0?db=9", "redis://127.0.0.1:6379/0?db=7"),
        ("unix:///run/redis.sock?db=4", "unix:///run/redis.sock?db=2"),
    ],
)
def test_the_others_count_down_from_it_or_up_where_there_are_too_few(url: str, own: str):
    assert redis_url_of(2, 3, url) == own
