"""Placing orders, beside an authenticated view that does nothing: in process, and over HTTP by one
client and by many. Each order is of a settlement of its own: two courses and two coupons."""

from collections.abc import Iterator
from itertools import islice, repeat
from statistics import median

from django.db import connection
from django.utils import timezone
from redis import Redis

from api.models import (
    Account,
    Coupon,
    CouponRecord,
    CouponRecordEvent,
    Order,
    PricePolicy,
    UserAuthToken,
)
from api.services import audit, cars
from api.services.checkout import settlement
from benchmarks import report
from benchmarks.calls import Call, InProcess, asked_by
from benchmarks.gunicorn import Busy, keep_clients_busy, serving
from benchmarks.place import REDIS_URL, PlaceError
from tests.support.factories import CouponFactory, CourseFactory, PricePolicyFactory

CLIENTS = (1, 8, 32)
IN_PROCESS, SECONDS, MOST = 300, 8, 400  # MOST: orders a second that there are settlements for
LEAST_EACH = 20  # orders that each client has, however slow the machine is
LEAST = 0.35
TOTAL = "461.00"
HEAD = (
    *("Clients", "Floor, requests/s", "n", "Placing, requests/s", "n", "Placing / floor"),
    *("Placing, median, ms", "99th percentile, ms"),
)


class Shop:
    """Two courses, a coupon of one of them and one of all: 599 + 122 - 60 - 200 元."""

    def __init__(self) -> None:
        courses = [CourseFactory(), CourseFactory()]
        self.policies: list[PricePolicy] = [
            PricePolicyFactory(content_object=course, price=price)
            for course, price in zip(courses, (599.0, 122.0), strict=True)
        ]
        threshold = {"coupon_type": 1, "quantity": 10**6}
        self.coupons: list[Coupon] = [
            CouponFactory(
                course=courses[0], money_equivalent_value=60, minimum_consume=100, **threshold
            ),
            CouponFactory(money_equivalent_value=200, minimum_consume=500, **threshold),
        ]
        self._made = 0

    def calls(self, number: int) -> Iterator[Call]:
        """Orders of so many accounts, settled beforehand."""
        body = {"money": TOTAL, "payment_type": 1}
        for token in self._settled(number):
            yield Call("POST", "/api/order/", token, body)

    def _settled(self, number: int) -> list[str]:
        names = [f"shopper-{self._made + at}" for at in range(number)]
        self._made += number
        accounts = Account.objects.bulk_create(
            Account(username=name, password="!") for name in names
        )
        UserAuthToken.objects.bulk_create(
            UserAuthToken(user=account, token=account.username) for account in accounts
        )
        now = timezone.now()
        records = CouponRecord.objects.bulk_create(
            CouponRecord(
                coupon=coupon, account=account, number=f"{account.pk}-{coupon.pk}", get_time=now
            )
            for account in accounts
            for coupon in self.coupons
        )
        CouponRecordEvent.objects.bulk_create(
            CouponRecordEvent(record=record, to_status=0, at=now) for record in records
        )
        for coupon in self.coupons:
            Coupon.objects.filter(pk=coupon.pk).update(issued=self._made)
        for account, own in zip(accounts, zip(*[iter(records)] * 2, strict=True), strict=True):
            self._settle(account, own)
        return names

    def _settle(self, account: Account, records: tuple[CouponRecord, ...]) -> None:
        mine = account.pk
        for policy in self.policies:
            cars.add(account_id=mine, course_id=policy.object_id, policy_id=policy.pk)
        courses = [policy.object_id for policy in self.policies]
        settlement.settle(account_id=mine, course_ids=courses, now=timezone.now())
        for record in records:
            bound = record.coupon.object_id
            settlement.choose_coupon(account_id=mine, course_id=bound, record_id=record.pk)


def run(redis: Redis) -> str:
    """Measures, for some minutes; the report."""
    if connection.vendor != "postgresql":
        raise PlaceError("placing is measured on a PostgreSQL: set BENCH_DATABASE_URL")
    shop, django = Shop(), InProcess()
    first, *calls = shop.calls(IN_PROCESS + 2)
    floor = Call("GET", "/bench/floor/", first.token)
    django.seconds(first)
    asked = asked_by(calls.pop(), django)
    placing = median(django.seconds(call) for call in calls)
    nothing = median(django.seconds(floor) for _ in calls)
    with serving(REDIS_URL) as port:
        beside = [_beside(port, shop, floor, clients) for clients in CLIENTS]
    placed = Order.objects.count()
    wrong = [str(one) for one in (*audit.miscounted(), *audit.findings())]
    if wrong or placed != 2 + len(calls) + sum(len(mine.latencies) for _, mine in beside):
        raise AssertionError(f"{placed} orders; {wrong[:5]}")
    rows = [_row(clients, *both) for clients, both in zip(CLIENTS, beside, strict=True)]
    ratios = [
        report.ratio(f"{clients} clients", mine.rate / its.rate, at_least=LEAST)
        for clients, (its, mine) in zip(CLIENTS, beside, strict=True)
    ]
    alone = (
        f"In process: placing {report.milliseconds(placing)} ms, the floor "
        f"{report.milliseconds(nothing)} ms (medians of {len(calls)}); {asked.queries} SQL "
        f"queries, {asked.round_trips} round trips to Redis."
    )
    return "\n\n".join([report.place(redis), report.table(HEAD, rows), alone, "\n".join(ratios)])


def _beside(port: int, shop: Shop, floor: Call, clients: int) -> tuple[Busy, Busy]:
    """The floor and placing, by so many clients."""
    its = keep_clients_busy(port, [repeat(floor)] * clients, seconds=SECONDS)
    share = max(LEAST_EACH, min(MOST, int(its.rate)) * SECONDS // clients)
    orders = shop.calls(share * clients)
    each = [list(islice(orders, share)) for _ in range(clients)]
    return its, keep_clients_busy(port, each, seconds=SECONDS)


def _row(clients: int, its: Busy, mine: Busy) -> list[str]:
    return [
        str(clients),
        report.per_second(its.rate),
        f"{len(its.latencies):,}",
        report.per_second(mine.rate),
        f"{len(mine.latencies):,}",
        f"{mine.rate / its.rate:.2f}",
        report.milliseconds(median(mine.latencies)),
        report.milliseconds(report.percentile(mine.latencies, 99)),
    ]
