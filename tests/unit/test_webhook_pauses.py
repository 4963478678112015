"""When a delivery that failed is tried again (contract §10)."""

from datetime import timedelta

import pytest

from api.rules.webhooks import pause_after

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
PAUSES = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 24 * HOUR]


@pytest.mark.parametrize(("attempts", "pause"), [*enumerate(PAUSES, 1)])
def test_the_pauses_grow_to_a_day(attempts: int, pause: timedelta) -> None:
    assert pause_after(attempts, 0) == pause


@pytest.mark.parametrize(("attempts", "pause"), [*enumerate(PAUSES, 1)])
def test_chance_adds_at_most_a_tenth(attempts: int, pause: timedelta) -> None:
    assert pause_after(attempts, 0.5) == pause * 1.05
    assert pause_after(attempts, 1) == pause * 1.1


@pytest.mark.parametrize("attempts", [8, 9, 100])
def test_after_the_eighth_attempt_it_is_not_tried_any_more(attempts: int) -> None:
    assert pause_after(attempts, 0) is None
