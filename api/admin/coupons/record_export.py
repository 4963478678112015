"""What a file of coupon records holds."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.models import Case, CharField, DecimalField, OuterRef, QuerySet, Subquery, When
from django.utils import timezone
from import_export.fields import Field
from import_export.resources import ModelResource

from api.models import Coupon, CouponRecord, CouponRecordEvent, CouponRecordStatus
from api.services.coupons.turnover import taken_off
from utils.spreadsheets.export import BATCH

_STATUS = dict(CouponRecordStatus.choices)
_COLUMNS = (
    "pk", "number", "account__username", "coupon_id", "status", "get_time", "valid_until",
    "used_time", "order__order_number", "off", "why_void",
)  # fmt: skip


class RecordResource(ModelResource):
    """The columns, for import-export's page and for the heading. The rows come from `rows` below:
    import-export makes them field by field, and would take many minutes for a million."""

    number = Field(column_name="券号")
    account = Field(column_name="用户名")
    coupon = Field(column_name="优惠券")
    worth = Field(column_name="优惠内容")
    status = Field(column_name="状态")
    get_time = Field(column_name="领取时间")
    usable_until = Field(column_name="可用至")
    used_time = Field(column_name="使用时间")
    order = Field(column_name="订单")
    took_off = Field(column_name="优惠金额(元)")
    void_reason = Field(column_name="作废原因")

    class Meta:
        model = CouponRecord
        fields = (
            "number", "account", "coupon", "worth", "status", "get_time", "usable_until",
            "used_time", "order", "took_off", "void_reason",
        )  # fmt: skip
        export_order = fields

    @classmethod
    def get_display_name(cls) -> str:
        return "用户优惠券"


def rows(records: QuerySet[CouponRecord]) -> Iterator[list[str]]:
    """In the resource's columns, newest first, a batch at a time by key: no cursor stays open
    however long the client takes, and no statement skips over what was read before."""
    coupons: dict[int, _Kind] = {}
    zone = timezone.get_current_timezone()
    told = records.annotate(off=_OFF, why_void=_WHY_VOID)
    wanted = told.order_by("-pk").values_list(*_COLUMNS)
    batch: list[Any] = list(wanted[:BATCH])
    while batch:
        missing = {row[3] for row in batch} - coupons.keys()
        coupons |= {pk: _Kind(one) for pk, one in Coupon.objects.in_bulk(missing).items()}
        for row in batch:
            _, number, account, coupon_id, status, received, until, used, order, off, reason = row
            coupon = coupons.get(coupon_id)
            if coupon is None:
                continue  # deleted since, and its records with it
            at = received.astimezone(zone)
            yield [
                number,
                account,
                coupon.name,
                coupon.worth,
                _STATUS[status],
                _written(at),
                coupon.last_day(at.date(), until),
                _written(used.astimezone(zone)) if used else "",
                order or "",
                "" if off is None else f"{off:.2f}",
                reason or "",
            ]
        batch = list(wanted.filter(pk__lt=batch[-1][0])[:BATCH])


class _Kind:
    """What the rows of one coupon have in common: a file of very many is of few coupons."""

    def __init__(self, coupon: Coupon) -> None:
        terms = coupon.terms
        self.name, self.worth, self._days = coupon.name, terms.worth.words, terms.days
        self.last_day = lru_cache(1000)(self._last_day)  # and was received on few days

    def _last_day(self, received: date, valid_until: date | None) -> str:
        window = self._days.of_receipt(received, valid_until)
        return str(window.last) if window else ""


# Each is asked of the few rows that have it: a CASE comes to the query within for no other.
_OFF = Case(
    When(status=CouponRecordStatus.USED, then=taken_off()),
    output_field=DecimalField(max_digits=18, decimal_places=2, null=True),
)
_WHY_VOID = Case(
    When(
        status=CouponRecordStatus.VOID,
        then=Subquery(
            CouponRecordEvent.objects.filter(
                record=OuterRef("pk"), to_status=CouponRecordStatus.VOID
            )
            .order_by("-pk")
            .values("reason")[:1]
        ),
    ),
    output_field=CharField(null=True),
)


def in_short(when: datetime | None) -> str:
    return _written(timezone.localtime(when)) if when else ""


def _written(local: datetime) -> str:
    return local.isoformat(" ", "minutes")[:16]  # strftime takes several times as long
