"""An order's number (contract §9)."""

import datetime as dt
import re

from api.services.orders import placing

MOMENT = dt.datetime(2026, 11, 26, 23, 59, 59, tzinfo=dt.UTC)


def test_it_begins_with_the_second_of_the_order_in_the_shop_s_time_zone() -> None:
    assert re.fullmatch(r"20261127075959\d{10}", placing._new_number(MOMENT))


def test_those_of_one_second_hardly_ever_meet() -> None:
    numbers = {placing._new_number(MOMENT) for _ in range(1_000)}
    assert len(numbers) == 1_000
    assert {len(number) for number in numbers} == {24}
