"""The data of a run: accounts with courses in their cars and with coupons, and the keys of other
accounts."""

from collections.abc import Iterable
from typing import NamedTuple

from django.conf import settings
from django.core.management.color import no_style
from django.db import connection
from redis import Redis

from api.models import Account, Course
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    UserAuthTokenFactory,
    put_in_car,
)

COURSES = (2, 1, 3)

# Runs inside Redis, so that a million keys take seconds. A third each: cars of other accounts,
# their settled courses, and other programs' strings.
_FILL = """
    for n = tonumber(ARGV[1]), tonumber(ARGV[2]) - 1 do
        local account, kind = 1000000 + math.floor(n / 3), n % 3
        if kind == 0 then
            redis.call('HSET', string.format(ARGV[3], account, 1), 'title', 'Git', 'img', 'git.png',
                'policy', '{"5": {"period": 7, "price": 0.5}}', 'default_policy', '5')
        elseif kind == 1 then
            redis.call('HSET', string.format(ARGV[4], account, 1), 'course_id', '1', 'title', 'Git',
                'img', 'git.png', 'policy_id', '5', 'coupon', '{}', 'default_coupon', '0',
                'period', '7', 'price', '0.5')
        else
            redis.call('SET', 'session_' .. account, '{"seen": true}')
        end
    end
"""
_BATCH = 10_000


class Shopper(NamedTuple):
    """An account: its token, and a coupon record that it can use for the course 1."""

    token: str
    record_id: int


def open_shop(servers: Iterable[Redis], accounts: int) -> list[Shopper]:
    """Fills the database and, on each server, the cars of so many accounts, all alike: three
    courses and five coupons each, of every type, site-wide and bound, as in the document's
    example."""
    courses = {pk: Course.objects.filter(pk=pk).first() or CourseFactory(pk=pk) for pk in COURSES}
    with connection.cursor() as cursor:  # what comes after has other ids
        for statement in connection.ops.sequence_reset_sql(no_style(), [Course]):
            cursor.execute(statement)
    return [_shopper(servers, courses) for _ in range(accounts)]


def _shopper(servers: Iterable[Redis], courses: dict[int, Course]) -> Shopper:
    account: Account = AccountFactory()
    for redis in servers:
        for course_id in courses:
            put_in_car(redis, account, course_id, price=599.0)
    coupons = [
        CouponFactory(course=courses[1], coupon_type=1, minimum_consume=100),
        CouponFactory(course=courses[1]),
        CouponFactory(course=courses[2], coupon_type=2, money_equivalent_value=0, off_percent=85),
        CouponFactory(coupon_type=1, money_equivalent_value=200, minimum_consume=500),
        CouponFactory(coupon_type=2, money_equivalent_value=0, off_percent=79),
    ]
    records = [CouponRecordFactory(account=account, coupon=coupon) for coupon in coupons]
    return Shopper(UserAuthTokenFactory(user=account).token, records[0].pk)


def add_others(redis: Redis, number: int) -> None:
    """Adds so many keys of other accounts."""
    fill = redis.register_script(_FILL)
    for start in range(0, number, _BATCH):
        templates = [settings.SHOPPING_CAR_KEY, settings.PAYMENT_KEY]
        fill(args=[start, min(start + _BATCH, number), *templates])
