"""What coupons brought in: the paid orders in which they were used."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from api.models import CouponRecord, CouponRecordStatus, OrderDetail
from api.rules.orders import OrderStatus
from utils.replica import may_be_old

NOTHING = Decimal("0.00")
PAID = Q(order__status__in=[OrderStatus.PAID.value, OrderStatus.REFUND_ASKED.value])


class Turnover(NamedTuple):
    """Of a coupon: how many of its records were used, what the paid orders with it came to, and
    what it took off them, in 元."""

    used: int = 0
    amount: Decimal = NOTHING
    took_off: Decimal = NOTHING


@may_be_old
def of_coupons(coupon_ids: Iterable[int]) -> dict[int, Turnover]:
    """For those of the coupons that were used at all. One query."""
    used = CouponRecord.objects.filter(
        coupon__in=list(coupon_ids), status=CouponRecordStatus.USED
    ).annotate(off=taken_off())
    counted = (
        used.order_by()
        .values("coupon")
        .annotate(
            used=Count("pk"),
            amount=Coalesce(Sum("order__actual_amount", filter=PAID), NOTHING),
            took_off=Coalesce(Sum("off", filter=PAID), NOTHING),
        )
    )
    return {
        coupon: Turnover(*numbers)
        for coupon, *numbers in counted.values_list("coupon", "used", "amount", "took_off")
    }


def taken_off() -> Coalesce:
    """What a record took off its order, in 元: a course's coupon off its line, any other what the
    order's site-wide one did. For an annotation of records; null for one without an order."""
    lines: QuerySet[OrderDetail] = OrderDetail.objects.filter(
        order=OuterRef("order"), coupon_record=OuterRef("pk")
    )
    money = DecimalField(max_digits=18, decimal_places=2)
    return Coalesce(
        Subquery(lines.values("discount")[:1]), F("order__global_discount"), output_field=money
    )
