"""How long the best choice of coupons takes, from 1 to 100 courses: prices to 1,000 元, 5 coupons
on each course, 20 site-wide. Arithmetic alone: no Redis, no database."""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from statistics import median
from time import perf_counter

from redis import Redis

from api.rules.coupons import CouponType, HeldCoupon
from api.rules.pricing import Basket, Line, breakdown
from benchmarks import report
from tests.support.baskets import best, held

COURSES = (1, 10, 25, 50, 100)
ON_A_COURSE, SITE_WIDE = 5, 20
SETTLEMENTS = 15  # of each size and shape, each another one
TARGET = 0.1  # seconds, for the most courses
HEAD = ("Courses", *(f"{shape}, ms" for shape in ("Everyday", "Odd fen", "Minimums hard to reach")))

Shape = Callable[[Random, int], Basket]


def everyday(random: Random, courses: int) -> Basket:
    """Whole 元, coupons of all types, minimums at round sums."""
    lines = tuple(
        Line(
            course_id,
            Decimal(random.randint(50, 1000)),
            tuple(_coupon(random, course_id * 10, n) for n in range(ON_A_COURSE)),
        )
        for course_id in range(courses)
    )
    site_wide = (_coupon(random, 10_000, n, courses * 10) for n in range(SITE_WIDE))
    return Basket(lines, tuple(site_wide))


def odd_fen(random: Random, courses: int) -> Basket:
    """Every price has its fen, so that hardly two combinations have the same sum."""
    return _with_cuts(random, courses, most=100, minimum=0.9)


def hard_to_reach(random: Random, courses: int) -> Basket:
    """Coupons worth up to the whole price, and site-wide ones worth nearly all that is left, their
    minimums near the sum of the prices: no choice can be ruled out early."""
    return _with_cuts(random, courses, most=1000, minimum=0.999)


def run(_: Redis) -> str:
    """Measures, for some seconds; the report."""
    shapes: list[Shape] = [everyday, odd_fen, hard_to_reach]
    rows, slowest = [], 0.0
    for courses in COURSES:
        medians = [median(_seconds(shape, courses)) for shape in shapes]
        rows.append([str(courses), *map(report.milliseconds, medians)])
        slowest = max(medians)
    basket = everyday(Random(1), max(COURSES))
    began = perf_counter()
    breakdown(basket)
    quoted = report.milliseconds(perf_counter() - began)
    reached = "reached" if slowest < TARGET else "MISSED"
    return "\n\n".join(
        [
            report.table(HEAD, rows),
            f"- {max(COURSES)} courses: at most **{report.milliseconds(slowest)} ms** (target: "
            f"{report.milliseconds(TARGET)} ms; {reached}); their quote alone: {quoted} ms",
        ]
    )


def _seconds(shape: Shape, courses: int) -> list[float]:
    taken = []
    for seed in range(SETTLEMENTS):
        basket = shape(Random(seed), courses)
        began = perf_counter()
        best(basket)
        taken.append(perf_counter() - began)
    return taken


def _with_cuts(random: Random, courses: int, *, most: int, minimum: float) -> Basket:
    lines = tuple(
        Line(
            course_id,
            _fen(random, 1000),
            tuple(_cut(random, course_id * 10 + n, most) for n in range(ON_A_COURSE)),
        )
        for course_id in range(courses)
    )
    site_wide = (_threshold(random, n, lines, minimum) for n in range(SITE_WIDE))
    return Basket(lines, tuple(site_wide))


def _fen(random: Random, most: int) -> Decimal:
    return Decimal(random.randint(1, most * 100)) / 100


def _cut(random: Random, record_id: int, most: int) -> HeldCoupon:
    return held(record_id, CouponType.CASH, value=_fen(random, most))


def _threshold(random: Random, record_id: int, lines: tuple[Line, ...], share: float) -> HeldCoupon:
    whole = sum((line.price for line in lines), Decimal(0))
    minimum = whole * Decimal(random.uniform(share - 0.1, share))
    return held(
        100_000 + record_id,
        CouponType.THRESHOLD,
        value=whole * Decimal(random.uniform(0.5, 0.9)),
        minimum=minimum,
    )


def _coupon(random: Random, base: int, number: int, times: int = 1) -> HeldCoupon:
    kind = CouponType(number % 3)
    return held(
        base + number,
        kind,
        value=Decimal(random.randint(1, 60) * times),
        minimum=Decimal(random.randint(1, 9) * 50 * times),
        percent=random.randint(60, 99),
    )
