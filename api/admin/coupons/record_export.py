"""What a file of coupon records holds."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from import_export.fields import Field
from import_export.resources import ModelResource

from api.models import CouponRecord, CouponRecordStatus
from api.rules.coupons import Worth
from utils.spreadsheets.export import BATCH

_STATUS = dict(CouponRecordStatus.choices)
_WORTH = (
    "coupon__coupon_type",
    "coupon__money_equivalent_value",
    "coupon__minimum_consume",
    "coupon__off_percent",
    "coupon__max_off",
)
_COLUMNS = ("pk", "number", "account__username", "coupon__name", "status", "get_time", "used_time")


class RecordResource(ModelResource):
    """The columns, for import-export's page and for the heading. The rows come from `rows` below:
    import-export makes them field by field, and would take many minutes for a million."""

    number = Field(column_name="券号")
    account = Field(column_name="用户名")
    coupon = Field(column_name="优惠券")
    worth = Field(column_name="优惠内容")
    status = Field(column_name="状态")
    get_time = Field(column_name="领取时间")
    used_time = Field(column_name="使用时间")

    class Meta:
        model = CouponRecord
        fields = ("number", "account", "coupon", "worth", "status", "get_time", "used_time")
        export_order = fields

    @classmethod
    def get_display_name(cls) -> str:
        return "用户优惠券"


def rows(records: QuerySet[CouponRecord]) -> Iterator[list[str]]:
    """In the resource's columns, newest first, a batch at a time by key: no cursor stays open
    however long the client takes, and no statement skips over what was read before."""
    words_of = cache(_words_of)  # a file of very many records is of few coupons
    wanted = records.order_by("-pk").values_list(*_COLUMNS, *_WORTH)
    batch: list[Any] = list(wanted[:BATCH])
    while batch:
        for _, number, account, coupon, status, received, used, *worth in batch:
            yield [
                number,
                account,
                coupon,
                words_of(*worth),
                _STATUS[status],
                in_short(received),
                in_short(used),
            ]
        batch = list(wanted.filter(pk__lt=batch[-1][0])[:BATCH])


def in_short(when: datetime | None) -> str:
    return f"{timezone.localtime(when):%Y-%m-%d %H:%M}" if when else ""


def _words_of(kind: int, money: int, minimum: int, percent: int | None, most: int | None) -> str:
    return Worth.of(kind, money, minimum, percent, most).words
