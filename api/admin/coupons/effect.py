"""The page 效果 of a coupon: where its records stand, what it brought, and how it went by day."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action

from api.admin.coupons import effect_files
from api.admin.coupons.day_chart import Chart, Series, chart
from api.admin.coupons.words import share
from api.admin.desk.user import user_id
from api.models import Coupon, CouponRecordStatus
from api.services.coupons import effect
from api.services.coupons.effect import DAYS, Day, Effect


class WithEffect:
    """The page 效果 and the file of all coupons' figures, for CouponAdmin. Whoever may look at
    coupons may look at both."""

    def has_effect_permission(self: Any, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.has_view_permission(request))

    @action(description="效果", permissions=["effect"], icon="monitoring", url_path="effect")
    def effect(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        coupon: Coupon | None = self.get_object(request, object_id)
        if coupon is None:
            raise Http404
        context = self.admin_site.each_context(request) | {"opts": self.opts, "coupon": coupon}
        may_list = request.user.has_perm("api.view_couponrecord")
        context |= _shown(coupon, _days_asked_for(request), may_list=may_list)
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/api/coupon/effect.html", context)

    @action(description="CSV", permissions=["effect"], url_path="effects-csv")
    def effects_csv(self: Any, request: HttpRequest) -> HttpResponseBase:
        return effect_files.file_of("csv", user_id=user_id(request))

    @action(description="XLSX", permissions=["effect"], url_path="effects-xlsx")
    def effects_xlsx(self: Any, request: HttpRequest) -> HttpResponseBase:
        return effect_files.file_of("xlsx", user_id=user_id(request))


def _days_asked_for(request: HttpRequest) -> int:
    asked = request.GET.get("days", "")
    return next((days for days in DAYS if asked == str(days)), DAYS[0])


def _shown(coupon: Coupon, days: int, *, may_list: bool) -> dict[str, Any]:
    found = effect.of_coupons([coupon])[coupon.pk]
    by_day = effect.by_day(coupon.pk, today=timezone.localdate(), days=days)
    return {
        "title": f"{coupon.name} · 效果",
        "funnel": _funnel(found),
        "cards": _cards(found),
        "standing": _standing(coupon, found, may_list=may_list),
        "charts": _charts(by_day),
        "table": _table(by_day),
        "spans": [(span, span == days) for span in DAYS],
        "days": days,
    }


def _cards(found: Effect) -> list[tuple[str, str, str]]:
    """Each with what it is reckoned from."""
    brought = found.turnover
    return [
        ("领取率", share(found.claim_rate), f"已领 {found.claimed} / 数量 {found.quantity}"),
        ("核销率", share(found.use_rate), f"已用 {found.used} / 已发 {found.issued}"),
        ("带来的成交额（元）", f"{brought.amount:,.2f}", "用了这张券、已付款的订单的实付金额"),
        ("优惠金额（元）", f"{brought.took_off:,.2f}", "这张券在这些订单里减去的金额"),
    ]


def _funnel(found: Effect) -> list[tuple[str, int, str, float]]:
    """The steps, each with its number, its share of the first in words, and the width of its
    bar in percent."""
    steps = (("数量", found.quantity), ("已发", found.issued), ("已用", found.used))
    whole = max(number for _, number in steps) or 1
    return [
        (name, number, share(number / whole), round(100 * number / whole, 2))
        for name, number in steps
    ]


def _standing(coupon: Coupon, found: Effect, *, may_list: bool) -> list[tuple[str, int, str]]:
    """Where the records stand, each with the address of the list of them, if one may see it."""
    records = f"{reverse('admin:api_couponrecord_changelist')}?coupon__id__exact={coupon.pk}"
    shown = [("已发", found.issued, records), ("其中已领", found.claimed, "")]
    for status, name in (
        (CouponRecordStatus.UNUSED, "未使用"),
        (CouponRecordStatus.LOCKED, "已锁定"),
        (CouponRecordStatus.USED, "已用"),
        (CouponRecordStatus.EXPIRED, "过期"),
        (CouponRecordStatus.VOID, "作废"),
    ):
        shown.append((name, found.of(status), f"{records}&status__exact={status.value}"))
    shown.append(("剩余可发", found.left, ""))
    return [(name, number, address if may_list else "") for name, number, address in shown]


def _charts(by_day: Mapping[date, Day]) -> list[Chart]:
    days, what = list(by_day), list(by_day.values())
    came = [
        Series("claimed", "用户领取", [day.claimed for day in what]),
        Series("issued", "工作台发放", [day.issued - day.claimed for day in what]),
    ]
    took_off = [Series("off", "优惠", [float(day.took_off) for day in what])]
    return [
        chart("领取与发放", days, came, unit="张"),
        chart("核销", days, [Series("used", "核销", [day.used for day in what])], unit="张"),
        chart("优惠金额", days, took_off, unit="元", places=2),
    ]


def _table(by_day: Mapping[date, Day]) -> Sequence[tuple[date, Day]]:
    """The days on which anything happened, the last first."""
    return [(on, day) for on, day in reversed(list(by_day.items())) if day != Day()]
