"""What a file of coupon records holds."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db.models import Case, CharField, DecimalField, OuterRef, QuerySet, Subquery, When
from django.utils import timezone
from import_export.fields import Field
from import_export.resources import ModelResource

from api.models import CouponRecord, CouponRecordEvent, CouponRecordStatus
from api.rules.coupons import UseDays, Worth
from api.services.coupons.turnover import taken_off
from utils.spreadsheets.export import BATCH

_STATUS = dict(CouponRecordStatus.choices)
_WORTH = (
    "coupon__coupon_type",
    "coupon__money_equivalent_value",
    "coupon__minimum_consume",
    "coupon__off_percent",
    "coupon__max_off",
)
_DAYS = ("coupon__valid_begin_date", "coupon__valid_end_date", "coupon__coupon_valid_days")
_COLUMNS = (
    "pk", "number", "account__username", "coupon__name", "status", "get_time", "valid_until",
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
    words_of = cache(_words_of)  # a file of very many records is of few coupons
    told = records.annotate(off=_OFF, why_void=_WHY_VOID)
    wanted = told.order_by("-pk").values_list(*_COLUMNS, *_DAYS, *_WORTH)
    batch: list[Any] = list(wanted[:BATCH])
    while batch:
        for row in batch:
            record, days, worth = row[1:11], UseDays(*row[11:14]), row[14:]
            number, account, coupon, status, received, until, used, order, off, reason = record
            yield [
                number,
                account,
                coupon,
                words_of(*worth),
                _STATUS[status],
                in_short(received),
                _last_day(days, received, until),
                in_short(used),
                order or "",
                "" if off is None else f"{off:.2f}",
                reason or "",
            ]
        batch = list(wanted.filter(pk__lt=batch[-1][0])[:BATCH])


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


def _last_day(days: UseDays, received: datetime, valid_until: date | None) -> str:
    window = days.of_receipt(timezone.localdate(received), valid_until)
    return str(window.last) if window else ""


def in_short(when: datetime | None) -> str:
    return f"{timezone.localtime(when):%Y-%m-%d %H:%M}" if when else ""


def _words_of(kind: int, money: int, minimum: int, percent: int | None, most: int | None) -> str:
    return Worth.of(kind, money, minimum, percent, most).words
