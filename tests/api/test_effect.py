"""What became of coupons: the figures in SQL are those that plain counting comes to."""

import contextlib
import datetime as dt
import random
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from api.models import Coupon, CouponRecord, Order, PricePolicy
from api.services.coupons import claiming, effect, expiry, lifecycle
from api.services.coupons.effect import Day, Effect
from api.services.coupons.lifecycle import SERVICE, RecordNotUnused
from api.services.orders import closing
from api.services.refunds import asking, deciding, finishing
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from utils.exceptions import ShopError

pytestmark = pytest.mark.django_db
SHOP = timezone.get_default_timezone()
MIDNIGHT = dt.datetime(2026, 11, 2, tzinfo=SHOP)
TODAY = MIDNIGHT.date()
SECOND, DAY = dt.timedelta(seconds=1), dt.timedelta(days=1)


def of(coupon: Coupon) -> Effect:
    coupon.refresh_from_db()
    return effect.of_coupons([coupon])[coupon.pk]


def used(coupon: Coupon, at: dt.datetime, price: float = 100.0) -> CouponRecord:
    policy = PricePolicyFactory(content_object=CourseFactory(), price=price)
    record = CouponRecordFactory(coupon=coupon, get_time=at)
    orders.pay(orders.place(record.account, [policy], (record,), now=at), at)
    return record


def coupon_at(**fields: Any) -> Coupon:
    days = {"valid_begin_date": TODAY - 9 * DAY, "valid_end_date": TODAY + 9 * DAY}
    days |= {"open_date": TODAY - 9 * DAY, "close_date": TODAY + 9 * DAY}
    return CouponFactory(**days | fields)


def test_what_was_claimed_is_counted_apart_from_what_was_issued() -> None:
    coupon = CouponFactory(quantity=10)
    CouponRecordFactory.create_batch(2, coupon=coupon, claim_no=1)
    CouponRecordFactory(coupon=coupon)
    CouponRecordFactory(claim_no=1)  # of another
    found = of(coupon)
    assert (found.issued, found.claimed, found.left) == (3, 2, 7)
    assert (found.claim_rate, found.use_rate) == (0.2, 0.0)


def test_of_nothing_there_is_no_rate() -> None:
    found = of(CouponFactory(quantity=0))
    assert (found.claim_rate, found.use_rate) == (None, None)
    assert (found.claimed, found.used, found.turnover) == (0, 0, (0, 0, 0))


def test_a_day_is_one_of_the_shop() -> None:
    coupon = coupon_at()
    used(coupon, MIDNIGHT)
    used(coupon, MIDNIGHT - SECOND)
    CouponRecordFactory(coupon=coupon, get_time=MIDNIGHT + DAY - SECOND, claim_no=1)
    CouponRecordFactory(coupon=coupon, get_time=MIDNIGHT + DAY)  # tomorrow
    CouponRecordFactory(get_time=MIDNIGHT)  # of another coupon
    by_day = effect.by_day(coupon.pk, today=TODAY, days=3)
    assert by_day == {
        TODAY - 2 * DAY: Day(0, 0, 0, Decimal("0.00")),
        TODAY - DAY: Day(1, 0, 1, Decimal("40.00")),
        TODAY: Day(2, 1, 1, Decimal("40.00")),
    }


def test_the_first_of_the_days_is_whole() -> None:
    coupon = coupon_at()
    CouponRecordFactory(coupon=coupon, get_time=MIDNIGHT)
    CouponRecordFactory(coupon=coupon, get_time=MIDNIGHT - SECOND)
    assert effect.by_day(coupon.pk, today=TODAY, days=1) == {TODAY: Day(1, 0, 0)}


def test_what_an_order_that_is_no_more_paid_had_taken_off_counts_on_no_day() -> None:
    coupon = coupon_at()
    kept = used(coupon, MIDNIGHT)
    Order.objects.filter(records=kept).update(status=3)  # by another program: it is still used
    assert effect.by_day(coupon.pk, today=TODAY, days=1) == {TODAY: Day(1, 0, 1, Decimal("0.00"))}
    assert of(coupon).turnover == (1, 0, 0)


def test_a_coupon_of_a_course_took_off_its_line_and_a_site_wide_one_the_order() -> None:
    course, account = CourseFactory(), AccountFactory()
    coupons = [coupon_at(course=course, money_equivalent_value=10), coupon_at()]
    records = [
        CouponRecordFactory(coupon=one, account=account, get_time=MIDNIGHT) for one in coupons
    ]
    policies = [PricePolicyFactory(content_object=one) for one in (course, CourseFactory())]
    orders.pay(orders.place(account, policies, tuple(records), now=MIDNIGHT), MIDNIGHT)
    for coupon, took_off in zip(coupons, (10, 40), strict=True):
        assert of(coupon).turnover == (1, 2 * 99 - 50, took_off)
        day = effect.by_day(coupon.pk, today=TODAY, days=1)[TODAY]
        assert (day.used, day.took_off) == (1, took_off)


def test_any_number_of_coupons_takes_the_same_queries(django_assert_num_queries: Any) -> None:
    coupons = [CouponRecordFactory().coupon for _ in range(3)]
    with django_assert_num_queries(2):
        effect.of_coupons(coupons)
    with django_assert_num_queries(2):
        effect.by_day(coupons[0].pk, today=TODAY, days=90)


# --- Random lives ---------------------------------------------------------------------------------


class Lives:
    """Coupons of a course and of the whole shop, claimed and issued, used, freed, returned, taken
    back and expired over some days, by chance."""

    def __init__(self, seed: int) -> None:
        self.chance, self.now = random.Random(seed), MIDNIGHT
        self.staff = User.objects.create_user(f"desk{seed}", is_staff=True)
        courses = CourseFactory.create_batch(2)
        self.policies = [
            PricePolicyFactory(content_object=course, price=price)
            for course, price in zip(courses, (599.0, 122.0), strict=True)
        ]
        terms: dict[str, Any] = {"claimable": True, "per_account": 5, "quantity": 60}
        self.coupons = [
            coupon_at(course=courses[0], **terms),
            coupon_at(coupon_type=2, money_equivalent_value=0, off_percent=79, **terms),
            coupon_at(coupon_type=1, minimum_consume=500, **terms),
        ]
        self.accounts = AccountFactory.create_batch(3)

    def one(self, rows: Any) -> Any:
        return self.chance.choice(list(rows) or [None])

    def claim(self) -> None:
        coupon, account = self.one(self.coupons), self.one(self.accounts)
        wanted = claiming.wanted(coupon_id=coupon.pk, code=None)
        claiming.claim(wanted, account_id=account.pk, now=self.now)

    def issue(self) -> None:
        account = self.one(self.accounts)
        CouponRecordFactory(coupon=self.one(self.coupons), account=account, get_time=self.now)

    def order(self) -> None:
        account = self.one(self.accounts)
        free = CouponRecord.objects.unused_of(account.pk).select_related("coupon")
        first = {record.coupon.object_id: record for record in free}
        policies = PricePolicy.objects.filter(pk__in=[policy.pk for policy in self.policies])
        orders.place(account, list(policies), tuple(first.values()), now=self.now)

    def pay(self) -> None:
        if order := self.one(Order.objects.filter(status=1)):
            orders.pay(order, self.now)

    def cancel(self) -> None:
        if order := self.one(Order.objects.filter(status=1)):
            who = {"account_id": order.account_id, "order_number": order.order_number}
            closing.cancel(**who, now=self.now)

    def refund(self) -> None:
        if order := self.one(Order.objects.filter(status=0)):
            who = {"account_id": order.account_id, "order_number": order.order_number}
            courses = order.details.values_list("object_id", flat=True)
            chosen = list(courses)[: self.chance.randint(1, 2)]
            asking.ask(**who, course_ids=chosen, reason="退款", now=self.now)
            refund = order.refunds.latest("pk")
            if self.chance.random() < 0.7:  # else it stays asked for
                refund = deciding.approve(refund.pk, staff_id=self.staff.pk, note="", now=self.now)
                finishing.finish(refund, now=self.now)

    def take_back(self) -> None:
        if record := self.one(CouponRecord.objects.all()):
            with contextlib.suppress(RecordNotUnused):
                lifecycle.void(record_id=record.pk, now=self.now, by=SERVICE, reason="作废")

    def expire(self) -> None:
        coupon = self.one(self.coupons)
        CouponRecord.objects.filter(
            pk__in=coupon.couponrecord_set.filter(status=0).values("pk")[:1]
        ).update(valid_until=self.now.date() - DAY)
        for case in expiry.over(self.now.date()):
            expiry.expire(case, now=self.now)

    def go_on(self, steps: int) -> None:
        acts = [self.claim, self.claim, self.issue, *[self.order] * 4, self.pay, self.pay]
        acts += [self.cancel, self.refund, self.take_back, self.expire]
        for _ in range(steps):
            with contextlib.suppress(ShopError):
                self.chance.choice(acts)()
            self.now += dt.timedelta(hours=self.chance.choice([0, 1, 5]))


def counted_plainly(coupon: Coupon, days: list[dt.date]) -> tuple[dict[str, Any], Any]:
    """Record by record, in Python."""
    records = list(CouponRecord.objects.filter(coupon=coupon).select_related("order"))
    by_day = {day: Day() for day in days}
    amount = took_off = Decimal(0)
    for record in records:
        came = timezone.localdate(record.get_time)
        by_day[came].issued += 1
        by_day[came].claimed += record.claim_no is not None
        if record.status != 1:
            continue
        on = timezone.localdate(record.used_time)
        by_day[on].used += 1
        order: Any = record.order
        if order.status in (0, 2):
            lines = order.details.filter(coupon_record=record)
            off = lines[0].discount if lines else order.global_discount
            amount, took_off = amount + order.actual_amount, took_off + off
            by_day[on].took_off += off
    totals = {
        "by_status": dict(Counter(record.status for record in records)),
        "claimed": sum(record.claim_no is not None for record in records),
        "left": coupon.quantity - len(records),
        "turnover": (sum(record.status == 1 for record in records), amount, took_off),
    }
    return totals, by_day


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_the_figures_are_those_of_plain_counting_whatever_happened(seed: int) -> None:
    lives = Lives(seed)
    lives.go_on(90)
    today = timezone.localdate(lives.now)
    for coupon in lives.coupons:
        by_day = effect.by_day(coupon.pk, today=today, days=30)
        found = of(coupon)
        totals, days = counted_plainly(coupon, list(by_day))
        assert {name: getattr(found, name) for name in totals} == totals
        assert by_day == days
        assert sum(day.took_off for day in by_day.values()) == found.turnover.took_off


@pytest.mark.slow
def test_the_random_lives_come_to_every_status_and_to_partly_returned_orders() -> None:
    seen: Counter[int] = Counter()
    for seed in range(6):
        lives = Lives(seed)
        lives.go_on(90)
        seen.update(CouponRecord.objects.values_list("status", flat=True))
    assert set(seen) == {0, 1, 2, 3, 4}
    assert CouponRecord.objects.filter(claim_no__isnull=False, status=1).exists()
    assert Order.objects.filter(status=0, refunded__gt=0).exists()
