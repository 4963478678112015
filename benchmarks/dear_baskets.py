"""How long the best choice of coupons takes, and how exact it is, for baskets far beyond those that
anybody has: up to 100 courses, 20 coupons on each, prices to 100,000 元, and 20 site-wide coupons,
their minimums anywhere. Arithmetic alone: no Redis, no database."""

from collections.abc import Sequence
from decimal import Decimal
from random import Random
from statistics import median
from time import process_time
from typing import NamedTuple

from redis import Redis

from api.rules.best_choice import Best, best
from api.rules.coupons import CouponType, HeldCoupon
from api.rules.pricing import Basket, Line
from benchmarks import report
from tests.support.baskets import held

SETTLEMENTS, SITE_WIDE = 6, 20
TARGET = 1.0  # seconds of one core
HEAD = ("Basket", "Median, ms", "Slowest, ms", "Exact best", "Gap of the best, at most, 元")


class Shape(NamedTuple):
    """Courses at these prices in turn, or at any up to 100,000 元; the coupons on each."""

    courses: int
    coupons: int
    prices: Sequence[str]
    kind: CouponType = CouponType.DISCOUNT

    @property
    def words(self) -> str:
        prices = " or ".join(f"{Decimal(price):,}" for price in self.prices)
        at = f"at {prices}" if prices else "up to 100,000"
        return f"{self.courses} courses {at} 元, {self.coupons} {self.kind.display} each"


SHAPES = (
    Shape(100, 5, ["3000", "2999.99"]),
    Shape(100, 5, ["2987.65"]),
    Shape(50, 5, ["9876.54"]),
    Shape(100, 99, ["9999.99"]),
    Shape(100, 20, ["99999.99"]),
    Shape(100, 20, []),
    Shape(100, 20, [], CouponType.CASH),
    Shape(100, 1, []),
    Shape(12, 20, []),
    Shape(100, 20, ["99999.71", "99999.43"]),
    Shape(100, 20, ["99999.91", "99999.73", "99999.71", "99999.43", "77777.77", "12345.77"]),
)


def run(_: Redis) -> str:
    """Measures, for less than a minute; the report."""
    rows, slowest = [], 0.0
    for shape in SHAPES:
        found = [_found(shape, Random(seed)) for seed in range(SETTLEMENTS)]
        seconds = [taken for taken, _ in found]
        gaps = [best.gap for _, best in found]
        slowest = max(slowest, *seconds)
        rows.append(
            [
                shape.words,
                report.milliseconds(median(seconds)),
                report.milliseconds(max(seconds)),
                f"{gaps.count(Decimal(0))} of {SETTLEMENTS}",
                str(max(gaps)),
            ]
        )
    reached = "reached" if slowest < TARGET else "MISSED"
    return "\n\n".join(
        [
            report.table(HEAD, rows),
            f"- the slowest: **{report.milliseconds(slowest)} ms** (target: "
            f"{report.milliseconds(TARGET)} ms; {reached})",
        ]
    )


def _found(shape: Shape, random: Random) -> tuple[float, Best]:
    basket = _basket(shape, random)
    began = process_time()
    found = best(basket)
    return process_time() - began, found


def _basket(shape: Shape, random: Random) -> Basket:
    lines = tuple(_line(shape, random, course_id) for course_id in range(shape.courses))
    whole = sum((line.price for line in lines), Decimal(0))
    site_wide = (
        held(
            1_000_000 + number,
            CouponType.THRESHOLD,
            value=_fen(random, whole * 7 // 10, whole * 9 // 10),
            minimum=_fen(random, whole // 2, whole),
        )
        for number in range(SITE_WIDE)
    )
    return Basket(lines, tuple(site_wide))


def _line(shape: Shape, random: Random, course_id: int) -> Line:
    if shape.prices:
        price = Decimal(shape.prices[course_id % len(shape.prices)])
    else:
        price = _fen(random, Decimal(1), Decimal(100_000))
    percents = random.sample(range(1, 100), shape.coupons)
    coupons: list[HeldCoupon] = [
        held(
            course_id * 100 + percent,
            shape.kind,
            value=_fen(random, Decimal(0), price),
            percent=percent,
        )
        for percent in percents
    ]
    return Line(course_id, price, tuple(coupons))


def _fen(random: Random, least: Decimal, most: Decimal) -> Decimal:
    return Decimal(random.randint(int(least * 100), int(most * 100))) / 100
