"""Random orders with coupons, split over their lines and refunded in random parts: exact to the fen
(contract §10). ``ORDER_EXAMPLES`` says how many; a failure names the one to look at."""

import os
from datetime import date
from decimal import Decimal
from random import Random

from api.rules.coupons import CouponType, HeldCoupon
from api.rules.money import to_fen, to_yuan
from api.rules.pricing import Basket, Breakdown, Line, breakdown
from api.rules.refunds import Bought, due
from tests.support.baskets import held

EXAMPLES = int(os.environ.get("ORDER_EXAMPLES", "1000"))
TYPES = tuple(CouponType)


def coupon(chance: Random, record_id: int, price: int) -> HeldCoupon:
    value, minimum = chance.randint(0, price + 10), max(price + chance.randint(-9, 1), 0)
    percent = chance.randint(0, 100)
    kind = chance.choice(TYPES)
    return held(record_id, kind, to_yuan(value), to_yuan(minimum), percent, date(2026, 12, 31))


def order(chance: Random) -> Basket:
    """One to eight courses, some for nothing, each with a coupon or without; perhaps one
    for all."""
    lines, top = [], chance.choice([3, 100, 9_999, 10**7])
    prices = [chance.choice([0, chance.randint(0, top)]) for _ in range(chance.randint(1, 8))]
    for number, price in enumerate(prices, 1):
        own = (coupon(chance, number, price),) if chance.random() < 0.6 else ()
        chosen = number if own and chance.random() < 0.8 else None
        lines.append(Line(number, to_yuan(price), own, chosen))
    site_wide = (coupon(chance, 99, sum(prices)),) if chance.random() < 0.7 else ()
    return Basket(tuple(lines), site_wide, 99 if site_wide else None)


def assert_split(priced: Breakdown) -> None:
    for line in priced.lines:
        assert line.price - line.discount - line.share == line.pay
        assert min(line.discount, line.share, line.pay) >= 0
    assert sum(to_fen(line.pay) for line in priced.lines) == to_fen(priced.total)
    taken = priced.course_discount + priced.global_discount
    assert priced.subtotal - taken == priced.total


def refund_all(chance: Random, priced: Breakdown) -> None:
    """In parts of random courses, in random order: after each, no line has given more than it cost,
    and after the last exactly that."""
    left = [line.course_id for line in priced.lines]
    chance.shuffle(left)
    back = dict.fromkeys(left, Decimal("0.00"))
    returned, came, refunds = set[int](), list[int](), Decimal("0.00")
    while left:
        part, left = left[: (size := chance.randint(1, len(left)))], left[size:]
        bought = [
            Bought(
                detail_id=line.course_id,
                course_id=line.course_id,
                price=line.pay,
                refunded=back[line.course_id],
                coupon=line.course_id,
                returned=line.course_id in returned,
            )
            for line in priced.lines
        ]
        found = due(bought, part, [99])
        for line, amount in found.lines:
            back[line.course_id] += amount
        assert found.amount == sum(amount for _, amount in found.lines) >= 0
        refunds, came = refunds + found.amount, came + list(found.coupons)
        returned |= set(part)
        assert refunds <= priced.total
    assert back == {line.course_id: line.pay for line in priced.lines}
    assert refunds == priced.total
    assert sorted(came) == sorted([*back, 99])


def test_split_and_refunded_in_random_parts_it_is_exact_to_the_fen() -> None:
    for seed in range(EXAMPLES):
        chance = Random(seed)
        try:
            priced = breakdown(order(chance))
            assert_split(priced)
            refund_all(chance, priced)
        except AssertionError as error:
            raise AssertionError(f"the order of seed {seed}") from error
