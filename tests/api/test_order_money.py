"""Money that comes in for an order: taken once, in full, or to go back (contract §9)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from api.models import (
    CouponRecord,
    CouponRecordEvent,
    Course,
    EnrolledCourse,
    LedgerEntry,
    Order,
    Payment,
    ShopEvent,
)
from api.services.coupons import lifecycle
from api.services.coupons.lifecycle import RecordsNotThere
from api.services.orders import closing, paying
from api.services.orders.paying import Outcome, Received, WrongAmount, WrongTrade
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)

pytestmark = pytest.mark.django_db
PAID, EXCESS = Payment.Status.PAID, Payment.Status.EXCESS
FREE, USED, VOID = 0, 1, 3


def with_coupons(coupons: int = 1, courses: int = 1) -> Order:
    """Courses at 99.00 each, a coupon of 40.00 for each of the first of them."""
    account, records = AccountFactory(), []
    bought = CourseFactory.create_batch(courses)
    for course in bought[:coupons]:
        records.append(CouponRecordFactory(account=account, coupon=CouponFactory(course=course)))
    policies = [PricePolicyFactory(content_object=course, price=99.0) for course in bought]
    return orders.place(account, policies, tuple(records))


def closed(order: Order) -> Order:
    assert closing.close_if_due(order.pk, now=order.expires_at)
    order.refresh_from_db()
    return order


def received(order: Order, number: str = "n1", **other: Any) -> Received:
    facts = {"channel": "alipay", "amount": order.actual_amount, "trade_no": f"T{number}"}
    return Received(out_trade_no=number, **facts | other)


def receive(order: Order, number: str = "n1", **other: Any) -> Outcome:
    return paying.receive(order.pk, received(order, number, **other), now=timezone.now())


def everything() -> list[Any]:
    tables = (Order, Payment, CouponRecord, EnrolledCourse, ShopEvent, LedgerEntry)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def payments() -> list[tuple[str, int]]:
    return list(Payment.objects.order_by("pk").values_list("out_trade_no", "status"))


# --- Once, and in full ----------------------------------------------------------------------------


@pytest.mark.parametrize("off", ["-0.01", "0.01"])
def test_a_fen_more_or_less_is_refused(off):
    order = orders.order()
    before = everything()

    with pytest.raises(WrongAmount):
        receive(order, amount=order.actual_amount + Decimal(off))

    assert everything() == before


def test_the_same_money_again_changes_nothing_and_says_what_became_of_it():
    order = orders.order()
    assert receive(order) is Outcome.PAID
    assert receive(order, "n2", channel="wechat") is Outcome.EXCESS
    before = everything()

    assert receive(order) is Outcome.PAID
    assert receive(order, "n2", channel="wechat") is Outcome.EXCESS

    assert everything() == before
    assert payments() == [("n1", PAID), ("n2", EXCESS)]


def test_whoever_does_more_about_money_is_told_that_it_is_not_the_first_time():
    order, now = orders.order(), timezone.now()
    assert paying.receive_first(order.pk, received(order), now=now) is Outcome.PAID
    before = everything()

    assert paying.receive_first(order.pk, received(order), now=now) is None

    assert everything() == before


def test_money_that_a_closed_payment_had_waited_for_is_taken_in_all_the_same():
    order = orders.order()
    Payment.objects.create(
        order=order,
        channel="alipay",
        out_trade_no="n1",
        amount=order.actual_amount,
        status=Payment.Status.CLOSED,
        created=order.date,
    )

    assert receive(order) is Outcome.PAID

    assert payments() == [("n1", PAID)]


def test_the_number_of_another_payment_s_trade_is_refused():
    first, second = orders.order(), orders.order()
    receive(first, trade_no="T")
    before = everything()

    with pytest.raises(WrongTrade):
        receive(second, "n2", trade_no="T")

    assert everything() == before
    assert receive(second, "n2", trade_no="T", channel="wechat") is Outcome.PAID


def test_money_that_has_no_number_of_its_channel_is_nobody_else_s():
    for number in ("n1", "n2"):
        assert receive(orders.order(), number, channel="offline", trade_no=None) is Outcome.PAID


# --- What is written down -------------------------------------------------------------------------


def test_a_payment_says_who_took_it_when_and_why(admin_user):
    order, now = orders.order(), timezone.now()
    money = received(order, channel="offline", note="转账 7", staff_id=admin_user.pk)

    paying.receive(order.pk, money, now=now)

    payment = Payment.objects.get()
    assert (payment.order, payment.channel, payment.amount) == (order, "offline", 99)
    assert (payment.note, payment.staff, payment.trade_no) == ("转账 7", admin_user, "Tn1")
    assert (payment.created, payment.paid_at) == (now, now)


def test_of_a_long_note_the_first_255_characters_are_kept():
    receive(orders.order(), note="长" * 300)

    assert Payment.objects.get().note == "长" * 255


@pytest.mark.parametrize(("channel", "kind"), [("wechat", 0), ("alipay", 1)])
def test_an_order_says_through_which_channel_it_was_paid_in_the_end(channel, kind):
    order = orders.order()
    Order.objects.update(payment_type=1 - kind)

    receive(order, channel=channel)

    order.refresh_from_db()
    assert (order.payment_type, order.payment_number) == (kind, "Tn1")


def test_money_of_the_desk_leaves_the_order_s_own_way_to_pay(db):
    order = orders.order()

    receive(order, channel="offline")

    order.refresh_from_db()
    assert (order.payment_type, order.payment_number) == (1, None)


def test_money_that_is_too_much_leaves_the_order_s_payment():
    order = orders.order()
    receive(order)

    receive(order, "n2", channel="wechat")

    order.refresh_from_db()
    assert (order.payment_type, order.payment_number) == (1, "Tn1")
    assert ShopEvent.objects.get(kind="payment.excess").data["amount"] == "99.00"
    excess = LedgerEntry.objects.filter(event="excess").order_by("pk")
    assert list(excess.values_list("account", "amount")) == [("excess", -99), ("wechat", 99)]


@pytest.mark.parametrize(("note", "reason"), [("转账 7", "转账 7"), ("", "订单付款 %s")])
def test_a_coupon_that_was_used_says_for_which_payment(note, reason):
    order = with_coupons()

    receive(order, note=note)

    told = CouponRecordEvent.objects.latest("pk")
    assert (told.from_status, told.to_status) == (4, USED)
    assert told.reason == (reason % order.order_number if "%" in reason else reason)


def test_an_order_that_costs_nothing_is_not_paid_twice():
    order = with_coupons()
    receive(order)
    before = everything()

    with pytest.raises(RuntimeError, match="changed under its account's lock"):
        paying.settle_free(order, now=timezone.now())

    assert everything() == before


# --- For a closed order ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [4, 5])
def test_a_closed_order_comes_back_to_life_with_its_coupons(status):
    order = closed(with_coupons())
    Order.objects.update(status=status)

    assert receive(order) is Outcome.REVIVED

    order.refresh_from_db()
    assert (order.status, order.cancel_time, CouponRecord.objects.get().status) == (0, None, USED)
    assert payments() == [("n1", PAID)]
    assert EnrolledCourse.objects.count() == 1
    assert ShopEvent.objects.filter(kind="order.revived").count() == 1
    assert LedgerEntry.objects.filter(event="paid").exists()


@pytest.mark.parametrize("status", [0, 2, 3])
def test_an_order_that_was_paid_takes_no_more_money(status):
    order = orders.order()
    receive(order)
    Order.objects.update(status=status)

    assert receive(order, "n2") is Outcome.EXCESS

    order.refresh_from_db()
    assert order.status == status
    assert payments() == [("n1", PAID), ("n2", EXCESS)]
    assert EnrolledCourse.objects.count() == 1


def void(order: Order) -> None:
    CouponRecord.objects.filter(pk=CouponRecord.objects.latest("pk").pk).update(status=VOID)


def another_s(order: Order) -> None:
    CouponRecord.objects.filter(pk=CouponRecord.objects.latest("pk").pk).update(
        account=AccountFactory()
    )


def over(order: Order) -> None:
    record = CouponRecord.objects.latest("pk")
    yesterday = timezone.localdate() - timedelta(days=1)
    CouponRecord.objects.filter(pk=record.pk).update(valid_until=yesterday)


def offline(order: Order) -> None:
    Course.objects.filter(pk=order.details.latest("pk").object_id).update(status=1)


@pytest.mark.parametrize("happened", [void, another_s, over, offline])
def test_a_closed_order_that_lacks_anything_does_not_come_back(happened):
    order = closed(with_coupons(coupons=2, courses=2))
    happened(order)
    before = Order.objects.values().get(), list(CouponRecord.objects.order_by("pk").values())

    assert receive(order) is Outcome.EXCESS

    assert before == (
        Order.objects.values().get(),
        list(CouponRecord.objects.order_by("pk").values()),
    )
    assert payments() == [("n1", EXCESS)]
    assert not EnrolledCourse.objects.exists()


def test_a_coupon_that_another_order_takes_at_that_moment_leaves_the_order_closed(monkeypatch):
    order = closed(with_coupons())

    def gone(*_: Any, **__: Any) -> None:
        raise RecordsNotThere

    monkeypatch.setattr(lifecycle, "lock", gone)

    assert receive(order) is Outcome.EXCESS

    order.refresh_from_db()
    assert (order.status, CouponRecord.objects.get().status) == (5, FREE)
    assert payments() == [("n1", EXCESS)]


def test_a_closed_order_without_coupons_comes_back_as_long_as_its_courses_are_sold():
    order = closed(with_coupons(coupons=0, courses=2))

    assert receive(order) is Outcome.REVIVED

    assert EnrolledCourse.objects.count() == 2


def test_an_order_that_comes_back_keeps_the_last_days_that_its_coupons_have_then():
    order = closed(with_coupons())
    last = timezone.localdate() + timedelta(days=3)
    CouponRecord.objects.update(valid_until=last)

    assert receive(order) is Outcome.REVIVED

    order.refresh_from_db()
    (coupon,) = order.quote["course_list"][0]["coupons"]
    assert coupon["last_day"] == last.isoformat()


def test_an_order_keeps_what_its_coupons_were_worth():
    (coupon,) = with_coupons().quote["course_list"][0]["coupons"]

    worth = coupon["worth"]
    assert (worth["money_equivalent_value"], worth["off_percent"]) == ("40", None)
