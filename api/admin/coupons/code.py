"""One-time codes: which are left, and who took which. What a code says is nobody's to see."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import DropdownFilter

from api.admin.coupons.record_export import in_short
from api.admin.desk.base import LongListAdmin
from api.admin.desk.columns import labelled
from api.admin.desk.filters import AutocompleteFilter, titled
from api.admin.desk.links import link_to
from api.admin.desk.search import accounts_named
from api.models import CouponCode
from api.rules.one_time_codes import ALPHABET, TAIL, one_time_code
from api.services.coupons.codes import stored

FREE, CLAIMED, TAKEN_BACK = "未兑换", "已兑换", "已失效"
_STANDING = {
    "free": Q(record=None, batch__taken_back_at=None),
    "claimed": Q(record__isnull=False),
    "taken_back": Q(record=None, batch__taken_back_at__isnull=False),
}


class StandingFilter(DropdownFilter):
    title = "状态"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("free", FREE), ("claimed", CLAIMED), ("taken_back", TAKEN_BACK)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = _STANDING.get(str(self.value()))
        return queryset if chosen is None else queryset.filter(chosen)


@admin.register(CouponCode)
class CouponCodeAdmin(LongListAdmin):
    fields = (
        "ending",
        "of_coupon",
        "of_batch",
        "serial",
        "standing",
        "account",
        "claimed_at",
        "of_record",
    )
    readonly_fields = fields
    list_display = tuple(name for name in fields if name != "serial")
    list_select_related = ("coupon", "batch", "record__account")
    list_filter = (
        StandingFilter,
        ("coupon", titled("优惠券", AutocompleteFilter)),
        ("batch", titled("批次", AutocompleteFilter)),
    )
    list_filter_submit = True
    list_fullwidth = True
    search_fields = ("tail",)  # for the box; get_search_results does the search
    search_help_text = "按完整的兑换码、后4位或领取人用户名的开头搜索"
    when_empty = "在优惠券的页面点“生成兑换码”；每一个码由谁领取，都会列在这里。"
    ordering = ("-id",)
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="兑换码")
    def ending(self, code: CouponCode) -> str:
        return f"**** {code.tail}"

    @display(description="优惠券")
    def of_coupon(self, code: CouponCode) -> str:
        return link_to(code.coupon, code.coupon.name)

    @display(description="批次")
    def of_batch(self, code: CouponCode) -> str:
        return link_to(code.batch, str(code.batch))

    @labelled("状态", {FREE: "info", CLAIMED: "success", TAKEN_BACK: "danger"})
    def standing(self, code: CouponCode) -> str:
        if code.record_id:
            return CLAIMED
        return TAKEN_BACK if code.batch.taken_back_at else FREE

    @display(description="领取人")
    def account(self, code: CouponCode) -> str | None:
        return code.record.account.username if code.record else None

    @display(description="领取时间")
    def claimed_at(self, code: CouponCode) -> str | None:
        return in_short(code.record.get_time) if code.record else None

    @display(description="发放记录")
    def of_record(self, code: CouponCode) -> str | None:
        return link_to(code.record, code.record.number) if code.record else None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CouponCode], search_term: str
    ) -> tuple[QuerySet[CouponCode], bool]:
        term = search_term.strip().replace("\0", "")
        if not term:
            return (queryset.none() if search_term else queryset), False
        if code := one_time_code(term):
            return queryset.filter(code=stored(code)), False
        tail, found = term.upper(), Q(record__account__in=accounts_named(term))
        if len(tail) == TAIL and set(tail) <= set(ALPHABET):
            found |= Q(tail=tail)
        return queryset.filter(found), False
