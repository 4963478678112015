"""What a coupon may still cost, beside what it was meant to cost at most (contract §11, 预算).

A record in somebody's hands, unused or locked by an unpaid order, may take off what the coupon is
worth at most. What was used is no more a promise, and is told elsewhere (`turnover`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Count

from api.models import Coupon, CouponRecord, CouponRecordStatus

OUTSTANDING = (CouponRecordStatus.UNUSED, CouponRecordStatus.LOCKED)


@dataclass(frozen=True)
class Commitment:
    """So many records that may still be used, each of which takes off `each` at most, in 元; None
    for a discount without a most, which nothing bounds."""

    budget: Decimal
    records: int
    each: Decimal | None

    @property
    def worth(self) -> Decimal | None:
        """What all of them take off at most, in 元."""
        return None if self.each is None else self.each * self.records

    @property
    def over(self) -> Decimal:
        """By how much that passes the budget, in 元; 0 where it does not, or is not known."""
        return max((self.worth or Decimal(0)) - self.budget, Decimal(0))

    def with_more(self, records: int) -> "Commitment":
        """After so many more are issued."""
        return replace(self, records=self.records + records)


def of_coupons(coupons: Iterable[Coupon]) -> dict[int, Commitment]:
    """Of those that have a budget, by their ids. One query; none where none has."""
    bounded = {coupon.pk: coupon for coupon in coupons if coupon.budget is not None}
    if not bounded:
        return {}
    records = CouponRecord.objects.filter(coupon__in=list(bounded), status__in=OUTSTANDING)
    counted = records.order_by().values("coupon").annotate(number=Count("pk"))
    numbers = dict(counted.values_list("coupon", "number"))
    return {
        pk: Commitment(coupon.budget, numbers.get(pk, 0), coupon.terms.worth.most)
        for pk, coupon in bounded.items()
        if coupon.budget is not None
    }


def of_coupon(coupon: Coupon) -> Commitment | None:
    """None for one without a budget. At most one query."""
    return of_coupons([coupon]).get(coupon.pk)
