"""A quote and the best choice of 100 settled courses, of an account with 5,000 coupon records: in
process, through the whole stack."""

from statistics import median

from django.utils import timezone
from redis import Redis

from api.models import CouponRecord
from benchmarks import report
from benchmarks.calls import Call, InProcess, asked_by
from tests.support.factories import (
    CouponFactory,
    CourseFactory,
    PricePolicyFactory,
    UserAuthTokenFactory,
    put_in_car,
)

COURSES, COUPONS, RECORDS, ROUNDS = 100, 50, 5_000, 40
TARGETS = {"quote": 0.1, "best": 0.15}  # seconds, medians
HEAD = ("Request", "Median, ms", "99th percentile, ms", "n", "SQL queries", "Redis round trips")


def run(redis: Redis) -> str:
    """Measures, for less than a minute; the report."""
    token = _settled(redis)
    django = InProcess()
    rows, lines = [], []
    for name, target in TARGETS.items():
        call = Call("GET", f"/api/payment/{name}/", token)
        django.seconds(call)  # connections, imports, caches
        asked = asked_by(call, django)
        samples = [django.seconds(call) for _ in range(ROUNDS)]
        middle = median(samples)
        rows.append(
            [
                name,
                report.milliseconds(middle),
                report.milliseconds(report.percentile(samples, 99)),
                f"{ROUNDS:,}",
                str(asked.queries),
                str(asked.round_trips),
            ]
        )
        reached = "reached" if middle <= target else "MISSED"
        lines.append(
            f"- {name}: **{report.milliseconds(middle)} ms** (target: at most "
            f"{report.milliseconds(target)} ms; {reached})"
        )
    return "\n\n".join([report.table(HEAD, rows), "\n".join(lines), report.place(redis)])


def _settled(redis: Redis) -> str:
    """The token of an account with everything settled that it has. Half of its coupons are bound to
    courses, of every type; their minimums are within reach."""
    auth = UserAuthTokenFactory()
    courses = [CourseFactory() for _ in range(COURSES)]
    for at, course in enumerate(courses):
        policy = PricePolicyFactory(content_object=course, price=100.0 + at)
        put_in_car(redis, auth.user, course.pk, price=policy.price)
    coupons = [
        CouponFactory(
            course=courses[at] if at % 2 else None,
            coupon_type=at % 3,
            money_equivalent_value=0 if at % 3 == 2 else 5 + at,
            minimum_consume=60 if at % 3 == 1 else 0,
            off_percent=90 if at % 3 == 2 else None,
            quantity=RECORDS,
        )
        for at in range(COUPONS)
    ]
    now = timezone.now()
    CouponRecord.objects.bulk_create(
        CouponRecord(coupon=coupons[at % COUPONS], account=auth.user, number=f"q{at}", get_time=now)
        for at in range(RECORDS)
    )
    settle = Call(
        "POST", "/api/payment/", auth.token, {"courseids": [course.pk for course in courses]}
    )
    InProcess().seconds(settle)
    token: str = auth.token
    return token
