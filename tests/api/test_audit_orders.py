"""The audit of orders: what the shop itself does holds, and every break of it is named."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.models import (
    CouponRecord,
    CouponRecordEvent,
    EnrolledCourse,
    Order,
    OrderDetail,
    Payment,
    Refund,
)
from api.services import audit
from api.services.orders import closing, paying
from api.services.orders.frozen import spent_records
from api.services.orders.paying import Outcome, Received
from api.services.refunds import asking, deciding, finishing
from tests.support import orders
from tests.support.factories import (
    AccountFactory,
    CouponFactory,
    CouponRecordFactory,
    CourseFactory,
    PricePolicyFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]  # seven orders for each test


def placed(price: float = 599.0) -> Order:
    """Of two courses; 立减40 on the first, and a site-wide 立减100."""
    account, courses = AccountFactory(), CourseFactory.create_batch(2)
    policies = [PricePolicyFactory(content_object=course, price=price) for course in courses]
    own = CouponFactory(course=courses[0])
    everywhere = CouponFactory(money_equivalent_value=100)
    records = [CouponRecordFactory(account=account, coupon=one) for one in (own, everywhere)]
    return orders.place(account, policies, tuple(records))


def refund(order: Order) -> None:
    """Of its first course, at the desk."""
    now, course = timezone.now(), order.details.first().object_id
    asking.ask(
        account_id=order.account_id, order_number=order.order_number, course_ids=[course],
        reason="", now=now,
    )  # fmt: skip
    chief, _ = User.objects.get_or_create(username="chief")
    asked = Refund.objects.get(order=order)
    assert finishing.finish(
        deciding.approve(asked.pk, staff_id=chief.pk, note="", now=now), now=now
    )


class World(NamedTuple):
    unpaid: Order
    paid: Order
    cancelled: Order
    timed_out: Order
    revived: Order
    free: Order
    refunded: Order


@pytest.fixture
def world() -> World:
    """An order in every state that the shop can bring it to by now."""
    now = timezone.now()
    made = World(placed(), placed(), placed(), placed(), placed(), placed(price=30.0), placed())
    cancelled = made.cancelled
    orders.pay(made.paid)
    closing.cancel(account_id=cancelled.account_id, order_number=cancelled.order_number, now=now)
    for order in (made.timed_out, made.revived):
        assert closing.close_timed_out(order, now=now + timedelta(days=1))
    orders.pay(made.revived)
    orders.pay(made.paid)  # told twice
    orders.pay(made.refunded)
    refund(made.refunded)
    for order in made:
        order.refresh_from_db()
    return made


def found() -> set[str]:
    return {str(finding) for finding in audit.findings()}


def rows() -> set[str]:
    return {finding.row for finding in audit.findings()}


def name(order: Order) -> str:
    return f"order {order.order_number}"


def record_of(order: Order) -> CouponRecord:
    record = order.details.get(coupon_record__isnull=False).coupon_record
    assert record
    return record


def test_what_the_shop_does_holds(world: World) -> None:
    assert [order.status for order in world] == [1, 0, 4, 5, 0, 0, 0]
    assert world.free.actual_amount == 0
    assert found() == set()


def test_money_that_is_to_go_back_is_not_counted_as_received(world: World) -> None:
    again = Received(channel="wechat", out_trade_no="again", amount=world.paid.actual_amount)
    assert paying.receive(world.paid.pk, again, now=timezone.now()) is Outcome.EXCESS
    assert found() == set()


def _record(order: str, /, **fields: object) -> Callable[[World], object]:
    def change(world: World) -> object:
        record = record_of(getattr(world, order))
        return CouponRecord.objects.filter(pk=record.pk).update(**fields)

    return change


def _order(order: str, /, **fields: object) -> Callable[[World], object]:
    return lambda w: Order.objects.filter(pk=getattr(w, order).pk).update(**fields)


# What is broken -> how, in which order, and whether its record is named or itself.
NOW = timezone.now()
BREAKS: dict[str, tuple[Callable[[World], object], str, bool]] = {
    "status without an event": (_record("cancelled", status=2), "cancelled", True),
    "locked without an order": (_record("unpaid", order=None), "unpaid", True),
    "used and lost its order": (_record("paid", order=None), "paid", True),
    "free with an order": (_record("paid", status=0), "paid", True),
    "an unpaid order holds fewer": (_record("unpaid", status=0, order=None), "unpaid", False),
    "a paid order holds fewer": (_record("paid", order=None), "paid", False),
    "somebody else's record": (
        lambda w: CouponRecord.objects.filter(pk=record_of(w.paid).pk).update(
            account=w.unpaid.account_id
        ),
        "paid",
        True,
    ),
    "a closed order holds one": (
        lambda w: CouponRecord.objects.filter(pk=record_of(w.cancelled).pk).update(
            status=4, order=w.cancelled
        ),
        "cancelled",
        False,
    ),
    "an order that closed and kept its coupons": (
        _order("unpaid", status=5, cancel_time=NOW), "unpaid", True,
    ),
    "an order that was paid by hand": (_order("unpaid", status=0, pay_time=NOW), "unpaid", False),
    "a line is gone": (
        lambda w: OrderDetail.objects.filter(order=w.unpaid).last().delete(), "unpaid", False,
    ),
    "a total is another": (
        _order("unpaid", actual_amount=1, subtotal=141), "unpaid", False,
    ),
    "refunded without its lines": (_order("paid", refunded=1), "paid", False),
    "an enrolment is gone": (
        lambda w: EnrolledCourse.objects.filter(order_detail__order=w.paid).last().delete(),
        "paid",
        False,
    ),
    "an enrolment is somebody else's": (
        lambda w: EnrolledCourse.objects.filter(order_detail__order=w.paid).update(
            account=w.unpaid.account_id
        ),
        "paid",
        False,
    ),
    "an enrolment of a closed order": (
        lambda w: EnrolledCourse.objects.create(
            account=w.cancelled.account, course=CourseFactory(), enrolled_date=NOW,
            valid_begin_date=NOW, valid_end_date=NOW, order_detail=w.cancelled.details.first(),
        ),
        "cancelled",
        False,
    ),
    "a refunded course that is still learned": (
        lambda w: EnrolledCourse.objects.filter(order_detail__order=w.refunded).update(status=0),
        "refunded",
        False,
    ),
    "a refund of another amount than its courses": (
        lambda w: Refund.objects.filter(order=w.refunded).update(amount=1), "refunded", False,
    ),
    "a refund that was never sent": (
        lambda w: Refund.objects.filter(order=w.refunded).update(status=1), "refunded", False,
    ),
    "a refunded course's coupon that stayed used": (
        lambda w: CouponRecord.objects.filter(pk=record_of(w.refunded).pk).update(
            status=1, order=w.refunded
        ),
        "refunded",
        False,
    ),
    "a refunded order that is still learned": (_order("paid", status=3), "paid", False),
    "paid without money": (
        lambda w: Payment.objects.filter(order=w.paid).update(status=0), "paid", False,
    ),
    "paid with another amount": (
        lambda w: Payment.objects.filter(order=w.paid).update(amount=1), "paid", False,
    ),
    "money for a closed order": (
        lambda w: Payment.objects.create(
            order=w.cancelled, channel="alipay", out_trade_no="x", amount=1, status=1, created=NOW
        ),
        "cancelled",
        False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "order", "of_record"), BREAKS.values(), ids=BREAKS)
def test_every_break_is_named(
    world: World, change: Callable[[World], object], order: str, of_record: bool
) -> None:
    broken: Order = getattr(world, order)
    record = record_of(broken)
    assert change(world)
    named = rows()
    assert (f"record {record.number}" if of_record else name(broken)) in named
    own = CouponRecord.objects.filter(pk__in=spent_records(broken)).values_list("number", flat=True)
    refunds = Refund.objects.filter(order=broken).values_list("out_request_no", flat=True)
    its = {*(f"record {number}" for number in own), *(f"refund {number}" for number in refunds)}
    assert named <= {name(broken)} | its  # and nothing else is


def test_a_record_without_any_event_is_named(world: World) -> None:
    record = record_of(world.cancelled)
    CouponRecordEvent.objects.filter(record=record)._raw_delete("default")
    assert found() == {f"record {record.number}: status 0, no event"}


def test_a_record_whose_events_do_not_follow_upon_one_another_is_named(world: World) -> None:
    record = record_of(world.paid)
    CouponRecordEvent.objects.filter(record=record, to_status=4)._raw_delete("default")
    assert found() == {f"record {record.number}: an event begins with status 4, after status 0"}


def test_a_record_that_never_came_is_named(world: World) -> None:
    record = record_of(world.paid)
    CouponRecordEvent.objects.filter(record=record, to_status=0)._raw_delete("default")
    assert found() == {f"record {record.number}: an event begins with status 0, after nothing"}


def test_a_record_that_was_used_before_there_were_orders_is_none() -> None:
    CouponRecordFactory(status=1)
    assert found() == set()


def test_the_command_prints_each_of_them_and_fails(world: World, capsys) -> None:
    call_command("audit")
    assert capsys.readouterr().out == "all of it holds\n"
    Payment.objects.filter(order=world.paid).update(status=Payment.Status.WAITING)
    with pytest.raises(CommandError, match="wrong: 1"):
        call_command("audit")
    amount = world.paid.actual_amount
    said = f"{name(world.paid)}: status 0, costs {amount}, received 0.00: WRONG\n"
    assert capsys.readouterr().out == said


def test_the_queries_do_not_grow(world: World) -> None:
    with CaptureQueriesContext(connection) as few:
        found()
    for _ in range(5):
        orders.pay(placed())
    with CaptureQueriesContext(connection) as many:
        assert found() == set()
    assert len(many) == len(few)
