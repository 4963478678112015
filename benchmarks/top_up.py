"""凑单: which of very many courses bring a settlement's total down, in several kinds of shops."""

from collections.abc import Callable
from random import Random
from statistics import median

from django.contrib.contenttypes.models import ContentType
from redis import Redis
from rest_framework.test import APIClient

from api.models import Account, Course, PricePolicy
from benchmarks import report
from benchmarks.calls import Call, InProcess, asked_by
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseSubCategoryFactory,
    UserAuthTokenFactory,
    put_in_car,
)

COURSES = 10_000
IN_CAR = 8
ROUNDS = 50
HEAD = ("Shop", "Median, ms", "99th percentile, ms", "n", "SQL queries", "Found")

Price = Callable[[Random], float]
SHOPS: dict[str, Price] = {
    "a dozen prices": lambda random: random.choice(
        [9.9, 49, 99, 199, 299, 399, 499, 599, 799, 999]
    ),
    "every course its own price": lambda random: random.randint(100, 99_999) / 100,
    "all dearer than what is saved": lambda random: random.randint(60_000, 99_999) / 1.0,
}


def run(redis: Redis) -> str:
    """Measures, for less than a minute; the report."""
    rows = []
    for name, price in SHOPS.items():
        redis.flushdb()
        Course.objects.all().delete()
        PricePolicy.objects.all().delete()
        rows.append(_row(name, _customer(redis, _opened(price))))
    return "\n\n".join([report.table(HEAD, rows), report.place(redis)])


def _opened(price: Price) -> list[int]:
    random, sub_category = Random(1), CourseSubCategoryFactory()
    courses = Course.objects.bulk_create(
        Course(
            name=f"课程{n}",
            course_img="c.jpg",
            brief="概述",
            sub_category=sub_category,
            course_type=0,
            order=n,
        )
        for n in range(COURSES)
    )
    kind = ContentType.objects.get_for_model(Course)
    ids = [course.pk for course in courses]
    PricePolicy.objects.bulk_create(
        PricePolicy(
            content_type=kind,
            object_id=pk,
            valid_period=period,
            price=cost if period == 30 else round(cost * 1.8, 2),
        )
        for pk in ids
        for cost in [price(random)]
        for period in (30, 60)
    )
    return ids


def _customer(redis: Redis, ids: list[int]) -> Call:
    """Settles a few courses with two coupons each, and holds twenty 满减券 at or out of its reach,
    and a coupon for each of some other courses."""
    random = Random(2)
    auth = UserAuthTokenFactory()
    account: Account = auth.user
    settled = ids[:IN_CAR]
    for n, course_id in enumerate(settled):
        put_in_car(redis, account, course_id, price=450.0 + n)
    for course_id in settled:
        course = Course.objects.get(pk=course_id)
        for value in random.sample(range(10, 90), 2):
            coupon = CouponFactory(course=course, money_equivalent_value=value)
            CouponRecordFactory(account=account, coupon=coupon)
    for n in range(20):
        coupon = CouponFactory(
            coupon_type=1,
            minimum_consume=3_200 + 50 * n,
            money_equivalent_value=300 + 60 * n,
        )
        CouponRecordFactory(account=account, coupon=coupon)
    for course_id in ids[100:150]:
        coupon = CouponFactory(course=Course.objects.get(pk=course_id), money_equivalent_value=30)
        CouponRecordFactory(account=account, coupon=coupon)
    InProcess().seconds(Call("POST", "/api/payment/", auth.token, {"courseids": settled}))
    return Call("GET", "/api/payment/topup/", auth.token)


def _row(name: str, call: Call) -> list[str]:
    django = InProcess()
    django.seconds(call)  # connections, imports, caches
    queries = asked_by(call, django).queries
    samples = [django.seconds(call) for _ in range(ROUNDS)]
    return [
        name,
        report.milliseconds(median(samples)),
        report.milliseconds(report.percentile(samples, 99)),
        f"{ROUNDS:,}",
        str(queries),
        str(_found(call)),
    ]


def _found(call: Call) -> int:
    client = APIClient(headers={"Authorization": f"Token {call.token}"})
    return len(client.get(call.path).json()["data"])
