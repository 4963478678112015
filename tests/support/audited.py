"""Rows of orders, payments and refunds as the audit reads them, written as they are."""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils import timezone

from api.models import Course, Order, OrderDetail, Payment, Refund, RefundLine
from api.services.audit.finding import Finding
from tests.support.factories import CourseFactory, OrderFactory, course_type_of

NOW = timezone.now()
DONE = Refund.Status.DONE
PAID, UNPAID, ASKED, REFUNDED, CANCELLED, TIMED_OUT = range(6)
EVER_PAID, NEVER_PAID = (PAID, ASKED, REFUNDED), (UNPAID, CANCELLED, TIMED_OUT)


def said(check: Callable[[], Iterator[Finding]]) -> list[str]:
    return [str(finding) for finding in check()]


def order_of(status: int = PAID, lines: int = 0, **sums: Any) -> Order:
    """100.00 less 10.00 and 5.00, all of it on its first line if it has `lines`; or those sums."""
    facts = {"subtotal": 100, "course_discount": 10, "global_discount": 5, "actual_amount": 85}
    order = OrderFactory(status=status, pay_time=NOW, cancel_time=NOW, **facts | sums)
    for at in range(lines):
        amounts = (100, 10, 5) if at == 0 else (0, 0, 0)
        line(order, *amounts)
    return order


def line(order: Order, full: Any, discount: Any = 0, share: Any = 0, **more: Any) -> OrderDetail:
    return OrderDetail.objects.create(
        order=order,
        content_type=course_type_of(Course),
        object_id=CourseFactory().pk,
        original_price=full,
        price=full - discount - share,
        discount=discount,
        share=share,
        valid_period=30,
        valid_period_display="1个月",
        policy_id=1,
        **more,
    )


def payment_of(order: Order, amount: Any, status: int = Payment.Status.PAID) -> Payment:
    number = f"p{Payment.objects.count()}"
    return Payment.objects.create(
        order=order, channel="alipay", out_trade_no=number, amount=amount, status=status,
        created=NOW,
    )  # fmt: skip


def refund_of(order: Order, amount: Any, status: int = DONE, *lines: Any, **more: Any) -> Refund:
    number = f"r{Refund.objects.count()}"
    refund = Refund.objects.create(
        order=order, out_request_no=number, amount=amount, status=status, asked_at=NOW, **more
    )
    for detail, part in lines:
        RefundLine.objects.create(refund=refund, detail=detail, amount=part)
    return refund
