"""utils/login_limits.py: so many attempts a minute for a name and from an address."""

import time

import pytest
from django.test import RequestFactory
from pytest_django.fixtures import Settings
from redis import Redis
from redis.exceptions import ConnectionError as OutOfReach

from utils.exceptions import TooManyAttempts, exception_handler
from utils.limits.logins import ADMIN, API, address_of, count_attempt


@pytest.fixture(autouse=True)
def three_a_minute(settings: Settings) -> None:
    settings.LOGIN_ATTEMPTS_PER_MINUTE = 3


def three_attempts(name: str, address: str = "192.0.2.1") -> None:
    for _ in range(3):
        count_attempt(API, name=name, address=address)


def test_the_fourth_attempt_for_a_name_is_refused_from_anywhere() -> None:
    three_attempts("alice", "192.0.2.1")
    with pytest.raises(TooManyAttempts) as refused:
        count_attempt(API, name="alice", address="192.0.2.2")
    assert 1 <= refused.value.wait <= 60


def test_the_fourth_attempt_from_an_address_is_refused_for_any_name() -> None:
    three_attempts("alice", "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        count_attempt(API, name="bob", address="192.0.2.1")


def test_another_name_from_another_address_is_not_concerned() -> None:
    three_attempts("alice", "192.0.2.1")
    count_attempt(API, name="bob", address="192.0.2.2")


def test_each_door_counts_for_itself() -> None:
    three_attempts("alice")
    count_attempt(ADMIN, name="alice", address="192.0.2.1")


def test_after_a_minute_there_are_attempts_again_and_refusals_did_not_prolong_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = time.time()
    monkeypatch.setattr(time, "time", lambda: start)
    three_attempts("alice")
    monkeypatch.setattr(time, "time", lambda: start + 59)
    with pytest.raises(TooManyAttempts) as refused:
        count_attempt(API, name="alice", address="192.0.2.1")
    assert refused.value.wait in (1, 2)  # a float of the clock, rounded up
    monkeypatch.setattr(time, "time", lambda: start + 61)
    three_attempts("alice")


def test_the_counts_leave_redis_by_themselves_and_hold_no_names(redis: Redis) -> None:
    count_attempt(API, name="s3cret-typed-into-the-wrong-field" * 1000, address="192.0.2.1")
    keys = redis.keys("*")
    assert len(keys) == 2
    for key in keys:
        assert b"s3cret" not in key
        assert len(key) < 200
        assert 0 < redis.ttl(key) <= 60


def test_a_name_that_is_not_even_unicode_counts_like_any_other() -> None:
    three_attempts("\ud800")
    with pytest.raises(TooManyAttempts):
        count_attempt(API, name="\ud800", address="192.0.2.1")


def test_without_redis_nobody_gets_in_uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_reach(*args: object, **kwargs: object) -> None:
        raise OutOfReach

    with monkeypatch.context() as patch:
        patch.setattr(Redis, "execute_command", out_of_reach)
        with pytest.raises(OutOfReach):
            count_attempt(API, name="alice", address="192.0.2.1")


def test_the_api_answers_429_in_the_envelope_and_says_how_long_to_wait() -> None:
    answer = exception_handler(TooManyAttempts(wait=41.2), {})
    assert answer.status_code == 429
    assert answer.data == {"code": 1429, "data": None, "error": "请求过于频繁，请稍后再试"}
    assert answer.headers["Retry-After"] == "42"


def test_the_address_is_the_peer_and_a_claimed_one_does_not_count() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="10.0.0.1")
    assert address_of(request) == "192.0.2.1"


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(settings: Settings) -> None:
    settings.BEHIND_PROXY = True
    claimed_and_seen = "10.0.0.1, 198.51.100.7"
    request = RequestFactory().get(
        "/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=claimed_and_seen
    )
    assert address_of(request) == "198.51.100.7"
