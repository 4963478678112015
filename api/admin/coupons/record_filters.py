"""Filters of the list of coupon records, and the conditions of a list or a file in words."""

from typing import Any

from django.contrib.admin.options import IS_FACETS_VAR, IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import ALL_VAR, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from unfold.contrib.filters.admin import TextFilter

from api.admin.desk.dialogs import number_in
from api.admin.desk.filters import DaysFilter
from api.models import Account, Coupon, CouponRecord, CouponRecordStatus, Course, Order
from api.rules.coupons import CouponType

ORDERS_LOOKED_UP = 1_000
COUNTED = 100_000  # records; of more only that they are more is said

_TYPES = {str(kind.value): kind.display for kind in CouponType}
_STATUS = {str(value): label for value, label in CouponRecordStatus.choices}
_DAYS = {"get_time": "领取时间", "used_time": "使用时间"}


class CourseFilter(TextFilter):
    """By the course that the coupon is bound to: its id, or a part of its name."""

    title = "绑定课程（名称或ID）"
    parameter_name = "course"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        written = _written(self.value())
        if written is None:
            return queryset
        named = Q(name__icontains=written) | Q(pk=number_in(written))
        bound = Coupon.objects.filter(
            content_type=ContentType.objects.get_for_model(Course),
            object_id__in=Course.objects.filter(named).values("pk"),
        )
        # Looked up before: coupons are few, and their records are found by an index.
        return queryset.filter(coupon__in=list(bound.values_list("pk", flat=True)))


class OrderFilter(TextFilter):
    """By the beginning of the number of the order that a record is locked or used in."""

    title = "订单号（开头）"
    parameter_name = "order_number"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        written = _written(self.value())
        if written is None:
            return queryset
        # Our own numbers are upper-case; those of other programs are what they are.
        begins = Q(order_number__startswith=written) | Q(order_number__startswith=written.upper())
        orders = Order.objects.filter(begins).values_list("pk", flat=True)
        found = list(orders[: ORDERS_LOOKED_UP + 1])
        # Few orders lead to their records by an index; of many there are records on every page.
        return queryset.filter(order__in=found if len(found) <= ORDERS_LOOKED_UP else orders)


class UsedDaysFilter(DaysFilter):
    """By the day of use. Only a used record has one, and used records are found by an index."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = super().queryset(request, queryset)
        return found if found is queryset else found.filter(status=CouponRecordStatus.USED)


_TITLES = {
    "status__exact": "状态",
    "coupon__id__exact": "优惠券",
    "account__id__exact": "账户",
    CourseFilter.parameter_name: "绑定课程",
    "coupon__coupon_type__exact": "券类型",
    OrderFilter.parameter_name: "订单号",
    "batch__id__exact": "批次",
    SEARCH_VAR: "搜索",
}
_NO_CONDITION = {PAGE_VAR, ORDER_VAR, IS_FACETS_VAR, IS_POPUP_VAR, TO_FIELD_VAR, ALL_VAR}


def _written(value: str | None) -> str | None:
    """What is typed into a filter, if it is anything; PostgreSQL holds no NUL."""
    return (value or "").replace("\0", "").strip() or None


def how_many(records: QuerySet[CouponRecord]) -> str:
    """As a manager reads it: 1,234条; 超过100,000条, where counting on would take its time."""
    number = records.order_by().values("pk")[: COUNTED + 1].count()
    return f"超过{COUNTED:,}条" if number > COUNTED else f"{number:,}条"


def in_words(query: QueryDict) -> list[str]:
    """The conditions in a list's address, each in words: 状态：未使用. At most a query for each."""
    return [said for said in (*_days(query), *_others(query)) if said]


def _days(query: QueryDict) -> list[str]:
    said = []
    for name, title in _DAYS.items():
        first, last = (query.get(f"{name}_{end}", "").strip() for end in ("from", "to"))
        if first or last:
            said.append(f"{title}：{first or '…'} 至 {last or '…'}")
    return said


def _others(query: QueryDict) -> list[str]:
    days = {f"{name}_{end}" for name in _DAYS for end in ("from", "to")}
    # One that has no title here, from an address that somebody wrote, is a condition too.
    others = [name for name in query if name not in {*days, *_NO_CONDITION, *_TITLES}]
    said = []
    for name, title in (*_TITLES.items(), *zip(others, others, strict=True)):
        values = [value.strip() for value in query.getlist(name) if value.strip()]
        if values:
            said.append(f"{title}：{'、'.join(_named(name, value) for value in values)}")
    return said


def _named(name: str, value: str) -> str:
    if name == "status__exact":
        return _STATUS.get(value, value)
    if name == "coupon__coupon_type__exact":
        return _TYPES.get(value, value)
    if name == "coupon__id__exact":
        return _first(Coupon.objects.filter(pk=number_in(value)), "name") or value
    if name == "account__id__exact":
        return _first(Account.objects.filter(pk=number_in(value)), "username") or value
    return value


def _first(rows: QuerySet[Any], column: str) -> str | None:
    return rows.values_list(column, flat=True).first()
