"""The audit's checks of orders, each by itself, on rows that are written as they are."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from api.models import CouponRecord, EnrolledCourse, Order, OrderDetail, Payment, Refund
from api.services.audit import orders
from tests.support.audited import (
    ASKED,
    CANCELLED,
    DONE,
    EVER_PAID,
    NEVER_PAID,
    NOW,
    PAID,
    REFUNDED,
    TIMED_OUT,
    UNPAID,
    line,
    order_of,
    payment_of,
    refund_of,
    said,
)
from tests.support.factories import AccountFactory, CouponRecordFactory, CourseFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 27)
FEN = Decimal("0.01")


# --- Orders and their lines -----------------------------------------------------------------------


def test_an_order_whose_sums_are_those_of_its_lines_passes() -> None:
    order_of(lines=2), order_of(subtotal=0, course_discount=0, global_discount=0, actual_amount=0)
    assert said(orders.unlike_their_lines) == []


@pytest.mark.parametrize(
    ("sums", "what"),
    [
        (
            {"subtotal": 100 + FEN, "course_discount": 10 + FEN},
            "subtotal 100.01, of its lines 100.00; course_discount 10.01, of its lines 10.00",
        ),
        (
            {"subtotal": 100 - FEN, "actual_amount": 85 - FEN},
            "actual_amount 84.99, of its lines 85.00; subtotal 99.99, of its lines 100.00",
        ),
        (
            {"course_discount": 10 - FEN, "global_discount": 5 + FEN},
            "course_discount 9.99, of its lines 10.00; global_discount 5.01, of its lines 5.00",
        ),
        ({"refunded": FEN}, "refunded 0.01, of its lines 0.00"),
    ],
)
def test_every_sum_that_is_not_that_of_its_lines_is_told(sums: dict[str, Any], what: str) -> None:
    order_of(lines=2)
    order = order_of(lines=2, **sums)
    assert said(orders.unlike_their_lines) == [f"order {order.order_number}: {what}"]


# --- Orders and their payments --------------------------------------------------------------------


@pytest.mark.parametrize("status", EVER_PAID)
def test_a_paid_order_has_received_what_it_costs_to_the_fen(status: int) -> None:
    for got in (85, 85 + FEN, 85 - FEN):
        payment_of(order_of(status), got)
    exact, more, less = Order.objects.order_by("pk")
    payment_of(exact, 1, Payment.Status.EXCESS), payment_of(exact, 1, Payment.Status.WAITING)
    unpaid = order_of(status)
    told = f"status {status}, costs 85.00, received"
    assert said(orders.unlike_their_payments) == [
        f"order {more.order_number}: {told} 85.01",
        f"order {less.order_number}: {told} 84.99",
        f"order {unpaid.order_number}: {told} 0.00",
    ]


@pytest.mark.parametrize("status", NEVER_PAID)
def test_any_other_order_has_received_nothing(status: int) -> None:
    payment_of(order_of(status), 85, Payment.Status.EXCESS)
    order = order_of(status)
    payment_of(order, FEN)
    assert said(orders.unlike_their_payments) == [
        f"order {order.order_number}: status {status}, costs 85.00, received 0.01"
    ]


# --- Orders and their enrolments ------------------------------------------------------------------


def enrolled(detail: OrderDetail, **fields: Any) -> EnrolledCourse:
    facts = {"account": detail.order.account, "course_id": detail.object_id} | fields
    return EnrolledCourse.objects.create(
        order_detail=detail, enrolled_date=NOW, valid_begin_date=TODAY, valid_end_date=TODAY,
        **facts,
    )  # fmt: skip


def unlike_its_enrolment(detail: OrderDetail, has: str) -> list[str]:
    order = detail.order
    what = f"status {order.status}, course {detail.object_id}: {has}"
    return [f"order {order.order_number}: {what}"]


@pytest.mark.parametrize("status", [PAID, ASKED])
def test_each_line_of_a_paid_order_has_an_enrolment_of_its_account_in_its_course(
    status: int,
) -> None:
    right, none, anothers, elsewhere = (line(order_of(status), 1) for _ in range(4))
    enrolled(right)
    two = [
        enrolled(anothers, account=AccountFactory()),
        enrolled(elsewhere, course_id=CourseFactory().pk),
    ]
    assert said(orders.unlike_their_enrolments) == [
        *unlike_its_enrolment(none, "no enrolment"),
        *unlike_its_enrolment(anothers, f"enrolment {two[0].pk}"),
        *unlike_its_enrolment(elsewhere, f"enrolment {two[1].pk}"),
    ]


def test_a_refunded_order_has_no_enrolment_that_is_open() -> None:
    opened, over, _none = (line(order_of(REFUNDED), 1) for _ in range(3))
    open_one = enrolled(opened)
    enrolled(over, status=1)
    told = unlike_its_enrolment(opened, f"enrolment {open_one.pk}")
    assert said(orders.unlike_their_enrolments) == told


@pytest.mark.parametrize("status", NEVER_PAID)
def test_an_order_that_was_never_paid_has_no_enrolment_at_all(status: int) -> None:
    some, _none = (line(order_of(status), 1) for _ in range(2))
    one = enrolled(some, status=1)
    assert said(orders.unlike_their_enrolments) == unlike_its_enrolment(some, f"enrolment {one.pk}")


def test_a_course_that_was_given_back_is_not_learned_any_more() -> None:
    order = order_of()
    back, closed, asked_for = (line(order, 1) for _ in range(3))
    still_open = enrolled(back)
    enrolled(closed, status=1), enrolled(asked_for)
    refund_of(order, 2, DONE, (back, 1), (closed, 1))
    refund_of(order, 1, Refund.Status.ASKED, (asked_for, 1))
    told = unlike_its_enrolment(back, f"enrolment {still_open.pk}")
    assert said(orders.unlike_their_enrolments) == told


# --- Orders and their coupons ---------------------------------------------------------------------


def with_coupons(status: int, held: int | None, records: int = 1) -> tuple[Order, list[int]]:
    """An order that was quoted with so many coupons, whose records have the status `held`, or are
    free; and one more that was not at work."""
    order = order_of(status)
    made = CouponRecordFactory.create_batch(records + 1, account=order.account)
    ids = [record.pk for record in made]
    if held is not None:
        CouponRecord.objects.filter(pk__in=ids[:records]).update(status=held, order=order)
    quoted = [{"id": pk, "at_work": pk != ids[-1]} for pk in ids]
    order.quote = {"taken": "", "course_list": [{"coupons": quoted}], "global_coupons": []}
    order.save()
    return order, ids[:records]


RIGHT = {UNPAID: 4, PAID: 1, ASKED: 1, REFUNDED: None, CANCELLED: None, TIMED_OUT: None}


@pytest.mark.parametrize("status", range(6))
@pytest.mark.parametrize("held", [None, 4, 1])
def test_an_order_holds_the_coupons_that_it_was_quoted_with_as_long_as_it_may(
    status: int, held: int | None
) -> None:
    order, ids = with_coupons(status, held, records=2)
    right = RIGHT[status]
    told = [
        "none" if one is None else ", ".join(f"record {pk} ({one})" for pk in ids)
        for one in (held, right)
    ]
    what = f"status {status}, holds {told[0]}, should hold {told[1]}"
    assert said(orders.unlike_their_coupons) == (
        [] if held == right else [f"order {order.order_number}: {what}"]
    )


def test_what_came_back_with_a_refund_is_held_no_more() -> None:
    order, (back, _kept) = with_coupons(PAID, 1, records=2)
    lines = line(order, 1, coupon_record_id=back), line(order, 1)
    refund_of(order, 2, DONE, *((one, 1) for one in lines))
    assert len(said(orders.unlike_their_coupons)) == 1
    CouponRecord.objects.filter(pk=back).update(status=0, order=None)
    assert said(orders.unlike_their_coupons) == []


def test_a_course_without_a_coupon_takes_no_coupon_back() -> None:
    order, _ = with_coupons(PAID, 1)
    refund_of(order, 1, DONE, (line(order, 1), 1))
    assert said(orders.unlike_their_coupons) == []


def test_many_orders_are_looked_at_in_batches_and_each_once(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(orders, "BATCH", 2)
    wrong = [with_coupons(status, None)[0] for status in (PAID, UNPAID, PAID)]
    named = [finding.row for finding in orders.unlike_their_coupons()]
    assert named == [f"order {order.order_number}" for order in wrong]
    Order.objects.update(status=CANCELLED)
    # Two batches of orders, with what they hold and what came back, and the empty one at the end.
    with django_assert_num_queries(7):
        assert said(orders.unlike_their_coupons) == []


def test_an_order_that_changed_between_two_looks_is_not_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order, ids = with_coupons(UNPAID, None)

    def locked(_account_id: int) -> None:
        CouponRecord.objects.filter(pk__in=ids).update(status=4, order=order)

    monkeypatch.setattr(orders, "lock_account", locked)
    assert said(orders.unlike_their_coupons) == []


# --- Refunds --------------------------------------------------------------------------------------


def test_what_went_back_is_what_refunds_that_are_done_say() -> None:
    order = order_of(refunded=10)
    detail = line(order, 100, 10, 5, refunded=10)
    refund_of(order, 10, DONE, (detail, 10))
    refund_of(order, 7, Refund.Status.REFUSED, (detail, 7))
    refund_of(order, 9, DONE, excess=True)
    assert said(orders.unlike_their_refunds) == []


@pytest.mark.parametrize("off", [FEN, -FEN])
def test_a_line_and_an_order_are_named_where_refunds_say_otherwise(off: Decimal) -> None:
    order = order_of(refunded=10)
    detail = line(order, 100, 10, 5, refunded=10)
    refund_of(order, 10 + off, DONE, (detail, 10 + off))
    row, sum_ = f"order {order.order_number}", f"{10 + off:.2f}"
    assert said(orders.unlike_their_refunds) == [
        f"{row}: course {detail.object_id}: refunded 10.00, by its refunds {sum_}",
        f"{row}: refunded 10.00, sent back {sum_}",
    ]
