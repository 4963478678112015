"""Kinds of accounts that can be given a coupon without naming them (contract §11): who is of one is
asked of the database at the moment of issuing."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from api.models import (
    Account,
    Coupon,
    CouponRecord,
    CouponRecordStatus,
    Course,
    Order,
    OrderDetail,
    Refund,
    RefundLine,
)
from api.rules.coupons import UseDays
from api.rules.orders import OrderStatus

PAID = (OrderStatus.PAID.value, OrderStatus.REFUND_ASKED.value)
MOST_DAYS = 3_650  # of RegisteredWithin: ten years
_LONG_AGO = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Bought:
    """Who has paid for the course, and has not had it refunded. Whether he may still learn it does
    not matter, nor what it cost him."""

    course_id: int


@dataclass(frozen=True, slots=True)
class NeverOrdered:
    """Who has no order at all: one that was never paid, was closed or refunded is an order."""


@dataclass(frozen=True, slots=True)
class RegisteredWithin:
    """Who registered on one of so many days of Asia/Shanghai, the last of them today. An account
    whose registration is not known (one from before it was kept) is never among them."""

    days: int


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has an unused record of the coupon that can be used today or later, by its days: not a
    locked one. That the coupon is switched off does not matter: its holders may be the very ones
    who are to get another instead."""

    coupon_id: int


Segment = Bought | NeverOrdered | RegisteredWithin | Holding


def accounts_in(segment: Segment, *, today: date) -> QuerySet[Account]:
    """Those accounts. No query, but for Holding, which reads the coupon's days."""
    match segment:
        case Bought(course_id):
            return _with(_bought(course_id))
        case NeverOrdered():
            return Account.objects.filter(~Exists(Order.objects.filter(account=OuterRef("pk"))))
        case RegisteredWithin(days):
            return Account.objects.filter(registered__gte=_start_of(today, days))
        case Holding(coupon_id):
            return _with(_usable(coupon_id, today))


def in_words(segment: Segment) -> str:
    """As the desk says it: 买过课程“Python”. At most one query."""
    match segment:
        case Bought(course_id):
            return f"买过课程{_quoted(Course.objects.filter(pk=course_id))}"
        case NeverOrdered():
            return "从未下单"
        case RegisteredWithin(days):
            return f"{days}天内注册"
        case Holding(coupon_id):
            return f"持有优惠券{_quoted(Coupon.objects.filter(pk=coupon_id))}"


def _with(of_accounts: QuerySet[CouponRecord] | QuerySet[Order]) -> QuerySet[Account]:
    return Account.objects.filter(Exists(of_accounts.filter(account=OuterRef("pk"))))


def _bought(course_id: int) -> QuerySet[Order]:
    returned = RefundLine.objects.filter(detail=OuterRef("pk"), refund__status=Refund.Status.DONE)
    lines = OrderDetail.objects.filter(
        ~Exists(returned),
        content_type=ContentType.objects.get_for_model(Course),
        object_id=course_id,
    )
    return Order.objects.filter(status__in=PAID, pk__in=lines.values("order"))


def _usable(coupon_id: int, today: date) -> QuerySet[CouponRecord]:
    """The coupon's unused records that are not over: `UseDays.is_over` for SQL."""
    coupon = Coupon.objects.filter(pk=coupon_id).first()
    if coupon is None:
        return CouponRecord.objects.none()
    not_over = Q(valid_until__gte=today)
    if (own := _not_over(coupon.terms.days, today)) is not None:
        not_over |= Q(valid_until__isnull=True) & own
    return CouponRecord.objects.filter(not_over, coupon=coupon, status=CouponRecordStatus.UNUSED)


def _not_over(days: UseDays, today: date) -> Q | None:
    """Of records without a last day of their own; None where each of them is over."""
    if days.fixed:
        return Q(get_time__isnull=False) if days.fixed.last >= today else None
    if not days.coupon_valid_days:
        return None
    return Q(get_time__gte=_start_of(today, days.coupon_valid_days))


def _start_of(today: date, days: int) -> datetime:
    """When the first of so many days begins, the last of which is today."""
    ago = min(days - 1, (today - _LONG_AGO).days)
    return timezone.make_aware(datetime.combine(today - timedelta(days=ago), time.min))


def _quoted(found: QuerySet[Course] | QuerySet[Coupon]) -> str:
    name = found.values_list("name", flat=True).first()
    return "（已删除）" if name is None else f"“{name}”"
