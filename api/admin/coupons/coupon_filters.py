"""What the list of coupons filters by: where they stand, and what they are for."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import DropdownFilter

from api.models import Coupon, CouponState


class ReceiptStateFilter(DropdownFilter):
    title = "领取状态"
    parameter_name = "receipt_state"

    states = tuple(state for state in CouponState if state is not CouponState.DISABLED)

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in self.states]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class UseStateFilter(ReceiptStateFilter):
    title = "使用状态"
    parameter_name = "use_state"
    states = tuple(CouponState)


class BindingFilter(DropdownFilter):
    title = "适用范围"
    parameter_name = "bound"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("no", "全站"), ("yes", "绑定课程")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Coupon]) -> QuerySet[Coupon]:
        if self.value() not in ("yes", "no"):
            return queryset
        site_wide = Q(object_id__isnull=True) | Q(object_id=0)
        return queryset.filter(site_wide if self.value() == "no" else ~site_wide)
