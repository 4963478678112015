"""kill -9 at every line of asking for a refund, approving, sending and finishing it (contract §10):
the gateway sends the money once, and the books, coupons and courses follow once. On PostgreSQL,
which both the process that dies and the one that comes after it can see."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from api.gateways.channels import gateway_of
from api.models import CouponRecord, Course, EnrolledCourse, Order, Payment, PaymentType, Refund
from api.services.orders import closing, trades
from api.services.refunds import asking, deciding, sending
from tests.support import recovery
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.gateways import LocalGateway, begin
from tests.support.orders import place
from tests.support.recovery import events_of, nothing_is_half_done

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="a process of its own sees it"),
]
STEPS = (
    "api/services/refunds/",
    "api/services/orders/closing.py",
    "api/services/coupons/lifecycle.py",
    "api/services/ledger/",
    "api/services/enrolments.py",
    "api/gateways/alipay/client.py",
    "api/gateways/wechat/client.py",
)
FREE, USED = 0, 1
CHANNELS = [PaymentType.ALIPAY, PaymentType.WECHAT]


def later() -> datetime:
    """When the jobs no longer wait for whoever approved a refund to send it."""
    return timezone.now() + 2 * sending.PATIENCE


@pytest.fixture(autouse=True)
def patience_with_the_gateway(gateway: LocalGateway, settings: Any) -> None:
    """It answers, if late on a busy machine: no test here is about silence."""
    settings.GATEWAY_TIMEOUT = 30


def each_crash(make: Callable[[], Callable[[], Any]], *, at_least: int) -> Iterator[str]:
    return recovery.each_crash(STEPS, make, at_least=at_least, after=later)


@pytest.fixture
def chief() -> User:
    return User.objects.create_user("chief", is_staff=True)


class Sale:
    """An order of a course for 100 元 with 10 off, paid through the channel."""

    def __init__(self, gateway: LocalGateway, channel: PaymentType) -> None:
        course = CourseFactory()
        policy = PricePolicyFactory(content_object=course, price=100.0, valid_period=30)
        coupon = CouponFactory(coupon_type=0, money_equivalent_value=10, course=course)
        self.account, self.gateway = AccountFactory(), gateway
        self.record = CouponRecordFactory(account=self.account, coupon=coupon)
        self.order = place(self.account, [policy], (self.record,))
        self.payment = begin(self.order, channel)

    def pay(self) -> "Sale":
        """At the cashier; the gateway's answer about it is taken in."""
        self.gateway.pay(self.payment)
        gateway, now = gateway_of(self.payment.channel), timezone.now()
        assert gateway is not None
        trades.take_in(self.payment, gateway.query(self.payment.out_trade_no, now=now), now=now)
        return self

    def ask(self) -> Order:
        return asking.ask(
            account_id=self.account.pk,
            order_number=self.order.order_number,
            course_ids=[],
            reason="不想学了",
            now=timezone.now(),
        )

    def refund(self) -> Refund:
        return Refund.objects.get(order=self.order)

    def went_back(self) -> list[int]:
        """Fen, as the gateway has it: a number for each time that it sent money."""
        return list(self.gateway.book.refunds(self.gateway.trade(self.payment)).values())

    def holds(self) -> tuple[int, int]:
        """The order's status and its coupon's."""
        record = CouponRecord.objects.get(pk=self.record.pk)
        return Order.objects.get(pk=self.order.pk).status, record.status


def is_given_back(sale: Sale, where: str) -> None:
    assert sale.went_back() == [9000], where
    assert sale.holds() == (3, FREE), where
    assert sale.refund().status == Refund.Status.DONE, where
    assert Order.objects.get(pk=sale.order.pk).refunded == Decimal("90.00"), where
    assert not EnrolledCourse.objects.filter(account=sale.account, status=0).exists(), where
    told = ["order.placed", "order.paid", "refund.asked", "order.refunded"]
    assert events_of(sale.order) == told, where


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_refund_that_was_approved_and_is_sent(
    gateway: LocalGateway, chief: User, channel: PaymentType
) -> None:
    now: list[Sale] = []

    def approve_and_send() -> None:
        approved = deciding.approve(
            now[0].refund().pk, staff_id=chief.pk, note="好", now=timezone.now()
        )
        sending.send(approved, now=timezone.now())

    def make() -> Callable[[], Any]:
        now[:] = [Sale(gateway, channel).pay()]
        now[0].ask()
        return approve_and_send

    killed_before_the_decision = 0
    for where in each_crash(make, at_least=15):
        sale = now[0]
        if sale.refund().status == Refund.Status.ASKED:  # nobody has approved it yet
            killed_before_the_decision += 1
            assert (sale.went_back(), sale.holds()) == ([], (2, USED)), where
            approve_and_send()

        is_given_back(sale, where)  # by the one run of the jobs

        nothing_is_half_done(later())
        is_given_back(sale, where)
    assert killed_before_the_decision < 10
    assert where == "at its end"


def test_a_refund_that_the_job_goes_on_with(gateway: LocalGateway, chief: User) -> None:
    now: list[Sale] = []

    def make() -> Callable[[], Any]:
        now[:] = [Sale(gateway, PaymentType.ALIPAY).pay()]
        now[0].ask()
        deciding.approve(now[0].refund().pk, staff_id=chief.pk, note="", now=timezone.now())
        return lambda: sending.send_waiting(now=later())

    for where in each_crash(make, at_least=15):
        is_given_back(now[0], where)


def test_asking(gateway: LocalGateway) -> None:
    now: list[Sale] = []

    def make() -> Callable[[], Any]:
        now[:] = [Sale(gateway, PaymentType.ALIPAY).pay()]
        return now[0].ask

    for where in each_crash(make, at_least=8):
        sale = now[0]
        if sale.holds()[0] != 2:
            assert not Refund.objects.filter(order=sale.order).exists(), where
            sale.ask()

        assert sale.holds() == (2, USED), where
        refund = sale.refund()
        assert (refund.status, refund.amount) == (Refund.Status.ASKED, Decimal("90.00")), where
        assert sale.went_back() == [], where
        nothing_is_half_done(later())


def test_money_that_no_order_could_take_goes_back(gateway: LocalGateway) -> None:
    now: list[Sale] = []

    def make() -> Callable[[], Any]:
        Course.objects.update(status=0)
        sale = Sale(gateway, PaymentType.ALIPAY)
        closing.close_timed_out(sale.order, now=timezone.now())
        Course.objects.update(status=1)  # offline: the order cannot be revived
        sale.pay()
        assert Payment.objects.get(pk=sale.payment.pk).status == Payment.Status.EXCESS
        now[:] = [sale]
        return lambda: sending.send_waiting(now=timezone.now())

    for where in each_crash(make, at_least=12):
        sale = now[0]

        assert sale.went_back() == [9000], where
        assert sale.holds() == (5, FREE), where
        refund = sale.refund()
        assert (refund.status, refund.excess) == (Refund.Status.DONE, True), where
        assert events_of(sale.order).count("payment.returned") == 1, where
