"""Whatever happens to orders and coupons, in whatever order: the audit finds nothing wrong."""

import contextlib
import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django_redis import get_redis_connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from api.errors import OrderStateRefused
from api.models import Coupon, CouponRecord, Course, LedgerEntry, Order, PricePolicy, Refund
from api.services import audit
from api.services.coupons import expiry, lifecycle
from api.services.coupons.lifecycle import SERVICE, RecordNotUnused
from api.services.orders import closing, paying
from api.services.orders.paying import Received, WrongAmount
from api.services.refunds import asking, deciding, finishing, sending
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from utils.exceptions import ShopError

EXAMPLES, STEPS = 4, 20
START = dt.datetime.now(dt.UTC)
some = st.integers(0, 1_000)  # which of those that there are


class OrderLife(RuleBasedStateMachine):
    """Two accounts, three courses, coupons of every kind; a clock that only goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.now = START

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)
        get_redis_connection("default").flushdb()

    @initialize()
    def open_the_shop(self) -> None:
        self.staff = User.objects.create_user("desk", is_staff=True)
        self.accounts = AccountFactory.create_batch(2)
        courses = CourseFactory.create_batch(3)
        self.policies = [
            PricePolicyFactory(content_object=course, price=price)
            for course, price in zip(courses, (599.0, 122.0, 30.0), strict=True)
        ]
        percent = {"coupon_type": 2, "money_equivalent_value": 0, "off_percent": 79}
        threshold = {"coupon_type": 1, "money_equivalent_value": 60, "minimum_consume": 100}
        coupons = [
            CouponFactory(course=courses[0], **threshold),
            CouponFactory(course=courses[1], **percent),
            CouponFactory(money_equivalent_value=35),
            CouponFactory(coupon_type=1, money_equivalent_value=200, minimum_consume=500),
        ]
        for coupon in coupons:
            for account in self.accounts * 2:
                CouponRecordFactory(coupon=coupon, account=account, get_time=START)

    def one(self, of: Any, which: int) -> Any:
        rows = list(of.order_by("pk"))
        return rows[which % len(rows)] if rows else None

    @rule(which=some, number=st.integers(1, 3), coupons=st.booleans())
    def place(self, which: int, number: int, coupons: bool) -> None:
        account = self.accounts[which % 2]
        policies = [
            PricePolicy.objects.get(pk=self.policies[(which + at) % 3].pk) for at in range(number)
        ]
        free = CouponRecord.objects.unused_of(account.pk).select_related("coupon")
        first = {record.coupon.object_id: record for record in free} if coupons else {}
        wanted = [record for on, record in first.items() if _fits(on, policies)]
        with contextlib.suppress(ShopError):  # a coupon that is over, a course that is offline
            orders.place(account, policies, tuple(wanted), now=self.now)

    @rule(which=some, short=st.booleans())
    def pay(self, which: int, short: bool) -> None:
        if order := self.one(Order.objects, which):
            try:
                orders.pay(order, self.now, amount=order.actual_amount + 1 if short else None)
            except WrongAmount:
                assert short

    @rule(which=some)
    def pay_by_another_channel(self, which: int) -> None:
        """Too much, or for an order that is not paid yet, or is closed."""
        if order := self.one(Order.objects, which):
            number, amount = f"{order.order_number}W", order.actual_amount
            received = Received(channel="wechat", out_trade_no=number, amount=amount)
            paying.receive(order.pk, received, now=self.now)

    @rule(which=some, course=st.integers(0, 3), granted=st.booleans())
    def refund(self, which: int, course: int, granted: bool) -> None:
        """A course of a paid order, or all that is left; refused by the desk, or done."""
        if order := self.one(Order.objects.filter(status=0), which):
            courses = order.details.values_list("object_id", flat=True).order_by("pk")
            who = {"account_id": order.account_id, "order_number": order.order_number}
            chosen = list(courses)[course : course + 1]
            with contextlib.suppress(ShopError):  # too late, or returned before
                asking.ask(**who, course_ids=chosen, reason="退款", now=self.now)
                decide = deciding.approve if granted else deciding.refuse
                refund = order.refunds.latest("pk")
                refund = decide(refund.pk, staff_id=self.staff.pk, note="", now=self.now)
                assert finishing.finish(refund, now=self.now) is granted

    @rule()
    def return_what_was_too_much(self) -> None:
        sending.return_excess(now=self.now)
        for refund in Refund.objects.filter(excess=True, status=Refund.Status.APPROVED):
            assert finishing.finish(refund, now=self.now)

    @rule(which=some)
    def cancel(self, which: int) -> None:
        if order := self.one(Order.objects, which):
            who = {"account_id": order.account_id, "order_number": order.order_number}
            try:
                closing.cancel(**who, now=self.now)
            except OrderStateRefused:
                assert Order.objects.get(pk=order.pk).status in (0, 5)

    @rule(hours=st.sampled_from([0, 1, 24, 24 * 9]))
    def time_goes_on(self, hours: int) -> None:
        self.now += dt.timedelta(hours=hours)

    @rule()
    def close_those_out_of_time(self) -> None:
        closing.close_due(now=self.now)

    @rule()
    def expire(self) -> None:
        for case in expiry.over(self.now.date()):
            expiry.expire(case, now=self.now)

    @rule(which=some)
    def take_a_record_back(self, which: int) -> None:
        if record := self.one(CouponRecord.objects, which):
            try:
                lifecycle.void(record_id=record.pk, now=self.now, by=SERVICE, reason="作废")
            except RecordNotUnused:
                assert record.status != 0

    @rule(which=some, price=st.sampled_from([0.0, 0.01, 122.0, 599.0, 1999.99]))
    def change_a_price(self, which: int, price: float) -> None:
        PricePolicy.objects.filter(pk=self.policies[which % 3].pk).update(price=price)

    @rule(which=some, status=st.integers(0, 1))
    def take_a_course_offline_or_back(self, which: int, status: int) -> None:
        course = self.policies[which % 3].object_id
        Course.objects.filter(pk=course).update(status=status)

    @rule(which=some, value=st.sampled_from([1, 40, 3000]), days=st.integers(-3, 20))
    def change_a_coupon(self, which: int, value: int, days: int) -> None:
        coupon = self.one(Coupon.objects, which)
        before = coupon.terms.days
        coupon.money_equivalent_value = value
        first = coupon.valid_begin_date + dt.timedelta(days=1)
        coupon.valid_end_date = max(first, self.now.date() + dt.timedelta(days=days))
        coupon.save()
        expiry.revive(coupon, before, now=self.now, by=SERVICE)

    @invariant()
    def the_books_add_up(self) -> None:
        entries = LedgerEntry.objects.all()
        assert sum(entries.values_list("amount", flat=True)) == 0
        for posting in set(entries.values_list("posting", flat=True)):
            of_one = entries.filter(posting=posting).values_list("amount", flat=True)
            assert sum(of_one) == 0, posting

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        wrong = [*audit.miscounted(), *audit.findings()]
        assert [str(one) for one in wrong] == []


def _fits(course_id: int | None, policies: list[PricePolicy]) -> bool:
    return not course_id or course_id in [policy.object_id for policy in policies]


@pytest.mark.slow
@pytest.mark.django_db
def test_the_audit_finds_nothing_whatever_happens() -> None:
    few = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        phases=[
            Phase.explicit,
            Phase.generate,
        ],  # to shrink takes minutes; a failure prints its steps
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(OrderLife, settings=few)
