"""The edges of the minute in which a process counts requests."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from rest_framework.exceptions import Throttled

from utils.limits.requests import RefusedTokens, RequestThrottle

pytestmark = pytest.mark.usefixtures("one_a_minute")
CAR = "/api/shoppingcar/"


@pytest.fixture
def one_a_minute(settings: Any) -> Iterator[None]:
    settings.REQUESTS_PER_MINUTE = 1
    caches["process"].clear()
    yield
    caches["process"].clear()


def test_the_first_wrong_token_is_looked_at_even_where_one_a_minute_is_let_in(anonymous):
    answers = [anonymous.get(CAR, {"token": "wrong"}).status_code for _ in range(2)]
    assert answers == [401, 429]


def test_wrong_tokens_that_came_at_the_same_moment_do_not_open_the_door_again(rf):
    for _ in range(2):  # both were checked before either was counted
        RefusedTokens(rf.get(CAR), "wrong").add()
    with pytest.raises(Throttled):
        RefusedTokens(rf.get(CAR), "wrong").check()


def test_a_request_at_the_moment_when_the_minute_ends_is_the_first_of_the_next(alice, monkeypatch):
    def gone(*_: Any) -> int:
        raise ValueError("no such key")

    with monkeypatch.context() as patch:
        patch.setattr(caches["process"], "incr", gone)
        assert alice.get(CAR).status_code == 200


def test_who_is_refused_as_the_minute_ends_waits_for_a_second_not_for_none(alice, monkeypatch):
    alice.get(CAR)
    now, wait = time.time(), RequestThrottle.wait

    def a_minute_later(throttle: RequestThrottle) -> float:
        monkeypatch.setattr(time, "time", lambda: now + 61)
        return wait(throttle)

    monkeypatch.setattr(RequestThrottle, "wait", a_minute_later)
    refused = alice.get(CAR)
    assert (refused.status_code, refused["Retry-After"]) == (429, "1")
