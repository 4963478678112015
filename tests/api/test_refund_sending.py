"""Refunds on their way to a gateway that answers whatever a test wants (contract §10)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from api.errors import GatewayOutOfReach, GatewayUnclear
from api.models import CouponRecordEvent, Order, Payment, Refund
from api.rules.refunds import RefundState
from api.services.orders import paying
from api.services.orders.paying import Received
from api.services.refunds import asking, deciding, finishing, sending
from api.services.refunds.sending import Sent
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)
from tests.support.fake_gateways import FakeGateway, FakeGateways, fake_gateways

pytestmark = pytest.mark.django_db
PENDING, DONE = RefundState.PENDING, RefundState.DONE
APPROVED = Refund.Status.APPROVED
NOW = timezone.now()
SECOND = timedelta(seconds=1)


@pytest.fixture
def gateways(monkeypatch: pytest.MonkeyPatch) -> FakeGateways:
    return fake_gateways(monkeypatch)


@pytest.fixture
def alipay(gateways: FakeGateways) -> FakeGateway:
    assert gateways.alipay is not None
    return gateways.alipay


@pytest.fixture
def chief(db: None) -> User:
    return User.objects.create_user("chief", is_staff=True)


def asked(order: Order, *course_ids: int, reason: str = "不想学了", **more: Any) -> Refund:
    who = {"account_id": order.account_id, "order_number": order.order_number}
    asking.ask(**who, course_ids=course_ids, reason=reason, now=NOW, **more)
    return order.refunds.latest("pk")


@pytest.fixture
def approved(chief: User) -> Callable[..., Refund]:
    """A refund of a new order of 99.00, paid through Alipay and approved."""

    def approve(
        at: datetime = NOW, order: Order | None = None, *course_ids: int, **more: Any
    ) -> Refund:
        if order is None:
            order = orders.order()
            orders.pay(order)
        refund = asked(order, *course_ids, **more)
        return deciding.approve(refund.pk, staff_id=chief.pk, note="好", now=at)

    return approve


@pytest.fixture
def excess(db: None) -> Payment:
    """99.00 through WeChat for an order that was paid through Alipay."""
    return paid_again(orders.order())


def paid_again(order: Order, channel: str = "wechat") -> Payment:
    orders.pay(order)
    number = f"{order.order_number}W"
    received = Received(channel, number, order.actual_amount, f"T{number}")
    paying.receive(order.pk, received, now=NOW)
    return Payment.objects.get(out_trade_no=number)


# --- One refund -----------------------------------------------------------------------------------


def test_the_gateway_is_told_whose_money_goes_back_under_which_number(alipay, approved):
    refund = approved()

    assert sending.send(refund, now=NOW)

    (said,) = alipay.refunds
    order = refund.order
    assert said.out_trade_no == order.order_number
    assert said.out_request_no == f"{order.order_number}R01"
    assert (said.amount, said.total, said.reason) == (99, 99, "不想学了")


def test_the_second_refund_of_an_order_has_the_next_number(alipay, approved, chief):
    order = orders.order()
    orders.pay(order)
    deciding.refuse(asked(order).pk, staff_id=chief.pk, note="", now=NOW)

    refund = approved(order=order)

    assert refund.out_request_no == f"{order.order_number}R02"


def test_without_a_reason_the_gateway_is_told_that_it_is_a_refund(alipay, approved):
    sending.send(approved(reason=""), now=NOW)

    assert alipay.refunds[0].reason == "退款"


def test_a_refund_that_may_have_been_sent_is_asked_for_first(alipay, approved):
    refund = approved()
    alipay.silent = True
    with pytest.raises(GatewayOutOfReach):
        sending.send(refund, now=NOW)
    alipay.silent, alipay.known = False, DONE

    assert sending.send(refund, now=NOW)

    number = refund.out_request_no
    assert alipay.heard == [("refund", number), ("query_refund", number)]


def test_one_that_the_gateway_does_not_know_is_sent_again_under_its_number(alipay, approved):
    refund = approved()
    Refund.objects.update(sent_at=NOW)

    assert sending.send(refund, now=NOW)

    number = refund.out_request_no
    assert alipay.heard == [("query_refund", number), ("refund", number)]


def test_a_refund_is_finished_once(alipay, approved):
    refund = approved()
    assert finishing.finish(refund, now=NOW)
    before = list(Order.objects.values())

    assert not finishing.finish(refund, now=NOW)

    assert list(Order.objects.values()) == before


@pytest.mark.parametrize("sent", [None, NOW], ids=["just sent", "asked for"])
def test_a_refund_that_the_gateway_has_not_done_yet_is_not_done_here(alipay, approved, sent):
    refund = approved()
    Refund.objects.update(sent_at=sent)
    alipay.known = alipay.sends = PENDING

    assert not sending.send(refund, now=NOW)

    refund.refresh_from_db()
    refund.order.refresh_from_db()
    assert (refund.status, refund.sent_at, len(alipay.heard)) == (APPROVED, NOW, 1)
    assert (refund.order.status, refund.order.refunded) == (2, 0)


def test_of_a_course_that_cost_nothing_no_gateway_is_told(alipay, approved):
    account, free = AccountFactory(), CourseFactory()
    policies = [
        PricePolicyFactory(content_object=course, price=10.0) for course in (free, CourseFactory())
    ]
    coupon = CouponFactory(money_equivalent_value=10, course=free)
    order = orders.place(account, policies, (CouponRecordFactory(account=account, coupon=coupon),))
    orders.pay(order)
    refund = approved(NOW, order, free.pk)

    assert sending.send(refund, now=NOW)

    refund.refresh_from_db()
    assert (refund.status, refund.amount, alipay.heard) == (Refund.Status.DONE, 0, [])


def test_where_the_channel_has_no_merchant_any_more_it_stays_under_way(gateways, approved):
    refund, gateways.alipay = approved(), None

    with pytest.raises(GatewayUnclear):
        sending.send(refund, now=NOW)

    refund.refresh_from_db()
    assert (refund.status, refund.sent_at) == (APPROVED, None)


# --- The job --------------------------------------------------------------------------------------


def test_the_job_leaves_a_minute_to_whoever_approved(alipay, approved):
    approved(at=NOW - timedelta(minutes=1) + SECOND)
    assert sending.send_waiting(now=NOW) == Sent(done=0, waiting=0)

    assert sending.send_waiting(now=NOW + SECOND) == Sent(done=1, waiting=0)


def test_the_job_counts_those_that_are_done_and_those_that_are_not(gateways, alipay, approved):
    for _ in range(2):
        approved(at=NOW - timedelta(hours=1))
    order = orders.order()
    paid_again(order)
    gateways.wechat.sends = PENDING

    assert sending.send_waiting(now=NOW) == Sent(done=2, waiting=1)


def test_a_channel_without_a_merchant_holds_up_no_other_refund(gateways, approved, excess):
    stuck, gateways.alipay = approved(at=NOW - timedelta(hours=1)), None

    assert sending.send_waiting(now=NOW) == Sent(done=1, waiting=1)

    stuck.refresh_from_db()
    assert stuck.status == APPROVED
    assert Refund.objects.get(excess=True).status == Refund.Status.DONE


def test_an_answer_that_does_not_help_keeps_no_other_refund_of_the_channel_waiting(
    alipay, approved
):
    first, second = (approved(at=NOW - timedelta(hours=1)) for _ in range(2))
    alipay.unclear.add(first.out_request_no)

    assert sending.send_waiting(now=NOW) == Sent(done=1, waiting=1)

    second.refresh_from_db()
    assert second.status == Refund.Status.DONE


def test_a_silent_gateway_is_told_of_one_refund_in_a_run_and_the_others_wait(
    alipay, approved, excess
):
    for _ in range(2):
        approved(at=NOW - timedelta(hours=1))
    alipay.silent = True

    assert sending.send_waiting(now=NOW) == Sent(done=1, waiting=2)

    assert len(alipay.heard) == 1


# --- Money that no order could take ---------------------------------------------------------------


def test_money_that_no_order_could_take_gets_a_refund_that_nobody_has_to_approve(excess):
    assert sending.return_excess(now=NOW) == 1

    refund = Refund.objects.get()
    assert (refund.order, refund.payment, refund.amount) == (excess.order, excess, excess.amount)
    assert (refund.status, refund.excess, refund.decided_by) == (APPROVED, True, None)
    assert (refund.asked_at, refund.decided_at) == (NOW, NOW)
    assert sending.return_excess(now=NOW) == 0


def test_money_of_the_desk_that_is_too_much_goes_back_at_the_desk(db):
    paid_again(orders.order(), "offline")

    assert sending.return_excess(now=NOW) == 0
    assert not Refund.objects.exists()


def test_of_two_runs_that_find_the_same_money_one_returns_it(excess, monkeypatch):
    returned = sending._return

    def another_run_comes_first(payment: Payment, now: datetime) -> bool:
        assert returned(payment, now)
        return returned(payment, now)

    monkeypatch.setattr(sending, "_return", another_run_comes_first)

    assert sending.return_excess(now=NOW) == 0
    assert Refund.objects.count() == 1


# --- Who decided ----------------------------------------------------------------------------------


def test_a_coupon_that_comes_back_says_who_approved_the_refund(alipay, approved, chief):
    account, course = AccountFactory(), CourseFactory()
    policy = PricePolicyFactory(content_object=course, price=50.0)
    coupon = CouponFactory(money_equivalent_value=10, course=course)
    record = CouponRecordFactory(account=account, coupon=coupon)
    order = orders.place(account, [policy], (record,))
    orders.pay(order)

    refund = approved(order=order)
    sending.send(refund, now=NOW)

    told = CouponRecordEvent.objects.filter(record=record).latest("pk")
    assert (told.from_status, told.to_status, told.staff) == (1, 0, chief)
    assert told.reason == f"退款 {refund.out_request_no}"


@pytest.mark.parametrize("decide", [deciding.approve, deciding.refuse])
def test_of_a_long_note_the_first_255_characters_are_kept(chief, decide):
    order = orders.order()
    orders.pay(order)

    refund = decide(asked(order).pk, staff_id=chief.pk, note="长" * 300, now=NOW)

    refund.refresh_from_db()
    assert refund.note == "长" * 255
    assert (refund.decided_by, refund.decided_at) == (chief, NOW)


def test_who_asks_at_the_desk_is_written_down_and_does_not_decide(chief):
    order = orders.order()
    orders.pay(order)

    refund = asked(order, staff_id=chief.pk)

    assert refund.asked_by == chief
    with pytest.raises(deciding.OwnRequest):
        deciding.approve(refund.pk, staff_id=chief.pk, note="", now=NOW)
