"""So many attempts a minute for a name from an address, and more for either alone."""

import time
from typing import Any

import pytest
from django.test import RequestFactory
from limits.strategies import MovingWindowRateLimiter
from pytest_django.fixtures import Settings
from redis import Redis
from redis.exceptions import ConnectionError as OutOfReach

from utils.addresses import address_of, client_address
from utils.exceptions import TooManyAttempts, exception_handler
from utils.limits.logins import ADMIN, API, count_attempt


@pytest.fixture(autouse=True)
def three_a_minute(settings: Settings) -> None:
    settings.LOGIN_ATTEMPTS_PER_MINUTE = 3


def three_attempts(name: str, address: str = "192.0.2.1") -> None:
    for _ in range(3):
        count_attempt(API, name=name, address=address)


def test_the_fourth_attempt_for_a_name_from_an_address_is_refused() -> None:
    three_attempts("alice", "192.0.2.1")
    with pytest.raises(TooManyAttempts) as refused:
        count_attempt(API, name="alice", address="192.0.2.1")
    assert 1 <= refused.value.wait <= 61


def test_a_stranger_elsewhere_does_not_lock_the_owner_of_a_name_out() -> None:
    three_attempts("alice", "198.51.100.1")
    for _ in range(100):
        with pytest.raises(TooManyAttempts):
            count_attempt(API, name="alice", address="198.51.100.1")

    three_attempts("alice", "192.0.2.1")


def test_a_name_gets_ten_times_as_many_from_anywhere() -> None:
    for n in range(30):
        count_attempt(API, name="alice", address=f"192.0.2.{n}")
    with pytest.raises(TooManyAttempts):
        count_attempt(API, name="alice", address="192.0.2.99")
    count_attempt(API, name="bob", address="192.0.2.99")


def test_an_address_gets_ten_times_as_many_for_any_name() -> None:
    for n in range(30):
        count_attempt(API, name=f"somebody-{n}", address="192.0.2.1")
    with pytest.raises(TooManyAttempts):
        count_attempt(API, name="alice", address="192.0.2.1")
    count_attempt(API, name="alice", address="192.0.2.2")


def test_the_addresses_of_one_customer_s_ipv6_network_count_together() -> None:
    for last in ("1", "2", "ffff:1"):
        count_attempt(API, name="alice", address=f"2001:db8:0:1::{last}")
    with pytest.raises(TooManyAttempts):
        count_attempt(API, name="alice", address="2001:db8:0:1:a::")
    count_attempt(API, name="alice", address="2001:db8:0:2::1")


def test_a_name_that_looks_like_an_address_is_counted_as_a_name() -> None:
    for n in range(30):
        count_attempt(API, name="192.0.2.1", address=f"198.51.100.{n}")
    three_attempts("alice", "192.0.2.1")


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
    assert refused.value.wait == 2  # at the very end of the minute it would be refused
    monkeypatch.setattr(time, "time", lambda: start + 59 + refused.value.wait)
    three_attempts("alice")


@pytest.mark.parametrize("after", [0, 0.5, 1, 30.25, 59, 59.5, 59.9])
def test_who_waits_as_long_as_told_is_let_in_and_not_a_second_before(
    monkeypatch: pytest.MonkeyPatch, after: float
) -> None:
    start = time.time()
    monkeypatch.setattr(time, "time", lambda: start)
    three_attempts("alice")
    monkeypatch.setattr(time, "time", lambda: start + after)
    with pytest.raises(TooManyAttempts) as refused:
        count_attempt(API, name="alice", address="192.0.2.1")
    wait = refused.value.wait

    monkeypatch.setattr(time, "time", lambda: start + after + wait - 1)
    with pytest.raises(TooManyAttempts):
        count_attempt(API, name="alice", address="192.0.2.1")
    monkeypatch.setattr(time, "time", lambda: start + after + wait)
    count_attempt(API, name="alice", address="192.0.2.1")


@pytest.mark.parametrize(("asked", "reckoned"), [(61, 61), (59, 61)])
def test_a_count_that_is_free_again_just_after_the_refusal_is_one_second_away(
    monkeypatch: pytest.MonkeyPatch, asked: int, reckoned: int
) -> None:
    start = time.time()
    monkeypatch.setattr(time, "time", lambda: start)
    three_attempts("alice")
    stats = MovingWindowRateLimiter.get_window_stats

    def a_minute_later(*args: Any) -> Any:
        monkeypatch.setattr(time, "time", lambda: start + asked)
        found = stats(*args)
        monkeypatch.setattr(time, "time", lambda: start + reckoned)
        return found

    monkeypatch.setattr(MovingWindowRateLimiter, "get_window_stats", a_minute_later)
    with pytest.raises(TooManyAttempts) as refused:
        count_attempt(API, name="alice", address="192.0.2.1")
    assert refused.value.wait == 1


def test_the_counts_leave_redis_by_themselves_and_hold_no_names(redis: Redis) -> None:
    count_attempt(API, name="s3cret-typed-into-the-wrong-field" * 1000, address="192.0.2.1")
    keys = redis.keys("*")
    assert len(keys) == 3
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
    settings.TRUSTED_PROXIES = 1
    assert behind_a_proxy("10.0.0.1, 198.51.100.7") == "198.51.100.7"


def test_what_comes_past_the_proxy_without_its_header_is_the_peer_s(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    assert address_of(RequestFactory().get("/", REMOTE_ADDR="192.0.2.1")) == "192.0.2.1"
    assert client_address({"REMOTE_ADDR": "192.0.2.1"}) == "192.0.2.1"
    assert client_address({}) == ""


def behind_a_proxy(header: str) -> str:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=header)
    return address_of(request)


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (2, "10.0.0.1, 198.51.100.7, 203.0.113.1", "198.51.100.7"),
        (2, "203.0.113.1", "203.0.113.1"),  # one came by itself to the inner proxy
        (1, "198.51.100.7:4711", "198.51.100.7"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "[2001:DB8:0::1]", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "::ffff:198.51.100.7", "198.51.100.7"),
        (1, "", "192.0.2.1"),
        (1, "unknown", "192.0.2.1"),
        (1, "10.0.0.1, ", "192.0.2.1"),
        (1, "x" * 10_000, "192.0.2.1"),
    ],
)
def test_the_proxies_entry_is_understood(
    settings: Settings, proxies: int, header: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert behind_a_proxy(header) == address
