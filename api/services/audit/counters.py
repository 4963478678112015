"""The counters of coupons, beside the records that they count (contract §10)."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from api.models import Coupon, CouponRecord


@dataclass(frozen=True, slots=True)
class Miscounted:
    """A coupon whose counter is not the number of its records."""

    coupon_id: int
    name: str
    issued: int
    records: int
    quantity: int

    def __str__(self) -> str:
        text = f"coupon {self.coupon_id} {self.name}: issued {self.issued}, records {self.records}"
        return text if self.can_be_counted else f"{text}, more than its quantity {self.quantity}"

    @property
    def can_be_counted(self) -> bool:
        """More records than its quantity is for a manager to decide: the counter cannot say it."""
        return self.records <= self.quantity


def miscounted() -> Iterator[Miscounted]:
    """The coupons of which `issued` is not the number of records. One query."""
    wrong = Coupon.objects.annotate(records=_number_of_records()).exclude(issued=F("records"))
    rows = wrong.order_by("pk").values_list("pk", "name", "issued", "records", "quantity")
    return (Miscounted(*row) for row in rows.iterator())


def recount(coupon_id: int) -> bool:
    """Sets the counter of a coupon to the number of its records; False, and nothing has changed,
    where that is more than its quantity, or where there is no such coupon. Nobody issues the coupon
    meanwhile: its row is locked."""
    with transaction.atomic():
        coupon = Coupon.objects.select_for_update(no_key=True).filter(pk=coupon_id).first()
        records = CouponRecord.objects.filter(coupon_id=coupon_id).count()
        if coupon is None or records > coupon.quantity:
            return False
        Coupon.objects.filter(pk=coupon_id).update(issued=records)
    return True


def _number_of_records() -> Coalesce:
    records = CouponRecord.objects.filter(coupon=OuterRef("pk")).order_by()
    counted = records.values("coupon").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
