"""The audit's checks of the books, each by itself, on entries that are written as they are."""

from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from api.models import LedgerEntry, Order, OrderDetail, Payment, Refund
from api.services.audit import books
from tests.support.audited import (
    ASKED,
    DONE,
    EVER_PAID,
    NEVER_PAID,
    NOW,
    line,
    order_of,
    payment_of,
    refund_of,
    said,
)
from tests.support.factories import CouponRecordFactory

pytestmark = pytest.mark.django_db
FEN = Decimal("0.01")


def post(
    order: Order, event: str, account: str, amount: Any, posting: str = "p", **of: Any
) -> None:
    """An entry alone, without what guards the books."""
    number = LedgerEntry.objects.count() + 1
    entry = LedgerEntry(
        posting=posting, line=number, event=event, account=account, amount=amount, at=NOW,
        order=order, **of,
    )  # fmt: skip
    LedgerEntry._base_manager.bulk_create([entry])


# --- What was posted for orders -------------------------------------------------------------------


def posted(order: Order, **off: Decimal) -> None:
    """As the shop posts a paid order of which 20.00 went back; `off`: what is too much."""
    due = {
        "full": ("paid", "learner", Decimal(-100)),
        "own": ("paid", "coupons", Decimal(10)),
        "site_wide": ("paid", "coupons", Decimal(5)),
        "got": ("paid", "wechat", Decimal(85)),
        "gave": ("refunded", "offline", Decimal(-20)),
        "back": ("refunded", "learner", Decimal(20)),
    }
    for name, (event, account, amount) in due.items():
        if sum_ := amount + off.get(name, 0):
            post(order, event, account, sum_, posting=f"{event}{order.pk}")


def test_books_that_balance_pass() -> None:
    posted(order_of(refunded=20)), posted(order_of(ASKED, refunded=20))
    assert said(books.that_do_not_balance) == said(books.unlike_their_orders) == []


@pytest.mark.parametrize("off", [FEN, -FEN])
def test_a_posting_that_does_not_balance_is_named_and_so_are_the_books(off: Decimal) -> None:
    order = order_of(refunded=20)
    posted(order, got=off)
    assert said(books.that_do_not_balance) == [
        f"posting paid{order.pk}: adds up to {off}",
        f"the books: all of them add up to {off}",
    ]


def test_postings_that_make_up_for_one_another_are_named_and_the_books_are_not() -> None:
    more, less = order_of(), order_of()
    posted(more, got=FEN), posted(less, got=-FEN)
    assert set(said(books.that_do_not_balance)) == {
        f"posting paid{more.pk}: adds up to 0.01",
        f"posting paid{less.pk}: adds up to -0.01",
    }


@pytest.mark.parametrize("off", [FEN, -FEN])
@pytest.mark.parametrize("status", EVER_PAID)
def test_what_was_posted_for_a_paid_order_is_told_beside_what_should_be(
    status: int, off: Decimal
) -> None:
    told = []
    for name in ("full", "own", "site_wide", "got", "gave"):
        order = order_of(status, refunded=20)
        posted(order, **{name: off})
        sums = {"full": Decimal(100), "off": Decimal(15), "got": Decimal(85), "gave": Decimal(20)}
        what = "off" if name in ("own", "site_wide") else name
        sums[what] += -off if name in ("full", "gave") else off
        told.append(
            f"order {order.order_number}: status {status}, "
            f"posted {', '.join(f'{one:.2f}' for one in sums.values())}, "
            "should be 100.00, 15.00, 85.00, 20.00 (full price, discounts, received, refunded)"
        )
    assert said(books.unlike_their_orders) == told


@pytest.mark.parametrize("off", [FEN, -FEN])
@pytest.mark.parametrize("status", NEVER_PAID)
def test_for_an_order_that_was_never_paid_nothing_is_posted(status: int, off: Decimal) -> None:
    order_of(status)
    told = []
    for event, account, sums in (
        ("paid", "learner", f"{-off}, 0.00, 0.00, 0.00"),
        ("paid", "coupons", f"0.00, {off}, 0.00, 0.00"),
        ("paid", "alipay", f"0.00, 0.00, {off}, 0.00"),
        ("refunded", "alipay", f"0.00, 0.00, 0.00, {-off}"),
    ):
        order = order_of(status)
        post(order, event, account, off, posting=f"p{order.pk}")
        told.append(
            f"order {order.order_number}: status {status}, posted {sums} "
            "(full price, discounts, received, refunded)"
        )
    assert said(books.unlike_their_orders) == told


# --- The books and coupons ------------------------------------------------------------------------


def with_a_coupon(discount: Any = 10) -> tuple[Order, OrderDetail]:
    order = order_of()
    record = CouponRecordFactory(account=order.account)
    return order, line(order, 100, discount, coupon_record=record)


@pytest.mark.parametrize("discount", [Decimal("0.50"), 10])
def test_what_a_course_s_coupon_took_off_is_posted_for_its_record(discount: Any) -> None:
    order, detail = with_a_coupon(discount)
    row = f"order {order.order_number}: course {detail.object_id}"
    for amount, number in ((discount, 99), (discount - FEN, None), (2 * FEN, None)):
        record = number or detail.coupon_record_id
        post(order, "paid", "coupons", amount, record=record)
        booked = Decimal(0) if number else discount + amount - discount
        if amount == 2 * FEN:
            booked = discount + FEN
        told = f"{row}: its coupon took off {discount:.2f}, by the books {booked:.2f}"
        assert said(books.unlike_their_coupons) == [told]
    post(order, "paid", "coupons", -FEN, record=detail.coupon_record_id)
    assert said(books.unlike_their_coupons) == []


def test_what_a_course_s_coupon_took_off_is_taken_back_with_the_course() -> None:
    order, detail = with_a_coupon()
    post(order, "paid", "coupons", 10, record=detail.coupon_record_id)
    refund_of(order, 90, Refund.Status.REFUSED, (detail, 90))
    refund_of(order, 90, DONE, (detail, 90), excess=True)
    assert said(books.unlike_their_coupons) == []
    refund_of(order, 90, DONE, (detail, 90))
    row = f"order {order.order_number}: course {detail.object_id}"
    told = f"{row}: its coupon took off 0.00, by the books"
    assert said(books.unlike_their_coupons) == [f"{told} 10.00"]
    post(order, "refunded", "coupons", -10 - FEN, record=detail.coupon_record_id)
    assert said(books.unlike_their_coupons) == [f"{told} -0.01"]
    post(order, "refunded", "coupons", FEN, record=detail.coupon_record_id)
    assert said(books.unlike_their_coupons) == []


# --- The books and payments -----------------------------------------------------------------------


@pytest.mark.parametrize("owed", [49, 50, 51, -50])
def test_money_that_is_too_much_is_posted_as_such(owed: int) -> None:
    order = order_of()
    payment = payment_of(order, 50, Payment.Status.EXCESS)
    post(order, "excess", "excess", -owed, payment=payment)
    told = f"payment {payment.out_trade_no}: status 3, amount 50.00, by the books {owed}.00"
    found = said(books.unlike_their_payments)
    assert found == ([] if owed == 50 else [f"{told} is to go back"])


@pytest.mark.parametrize("status", [0, 1, 2])
def test_any_other_payment_is_not_posted_as_too_much(status: int) -> None:
    order = order_of()
    payment, _beside = payment_of(order, 50, status), payment_of(order_of(), 50, status)
    post(order, "excess", "excess", -FEN, payment=payment)
    assert said(books.unlike_their_payments) == [
        f"payment {payment.out_trade_no}: status {status}, amount 50.00, "
        "by the books 0.01 is to go back"
    ]


# --- The books and refunds ------------------------------------------------------------------------


@pytest.mark.parametrize("excess", [False, True])
@pytest.mark.parametrize("status", list(Refund.Status))
def test_a_refund_that_is_done_was_given_as_what_it_is_and_no_other(
    status: int, excess: bool
) -> None:
    due = (0, 0) if status != DONE else (0, 50) if excess else (50, 0)
    told = []
    for gave, returned in product((0, 20, 50), (0, 30, 50)):
        order = order_of()
        refund = refund_of(order, 50, status, excess=excess)
        for event, amount in (("refunded", gave), ("returned", returned)):
            if amount:
                post(order, event, "wechat", -amount, posting=f"{event}{refund.pk}", refund=refund)
        if (gave, returned) != due:
            what = f"status {status}, amount 50.00, by the books {gave + returned}.00 went back"
            told.append(f"refund {refund.out_request_no}: {what}")
    assert said(books.unlike_their_refunds) == told
