"""What a refund gives back: pure rules (contract §10)."""

from datetime import date
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from api.rules.money import to_yuan
from api.rules.refunds import Bought, due, in_time


def line(number: int, fen: int, coupon: int | None = None, returned: bool = False) -> Bought:
    price = to_yuan(fen)
    back = price if returned else Decimal("0.00")
    return Bought(number, number, price, back, coupon, returned)


def test_all_of_it_is_the_sum_of_what_is_left() -> None:
    lines = [line(1, 8509), line(2, 37591), line(3, 100, returned=True)]

    found = due(lines, [], [9])

    assert found.amount == Decimal("461.00")
    assert [one.course_id for one, _ in found.lines] == [1, 2]


def test_a_course_brings_its_own_coupon_and_the_last_one_the_site_wide() -> None:
    lines = [line(1, 100, coupon=7), line(2, 100)]
    assert due(lines, [1], [9]).coupons == (7,)
    assert due(lines, [2], [9]).coupons == ()

    lines = [line(1, 100, coupon=7, returned=True), line(2, 100)]
    assert due(lines, [2], [9]).coupons == (9,)


def test_a_course_that_cost_nothing_is_there_until_it_was_returned() -> None:
    assert len(due([line(1, 0)], [1], []).lines) == 1
    assert due([line(1, 0, returned=True)], [1], [9]) == due([], [], [])


def test_what_went_back_already_does_not_go_back_again() -> None:
    part = Bought(1, 1, to_yuan(9900), to_yuan(3000), None, False)
    assert due([part], [1], []).amount == Decimal("69.00")


def test_the_last_day_is_included() -> None:
    paid = date(2026, 11, 26)
    assert in_time(paid, paid, 7)
    assert in_time(paid, date(2026, 12, 3), 7)
    assert not in_time(paid, date(2026, 12, 4), 7)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_in_random_parts_it_is_to_the_fen_what_was_paid(fen: list[int], chance: Random) -> None:
    lines = [line(number, amount) for number, amount in enumerate(fen, 1)]
    order, total, site_wide_came = list(range(1, len(fen) + 1)), Decimal("0.00"), 0
    chance.shuffle(order)
    while order:
        size = chance.randint(1, len(order))
        part, order = order[:size], order[size:]
        found = due(lines, part, [99])
        total += found.amount
        site_wide_came += 99 in found.coupons
        back = {one.course_id for one in lines if one.returned} | set(part)
        lines = [line(number, amount, None, number in back) for number, amount in enumerate(fen, 1)]
    assert total == to_yuan(sum(fen))
    assert site_wide_came == 1
