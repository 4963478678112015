"""Refunds: what would come back, asking, deciding, sending, and what was interrupted
(contract §10)."""

from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from api.errors import GatewayOutOfReach
from api.models import (
    CouponRecord,
    Course,
    EnrolledCourse,
    Order,
    OrderDetail,
    Payment,
    PaymentType,
    Refund,
    ShopEvent,
)
from api.rules.orders import last_day_of
from api.serializers.order import moment
from api.services import audit
from api.services.orders import closing, paying, trades
from api.services.orders.paying import Outcome, Received
from api.services.refunds import deciding, sending
from tests.conftest import Customer
from tests.support.factories import (
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.gateways import LocalGateway, begin
from tests.support.orders import place

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(db: None) -> User:
    return User.objects.create_user("chief", is_staff=True)


def bought(customer: Customer, gateway: LocalGateway, channel: PaymentType) -> Order:
    """Three courses at 100.00, 200.00 and 300.01; 10.00 off course 1 (record 1), and 满100减33
    site-wide (record 2); 557.01 paid through the channel."""
    policies = [
        PricePolicyFactory(content_object=CourseFactory(pk=pk), price=price, valid_period=30)
        for pk, price in ((1, 100.0), (2, 200.0), (3, 300.01))
    ]
    own = CouponFactory(coupon_type=0, money_equivalent_value=10, course=Course.objects.get(pk=1))
    site_wide = CouponFactory(coupon_type=1, money_equivalent_value=33, minimum_consume=100)
    records = (
        CouponRecordFactory(pk=1, account=customer.account, coupon=own),
        CouponRecordFactory(pk=2, account=customer.account, coupon=site_wide),
    )
    order = place(customer.account, policies, records)
    payment = begin(order, channel)
    gateway.pay(payment)
    trades.close_of(order, now=timezone.now())  # finds that it is paid
    order.refresh_from_db()
    assert (order.status, order.actual_amount) == (0, Decimal("557.01"))
    return order


@pytest.fixture
def order(alice: Customer, gateway: LocalGateway) -> Order:
    return bought(alice, gateway, PaymentType.ALIPAY)


def url(order: Order) -> str:
    return f"/api/order/{order.order_number}/refund/"


def ask(customer: Customer, order: Order, *course_ids: int) -> Any:
    return customer.post(url(order), {"courseids": course_ids, "reason": "不想学了"}).json()


def approved(refund: Refund, chief: User) -> Refund:
    return deciding.approve(refund.pk, staff_id=chief.pk, note="好", now=timezone.now())


def refund_of(customer: Customer, order: Order, chief: User, *course_ids: int) -> Refund:
    """Asked for, approved, sent."""
    assert ask(customer, order, *course_ids)["code"] == 1000
    refund = approved(Refund.objects.latest("pk"), chief)
    assert sending.send(refund, now=timezone.now())
    order.refresh_from_db()
    refund.refresh_from_db()
    return refund


def everything() -> list[Any]:
    tables = (Order, OrderDetail, Payment, EnrolledCourse, CouponRecord, Refund, ShopEvent)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def prices(order: Order) -> dict[int, Decimal]:
    return dict(order.details.values_list("object_id", "price"))


# --- What would come back -------------------------------------------------------------------------


def test_all_that_is_left_is_exactly_what_was_paid(alice, order):
    data = alice.get(url(order)).json()["data"]

    assert data["amount"] == "557.01"
    assert sorted(data["coupons"]) == [1, 2]
    assert [line["course_id"] for line in data["courses"]] == ["1", "2", "3"]


def test_a_course_gives_back_its_price_and_its_coupon(alice, order):
    data = alice.get(url(order), {"courseids": "1"}).json()["data"]

    assert data["amount"] == f"{prices(order)[1]:.2f}"
    assert data["coupons"] == [1]


def test_looking_changes_nothing(alice, order):
    before = everything()
    alice.get(url(order))
    assert everything() == before


@pytest.mark.parametrize("ids", ["x", "1,", "1;2", "0", "-1", "1" * 30])
def test_ids_that_cannot_be_read_are_refused(alice, order, ids):
    assert alice.get(url(order), {"courseids": ids}).json()["code"] == 1400


# --- Asking ---------------------------------------------------------------------------------------


def test_asking_sets_the_order_to_asked_and_sends_nothing(alice, order, gateway):
    data = ask(alice, order, 1)["data"]

    refund = Refund.objects.get()
    assert (data["status"], data["status_display"]) == (2, "退费申请中")
    assert (refund.status, refund.amount) == (Refund.Status.ASKED, prices(order)[1])
    assert gateway.book.refunds(gateway.trade(Payment.objects.get())) == {}


def test_one_request_is_open_at_a_time(alice, order):
    ask(alice, order, 1)
    before = everything()

    assert ask(alice, order, 2)["code"] == 4011
    assert alice.get(url(order)).json()["code"] == 4011

    assert everything() == before


def test_the_first_refusal_that_holds_is_said(alice, bob, order):
    before = everything()
    assert ask(bob, order, 1)["code"] == 4010
    answer = ask(alice, order, 1, 99)
    assert (answer["code"], answer["error"]) == (1400, "courseids: 课程不在此订单中")
    assert everything() == before

    Order.objects.update(pay_time=timezone.now() - timedelta(days=8))
    assert ask(alice, order, 99)["code"] == 1400
    answer = ask(alice, order, 1)
    assert (answer["code"], answer["error"]) == (4014, "已超过可退款期限")
    Order.objects.update(status=1)
    assert ask(alice, order, 1)["code"] == 4011


def test_the_seventh_day_is_the_last_one(alice, order):
    Order.objects.update(pay_time=timezone.now() - timedelta(days=7))

    assert ask(alice, order, 1)["code"] == 1000


def test_a_course_that_went_back_has_nothing_left(alice, order, chief):
    refund_of(alice, order, chief, 1)

    answer = ask(alice, order, 1)

    assert (answer["code"], answer["error"]) == (4012, "可退金额不足")


# --- Deciding -------------------------------------------------------------------------------------


def test_refused_the_order_is_as_it_was(alice, order, chief):
    ask(alice, order)
    refund = Refund.objects.get()

    deciding.refuse(refund.pk, staff_id=chief.pk, note="已学完", now=timezone.now())

    order.refresh_from_db()
    refund.refresh_from_db()
    assert (order.status, order.refunded, refund.status) == (0, 0, Refund.Status.REFUSED)
    assert ask(alice, order)["code"] == 1000


def test_nobody_decides_what_he_asked_for(alice, order, chief):
    ask(alice, order)
    Refund.objects.update(asked_by=chief)
    before = everything()

    for decide in (deciding.approve, deciding.refuse):
        with pytest.raises(deciding.OwnRequest):
            decide(Refund.objects.get().pk, staff_id=chief.pk, note="", now=timezone.now())

    assert everything() == before


def test_a_refund_is_decided_once(alice, order, chief):
    ask(alice, order)
    refund = approved(Refund.objects.get(), chief)

    for decide in (deciding.approve, deciding.refuse):
        with pytest.raises(deciding.NotOpen):
            decide(refund.pk, staff_id=chief.pk, note="", now=timezone.now())


# --- What it brings about -------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [PaymentType.ALIPAY, PaymentType.WECHAT], ids=str)
def test_all_of_it_goes_back(alice, gateway, chief, channel):
    order = bought(alice, gateway, channel)
    yesterday = timezone.localdate() - timedelta(days=1)

    refund = refund_of(alice, order, chief)

    trade = gateway.trade(Payment.objects.get())
    assert gateway.book.refunds(trade) == {refund.out_request_no: 55701}
    assert (order.status, order.refunded) == (3, Decimal("557.01"))
    assert set(CouponRecord.objects.values_list("status", "order")) == {(0, None)}
    ended = EnrolledCourse.objects.values_list("status", "valid_end_date")
    assert set(ended) == {(1, yesterday)}
    assert list(audit.findings()) == []


@pytest.mark.parametrize("turn", list(permutations([1, 2, 3])), ids=str)
def test_one_by_one_in_any_order_it_is_exactly_what_was_paid(alice, order, chief, turn):
    wanted = prices(order)
    for number, course_id in enumerate(turn):
        refund = refund_of(alice, order, chief, course_id)
        assert refund.amount == wanted[course_id]
        assert order.status == (3 if number == 2 else 0)
        records = dict(CouponRecord.objects.values_list("pk", "status"))
        assert records[1] == (0 if 1 in turn[: number + 1] else 1)
        assert records[2] == (0 if number == 2 else 1)
        assert list(audit.findings()) == []

    assert order.refunded == order.actual_amount


def test_a_coupon_whose_last_day_passed_gets_its_days_back(alice, order, chief):
    order.quote["taken"] = "2020-01-01"
    for line in order.quote["course_list"]:
        for coupon in line["coupons"]:
            coupon["last_day"] = "2020-01-05"
    order.save()

    refund_of(alice, order, chief, 1)

    until = CouponRecord.objects.get(pk=1).valid_until
    assert until == timezone.localdate() + timedelta(days=4)


def test_an_order_that_came_back_to_life_took_its_coupon_on_that_day(alice):
    now, day = timezone.now(), timedelta(days=1)
    today = timezone.localdate(now)
    coupon = CouponFactory(valid_begin_date=today, valid_end_date=today + 2 * day)
    record = CouponRecordFactory(account=alice.account, coupon=coupon)
    order = place(alice.account, [PricePolicyFactory()], (record,), now=now)
    assert closing.close_timed_out(order, now=now + day)
    received = Received("offline", "late", order.actual_amount)
    assert paying.receive(order.pk, received, now=now + day) is Outcome.REVIVED

    order.refresh_from_db()
    closing.extend(order, [record.pk], now=now + 9 * day)

    record.refresh_from_db()
    assert record.valid_until == today + 9 * day + day


def test_a_renewal_behind_it_moves_forward(alice, order, chief):
    policy = OrderDetail.objects.get(object_id=2).policy_id
    renewal = place(alice.account, [PricePolicyFactory._meta.model.objects.get(pk=policy)])
    paying.receive(renewal.pk, Received("offline", "x", renewal.actual_amount), now=timezone.now())
    later = EnrolledCourse.objects.get(order_detail__order=renewal)
    today = timezone.localdate()
    assert later.valid_begin_date > today

    refund_of(alice, order, chief, 2)

    later.refresh_from_db()
    period = later.order_detail.valid_period_display, later.order_detail.valid_period
    assert (later.status, later.valid_begin_date) == (0, today)
    assert later.valid_end_date == last_day_of(today, *period)


def test_an_order_that_cost_nothing_goes_back_and_nothing_is_sent(alice, chief, gateway):
    policy = PricePolicyFactory(content_object=CourseFactory(pk=1), price=10.0)
    coupon = CouponFactory(
        coupon_type=0, money_equivalent_value=10, course=Course.objects.get(pk=1)
    )
    record = CouponRecordFactory(pk=1, account=alice.account, coupon=coupon)
    order = place(alice.account, [policy], (record,))

    refund = refund_of(alice, order, chief)

    assert (order.status, refund.amount, refund.sent_at) == (3, 0, None)
    assert CouponRecord.objects.get().status == 0
    assert ask(alice, order)["code"] == 4011


def test_money_of_the_desk_goes_back_at_the_desk(alice, chief, gateway):
    order = place(alice.account, [PricePolicyFactory(content_object=CourseFactory(), price=9.0)])
    paying.receive(order.pk, Received("offline", "x", order.actual_amount), now=timezone.now())

    refund = refund_of(alice, order, chief)

    assert (order.status, refund.status, refund.sent_at) == (3, Refund.Status.DONE, None)


# --- Interrupted ----------------------------------------------------------------------------------

LATER = timedelta(minutes=2)


@pytest.mark.slow
@pytest.mark.parametrize("channel", [PaymentType.ALIPAY, PaymentType.WECHAT], ids=str)
def test_a_refund_whose_answer_came_too_late_is_finished_once(alice, gateway, chief, channel):
    """As where the process is killed between sending and writing down."""
    order = bought(alice, gateway, channel)
    ask(alice, order, 1)
    refund = approved(Refund.objects.get(), chief)
    gateway.book.behave("answer", "late")
    with pytest.raises(GatewayOutOfReach):
        sending.send(refund, now=timezone.now())
    order.refresh_from_db()
    assert (order.status, order.refunded) == (2, 0)
    gateway.book.behave("answer", "")

    runs = [sending.send_waiting(now=timezone.now() + LATER) for _ in range(2)]

    order.refresh_from_db()
    trade = gateway.trade(Payment.objects.get())
    assert [run.done for run in runs] == [1, 0]
    assert gateway.book.refunds(trade) == {refund.out_request_no: int(refund.amount * 100)}
    assert (order.status, order.refunded) == (0, refund.amount)


def test_a_refund_that_was_never_sent_is_sent_by_the_job(alice, order, chief, gateway, capsys):
    ask(alice, order, 1)
    approved(Refund.objects.get(), chief)
    Refund.objects.update(decided_at=timezone.now() - LATER)
    gateway.book.behave("answer", "error")
    call_command("payments")
    assert "0 refunds done, 1 under way" in capsys.readouterr().out

    gateway.book.behave("answer", "")
    call_command("payments")

    assert "1 refunds done, 0 under way" in capsys.readouterr().out
    assert Refund.objects.get().status == Refund.Status.DONE


def overpaid(customer: Customer, order: Order) -> Any:
    return customer.get(f"/api/order/{order.order_number}/").json()["data"]["overpaid"]


def test_money_that_an_order_cannot_take_goes_back_by_itself_once(alice, order, gateway):
    """Paid twice, through two channels."""
    Order.objects.update(status=1)
    second = begin(order, PaymentType.WECHAT)
    Order.objects.update(status=0)
    gateway.pay(second)
    trades.close(second, now=timezone.now())
    second.refresh_from_db()
    assert second.status == Payment.Status.EXCESS
    (told,) = overpaid(alice, order)
    assert (told["channel_display"], told["amount"]) == ("微信支付", "557.01")
    assert (bool(told["paid_at"]), told["returned_at"]) == (True, None)

    runs = [sending.send_waiting(now=timezone.now()) for _ in range(2)]

    order.refresh_from_db()
    refund = Refund.objects.get()
    assert [run.done for run in runs] == [1, 0]
    assert gateway.book.refunds(gateway.trade(second)) == {refund.out_request_no: 55701}
    assert (refund.excess, order.status, order.refunded) == (True, 0, 0)
    assert EnrolledCourse.objects.filter(status=0).count() == 3
    assert list(audit.findings()) == []
    assert alice.get(url(order)).json()["data"]["amount"] == "557.01"
    (told,) = overpaid(alice, order)
    assert told["returned_at"] == moment(refund.done_at)


def test_a_refund_that_was_asked_for_is_not_shown_as_money_paid_in_vain(alice, order, chief):
    assert overpaid(alice, order) == []
    ask(alice, order, 1)
    sending.send(approved(Refund.objects.get(), chief), now=timezone.now())

    assert overpaid(alice, order) == []
