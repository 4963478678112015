"""kill -9 at every line of placing, paying and closing (contract §9): after one run of the jobs
nothing is half-done, and whoever tries again gets what he asked for, once. On PostgreSQL, which
both the process that dies and the one that comes after it can see."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django_redis import get_redis_connection
from rest_framework.test import APIClient

from api.models import CouponRecord, Course, EnrolledCourse, Order, Payment, PricePolicy
from api.services import cars
from api.services.checkout import quoting, settlement
from api.services.orders import closing, paying
from api.services.orders.paying import Received
from tests.support import orders, recovery
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
    UserAuthTokenFactory,
)
from tests.support.recovery import events_of, nothing_is_half_done

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="a process of its own sees it"),
]
STEPS = (
    "api/services/orders/",
    "api/services/coupons/lifecycle.py",
    "api/services/enrolments.py",
    "api/services/idempotency.py",
    "api/services/later.py",
    "api/views/order.py",
    "api/views/shop.py",
)
FREE, USED, LOCKED = 0, 1, 4


class Shopper:
    """Somebody with two courses settled, and a coupon chosen for one and one for all."""

    def __init__(self, policies: list[PricePolicy], coupons: list[Any]) -> None:
        auth = UserAuthTokenFactory()
        self.policies, self.account = policies, auth.user
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Token {auth.token}")
        self.records = [CouponRecordFactory(coupon=c, account=self.account) for c in coupons]

    def settle(self) -> None:
        who = {"account_id": self.account.pk}
        for policy in self.policies:
            cars.add(**who, course_id=policy.object_id, policy_id=policy.pk)
        now, courses = timezone.now(), [policy.object_id for policy in self.policies]
        settlement.settle(**who, course_ids=courses, now=now)
        for record in self.records:
            bound = record.coupon.object_id
            settlement.choose_coupon(**who, course_id=bound, record_id=record.pk)
        self.version = quoting.quote(**who, now=now)[0].version

    def order(self) -> Order:
        return orders.place(self.account, self.policies, tuple(self.records))

    def post(self, path: str, body: Any = None) -> Any:
        """With the same key each time: the second one is the first one again."""
        return self.client.post(path, body, format="json", HTTP_IDEMPOTENCY_KEY="key").json()

    def place(self) -> Any:
        return self.post("/api/order/", {"version": self.version, "payment_type": 1})

    def holds(self) -> set[int]:
        """The statuses of the coupons."""
        return set(
            CouponRecord.objects.filter(account=self.account).values_list("status", flat=True)
        )


@pytest.fixture
def shop() -> Callable[[], Shopper]:
    """Gives another shopper each time: 200 元 of courses, 100 元 off."""
    return shop_at(100.0)


@pytest.fixture
def free_shop() -> Callable[[], Shopper]:
    """The same, but that the coupons leave nothing to pay."""
    return shop_at(50.0)


def shop_at(price: float) -> Callable[[], Shopper]:
    policies = [PricePolicyFactory(content_object=CourseFactory(), price=price) for _ in range(2)]
    course = policies[0].content_object
    coupons = [
        CouponFactory(course=course, money_equivalent_value=40, quantity=10_000),
        CouponFactory(money_equivalent_value=60, quantity=10_000),
    ]
    return lambda: Shopper(policies, coupons)


def each_crash(make: Callable[[], Callable[[], Any]], *, at_least: int) -> Iterator[str]:
    return recovery.each_crash(STEPS, make, at_least=at_least)


def test_placing(shop: Callable[[], Shopper]) -> None:
    now: list[Shopper] = []

    def make() -> Callable[[], Any]:
        now[:] = [shop()]
        now[0].settle()
        return now[0].place

    for where in each_crash(make, at_least=20):
        shopper = now[0]
        assert shopper.holds() in ({FREE}, {LOCKED}), where

        again, once_more = shopper.place(), shopper.place()

        assert again == once_more, where
        order = Order.objects.get(account=shopper.account)
        assert again["data"]["order_number"] == order.order_number, where
        assert (order.status, shopper.holds()) == (1, {LOCKED}), where
        assert order.details.count() == 2
        assert events_of(order) == ["order.placed"]
        nothing_is_half_done()
        redis = get_redis_connection("default")
        assert not list(redis.scan_iter(f"luffy_payment*_{shopper.account.pk}*")), where
        assert not list(redis.scan_iter(f"luffy_shopping_car_{shopper.account.pk}_*")), where


def test_placing_what_costs_nothing(free_shop: Callable[[], Shopper]) -> None:
    now: list[Shopper] = []

    def make() -> Callable[[], Any]:
        now[:] = [free_shop()]
        now[0].settle()
        return now[0].place

    for where in each_crash(make, at_least=20):
        shopper = now[0]

        again, once_more = shopper.place(), shopper.place()

        assert again == once_more, where
        order = Order.objects.get(account=shopper.account)
        assert (order.status, shopper.holds()) == (0, {USED}), where
        assert EnrolledCourse.objects.filter(account=shopper.account).count() == 2
        assert events_of(order) == ["order.placed", "order.paid"]
        nothing_is_half_done()


def money_for(order: Order) -> Callable[[], Any]:
    """As a gateway tells of it, again and again until it is believed."""
    received = Received("alipay", order.order_number, order.actual_amount, f"T{order.pk}")
    return lambda: paying.receive(order.pk, received, now=timezone.now())


def test_paying(shop: Callable[[], Shopper]) -> None:
    now: list[tuple[Shopper, Order]] = []

    def make() -> Callable[[], Any]:
        shopper = shop()
        now[:] = [(shopper, shopper.order())]
        return money_for(now[0][1])

    for where in each_crash(make, at_least=12):
        shopper, order = now[0]

        money_for(order)()

        order.refresh_from_db()
        assert (order.status, shopper.holds()) == (0, {USED}), where
        assert Payment.objects.get(order=order).status == Payment.Status.PAID
        assert EnrolledCourse.objects.filter(account=shopper.account).count() == 2
        assert events_of(order) == ["order.placed", "order.paid"]
        nothing_is_half_done()


def test_money_that_comes_late_and_revives_the_order(shop: Callable[[], Shopper]) -> None:
    now: list[tuple[Shopper, Order]] = []

    def make() -> Callable[[], Any]:
        shopper = shop()
        order = shopper.order()
        closing.close_timed_out(order, now=timezone.now())
        now[:] = [(shopper, order)]
        return money_for(order)

    for where in each_crash(make, at_least=15):
        shopper, order = now[0]

        money_for(order)()

        order.refresh_from_db()
        assert (order.status, shopper.holds()) == (0, {USED}), where
        assert Payment.objects.get(order=order).status == Payment.Status.PAID
        assert events_of(order)[2:] == ["order.paid", "order.revived"]
        nothing_is_half_done()


def test_money_that_comes_too_late(shop: Callable[[], Shopper]) -> None:
    now: list[tuple[Shopper, Order]] = []

    def make() -> Callable[[], Any]:
        Course.objects.update(status=0)
        shopper = shop()
        order = shopper.order()
        closing.close_timed_out(order, now=timezone.now())
        Course.objects.update(status=1)  # offline
        now[:] = [(shopper, order)]
        return money_for(order)

    for where in each_crash(make, at_least=6):
        shopper, order = now[0]

        money_for(order)()

        order.refresh_from_db()
        assert (order.status, shopper.holds()) == (5, {FREE}), where
        assert Payment.objects.get(order=order).status == Payment.Status.EXCESS
        nothing_is_half_done()


def test_cancelling(shop: Callable[[], Shopper]) -> None:
    now: list[tuple[Shopper, Order]] = []

    def cancel() -> Any:
        shopper, order = now[0]
        return shopper.post(f"/api/order/{order.order_number}/cancel/")

    def make() -> Callable[[], Any]:
        shopper = shop()
        now[:] = [(shopper, shopper.order())]
        return cancel

    for where in each_crash(make, at_least=12):
        shopper, order = now[0]

        assert cancel() == cancel(), where

        order.refresh_from_db()
        assert (order.status, shopper.holds()) == (4, {FREE}), where
        assert events_of(order) == ["order.placed", "order.closed"]
        nothing_is_half_done()


def test_closing_what_is_out_of_time(shop: Callable[[], Shopper]) -> None:
    now: list[tuple[Shopper, Order]] = []

    def make() -> Callable[[], Any]:
        shopper = shop()
        order = shopper.order()
        Order.objects.filter(pk=order.pk).update(expires_at=timezone.now())
        now[:] = [(shopper, order)]
        return lambda: closing.close_due(now=timezone.now())

    for where in each_crash(make, at_least=8):
        shopper, order = now[0]
        order.refresh_from_db()
        assert (order.status, shopper.holds()) == (5, {FREE}), where  # by the one run of the jobs
        assert events_of(order) == ["order.placed", "order.closed"]
