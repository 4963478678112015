"""The books: what is posted with each change, once, and what the audit finds in them
(contract §10)."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from api.models import CouponRecord, LedgerEntry, Order, Payment, Refund
from api.models.append_only import AppendOnly
from api.rules.ledger import Unbalanced
from api.services import audit
from api.services.ledger import posting
from api.services.ledger.closing import Closing, Money, closing
from api.services.orders import closing as order_closing
from api.services.orders import paying
from api.services.orders.paying import Received, WrongAmount
from api.services.refunds import asking, deciding, finishing, sending
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.orders import pay, place

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # in Shanghai


def placed(now: datetime | None = None, price: float = 300.01) -> Order:
    """Three courses at 100.00, 200.00 and `price`; 10.00 off the first, and 满100减33
    site-wide."""
    account, courses = AccountFactory(), CourseFactory.create_batch(3)
    policies = [
        PricePolicyFactory(content_object=course, price=each)
        for course, each in zip(courses, (100.0, 200.0, price), strict=True)
    ]
    days = {"valid_begin_date": date(2020, 1, 1), "valid_end_date": date(2099, 1, 1)}
    own = CouponFactory(money_equivalent_value=10, course=courses[0], **days)
    site_wide = CouponFactory(coupon_type=1, money_equivalent_value=33, minimum_consume=100, **days)
    records = [CouponRecordFactory(account=account, coupon=one) for one in (own, site_wide)]
    return place(account, policies, tuple(records), now=now)


def refund(order: Order, *course_ids: int, now: datetime | None = None) -> Refund:
    now = now or timezone.now()
    who = {"account_id": order.account_id, "order_number": order.order_number}
    asking.ask(**who, course_ids=course_ids, reason="", now=now)
    chief, _ = User.objects.get_or_create(username="chief")
    asked = order.refunds.latest("pk")
    approved = deciding.approve(asked.pk, staff_id=chief.pk, note="", now=now)
    assert finishing.finish(approved, now=now)
    return approved


def too_much(order: Order, now: datetime | None = None) -> Payment:
    received = Received(channel="wechat", out_trade_no="again", amount=order.actual_amount)
    paying.receive(order.pk, received, now=now or timezone.now())
    return Payment.objects.get(out_trade_no="again")


def entries(**of: Any) -> list[tuple[str, str, Decimal]]:
    found = LedgerEntry.objects.filter(**of).order_by("pk")
    return list(found.values_list("event", "account", "amount"))


def balances(order: Order) -> dict[tuple[str, int | None], Decimal]:
    """What is left of each account, and of each coupon record."""
    left: dict[tuple[str, int | None], Decimal] = {}
    for account, record, amount in order.entries.values_list("account", "record", "amount"):
        left[account, record] = left.get((account, record), Decimal(0)) + amount
    return {key: amount for key, amount in left.items() if amount}


def wrong() -> list[str]:
    return [finding.row for finding in audit.findings()]


def test_an_order_posts_when_it_is_paid_and_not_before() -> None:
    order = placed()
    assert entries() == []
    pay(order)
    assert entries() == [
        ("paid", "learner", Decimal("-600.01")),
        ("paid", "coupons", Decimal("10.00")),
        ("paid", "coupons", Decimal("33.00")),
        ("paid", "alipay", Decimal("557.01")),
    ]
    first, second = LedgerEntry.objects.filter(account="coupons").order_by("amount")
    own = order.details.get(coupon_record__isnull=False).coupon_record
    assert own is not None
    assert (first.record, first.coupon) == (own.pk, own.coupon_id)
    assert second.record == order.quote["global_coupon"]
    lines = LedgerEntry.objects.order_by("pk").values_list("posting", "line")
    assert list(lines) == [(f"paid:{order.pk}", line) for line in (1, 2, 3, 4)]


def test_money_that_is_told_twice_is_posted_once() -> None:
    order = placed()
    pay(order)
    pay(order)
    assert len(entries()) == 4


def test_another_amount_posts_nothing() -> None:
    order = placed()
    with pytest.raises(WrongAmount):
        pay(order, amount=Decimal("1.00"))
    assert entries() == []


def test_an_order_that_closes_posts_nothing() -> None:
    order = placed()
    who = {"account_id": order.account_id, "order_number": order.order_number}
    order_closing.cancel(**who, now=timezone.now())
    assert entries() == []


def test_an_order_that_costs_nothing_posts_what_coupons_took_off() -> None:
    account, course = AccountFactory(), CourseFactory()
    coupon = CouponFactory(money_equivalent_value=500, course=course)
    record = CouponRecordFactory(account=account, coupon=coupon)
    policy = PricePolicyFactory(content_object=course, price=99.0)
    order = place(account, [policy], (record,))
    assert order.status == 0
    assert entries() == [
        ("paid", "learner", Decimal("-99.00")),
        ("paid", "coupons", Decimal("99.00")),
    ]
    refund(order)
    assert balances(order) == {}
    assert wrong() == []


def test_a_refund_in_part_leaves_the_price_discounts_and_money_of_what_is_kept() -> None:
    order = placed()
    pay(order)
    first, *kept = order.details.order_by("pk")
    refund(order, first.object_id)
    site_wide = order.quote["global_coupon"]
    assert balances(order) == {
        ("learner", None): -sum(line.original_price for line in kept),
        ("coupons", site_wide): sum(line.share for line in kept),
        ("alipay", None): sum(line.price for line in kept),
    }
    assert wrong() == []


def test_refunds_in_parts_leave_nothing() -> None:
    order = placed()
    pay(order)
    for line in order.details.order_by("-pk"):
        refund(order, line.object_id)
    assert balances(order) == {}
    assert wrong() == []


def test_a_refund_that_is_finished_twice_is_posted_once() -> None:
    order = placed()
    pay(order)
    done = refund(order)
    before = entries()
    assert not finishing.finish(done, now=timezone.now())
    assert entries() == before


def test_money_that_is_too_much_is_posted_as_such_and_so_is_its_return() -> None:
    order = placed()
    pay(order)
    payment = too_much(order)
    amount = order.actual_amount
    assert entries(payment=payment) == [
        ("excess", "excess", -amount),
        ("excess", "wechat", amount),
    ]
    sending.return_excess(now=timezone.now())
    assert finishing.finish(Refund.objects.get(), now=timezone.now())
    assert entries(refund__isnull=False) == [
        ("returned", "excess", amount),
        ("returned", "wechat", -amount),
    ]
    assert wrong() == []


def test_what_cannot_be_posted_is_not_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    order = placed()

    def fail(*_: object, **__: object) -> None:
        raise Unbalanced

    monkeypatch.setattr(posting, "post_paid", fail)
    with pytest.raises(Unbalanced):
        pay(order)
    order.refresh_from_db()
    assert (order.status, Payment.objects.count()) == (1, 0)


def test_entries_are_neither_changed_nor_deleted_nor_written_alone() -> None:
    pay(placed())
    before, one = entries(), LedgerEntry.objects.all()[0]
    for change in (
        one.save,
        one.delete,
        LedgerEntry.objects.all().delete,
        lambda: LedgerEntry.objects.update(amount=1),
        lambda: LedgerEntry.objects.create(posting="x", line=1, amount=1),
        lambda: LedgerEntry.objects.bulk_update([one], ["amount"]),
    ):
        with pytest.raises(AppendOnly), transaction.atomic():
            change()
    assert entries() == before


def test_what_does_not_balance_is_not_written() -> None:
    pay(placed())
    before, one = entries(), LedgerEntry.objects.all()[0]
    one.pk, one.posting = None, "another"
    with pytest.raises(Unbalanced):
        LedgerEntry.objects.bulk_create([one])
    assert entries() == before


def test_an_event_is_posted_once() -> None:
    order = placed()
    pay(order)
    order.refresh_from_db()
    before = entries()
    with pytest.raises(IntegrityError), transaction.atomic():
        posting.post_paid(order, order.payments.get(), now=timezone.now())
    assert entries() == before


# --- What the audit finds -------------------------------------------------------------------------


def _raw(**of: Any) -> Any:
    """The entries, without what guards them."""
    return LedgerEntry._base_manager.filter(**of)


BREAKS: dict[str, tuple[Callable[[], object], set[str]]] = {
    "nothing posted": (lambda: _raw(event="paid").delete(), {"order", "order line"}),
    "an amount": (
        lambda: _raw(event="paid", account="alipay").update(amount=1),
        {"posting", "order", "the books"},
    ),
    "another coupon's": (
        lambda: _raw(event="paid", account="coupons", amount=10).update(record=0),
        {"order line"},
    ),
    "excess not posted": (lambda: _raw(event="excess").delete(), {"payment"}),
    "its return not posted": (lambda: _raw(event="returned").delete(), {"refund"}),
    "a refund's amount": (
        lambda: _raw(event="refunded", account="alipay").update(amount=-1),
        {"posting", "order", "refund", "the books"},
    ),
    "a refund that is not done": (
        lambda: Refund.objects.filter(excess=True).update(status=1),
        {"refund"},
    ),
    "money that is not to go back": (
        lambda: Payment.objects.filter(status=3).update(status=2),
        {"payment"},
    ),
}


@pytest.mark.parametrize(("change", "named"), BREAKS.values(), ids=BREAKS)
def test_every_break_of_the_books_is_named(change: Callable[[], object], named: set[str]) -> None:
    order = placed()
    pay(order)
    payment = too_much(order)
    sending.return_excess(now=timezone.now())
    assert finishing.finish(Refund.objects.get(), now=timezone.now())
    part = refund(order, order.details.order_by("-pk")[0].object_id)
    assert wrong() == []
    change()
    names = {
        "order": f"order {order.order_number}",
        "order line": f"order {order.order_number}",
        "payment": f"payment {payment.out_trade_no}",
        "the books": "the books",
    }
    found = set(wrong())
    for one in named - {"posting", "refund"}:
        assert names[one] in found, one
    assert ("posting" in named) == any(row.startswith("posting ") for row in found)
    assert ("refund" in named) == any(row.startswith("refund ") for row in found)
    assert part.order_id == order.pk


# --- What was there before the books --------------------------------------------------------------


def test_the_migration_posts_what_the_shop_would_have_posted() -> None:
    for _ in range(2):
        order = placed()
        pay(order)
        refund(order, order.details.order_by("pk")[0].object_id)
    too_much(order)
    sending.return_excess(now=timezone.now())
    assert finishing.finish(Refund.objects.get(excess=True), now=timezone.now())
    whole, unpaid = placed(), placed()
    pay(whole)
    refund(whole)
    columns = [field.attname for field in LedgerEntry._meta.concrete_fields if field.name != "id"]
    ordered = LedgerEntry.objects.order_by("posting", "account", "record")
    columns.remove("line")  # the order of a posting's entries says nothing
    kept = list(ordered.values(*columns))
    _raw().delete()
    migration = import_module("api.migrations.0017_books")
    migration.post_what_was(apps, SimpleNamespace(connection=connection))
    assert list(ordered.values(*columns)) == kept
    assert not unpaid.entries.exists()
    assert wrong() == []


# --- A day's closing ------------------------------------------------------------------------------


def day_of(*days: date) -> Closing:
    return closing(days[0], days[-1])


def test_a_closing_is_of_days_in_shanghai_the_first_and_the_last_included() -> None:
    midnight = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)  # the 21st begins
    before = midnight.replace(hour=15, minute=59, second=59)
    for moment in (before, midnight):
        pay(placed(now=moment), now=moment)
    amount = Decimal("557.01")
    assert day_of(date(2026, 11, 19)).whole.received == 0
    assert day_of(date(2026, 11, 20)).whole.received == amount
    assert day_of(date(2026, 11, 21)).whole.received == amount
    both = day_of(date(2026, 11, 20), date(2026, 11, 21))
    assert (both.whole.received, both.orders) == (2 * amount, 2)
    assert list(both.days) == [date(2026, 11, 20), date(2026, 11, 21)]
    assert [one.received for one in both.days.values()] == [amount, amount]
    assert day_of(date(2026, 11, 22)).whole.received == 0


def test_a_closing_tells_channels_discounts_and_what_is_to_go_back() -> None:
    order = placed(now=NOON)
    pay(order, now=NOON)
    too_much(order, now=NOON)
    line = order.details.order_by("pk")[0]
    refund(order, line.object_id, now=NOON)
    found = day_of(date(2026, 11, 20))
    by_name = {account.value: money for account, money in found.channels.items()}
    assert by_name["alipay"].received == order.actual_amount
    assert by_name["alipay"].refunded == line.price
    assert by_name["alipay"].net == order.actual_amount - line.price
    assert by_name["wechat"].received == by_name["wechat"].excess == order.actual_amount
    assert by_name["offline"].net == 0
    assert (found.orders, found.refunds, found.to_return) == (1, 1, order.actual_amount)
    given = [(one.given, one.taken_back) for one in found.discounts]
    assert given == [(Decimal("33.00"), line.share), (Decimal("10.00"), Decimal("10.00"))]
    for one in found.discounts:
        assert one.net == one.given - one.taken_back
    assert found.given == Decimal("33.00") - line.share


@pytest.mark.parametrize(
    ("event", "amount", "told"),
    [
        ("paid", "5.00", {"received": "5.00"}),
        ("excess", "5.00", {"received": "5.00", "excess": "5.00"}),
        ("refunded", "-5.00", {"refunded": "5.00"}),
        ("returned", "-5.00", {"refunded": "5.00", "returned": "5.00"}),
    ],
)
def test_money_that_was_too_much_is_told_apart_within_what_came_and_went(
    event: str, amount: str, told: dict[str, str]
) -> None:
    money = Money()
    money.add(event, Decimal(amount))
    assert money == Money(**{name: Decimal(sum_) for name, sum_ in told.items()})


def test_on_a_day_without_entries_nothing_is_told() -> None:
    found = day_of(date(2026, 11, 20))
    assert (found.orders, found.refunds, found.to_return, found.given) == (0, 0, 0, 0)
    assert (found.discounts, found.days, found.whole) == ([], {}, Money())


def test_the_coupons_of_a_closing_come_by_name_the_dearest_first() -> None:
    order = placed(now=NOON)
    pay(order, now=NOON)
    dear = CouponRecord.objects.get(pk=order.quote["global_coupon"]).coupon
    cheap = order.details.get(discount__gt=0).coupon_record.coupon
    told = [(one.coupon, one.name, one.net) for one in day_of(date(2026, 11, 20)).discounts]
    assert told == [(dear.pk, dear.name, 33), (cheap.pk, cheap.name, 10)]


def test_coupons_that_are_no_more_are_told_as_such() -> None:
    pay(placed(now=NOON), now=NOON)
    _raw(account="coupons", amount=33).update(coupon=987_654)
    _raw(account="coupons", amount=10).update(coupon=None)
    told = [(one.coupon, one.name, one.net) for one in day_of(date(2026, 11, 20)).discounts]
    assert told == [(None, "编号987654（已删除）", 33), (None, "已删除的优惠券", 10)]
