"""Coupons: what they are worth, where they stand, and the way to hand them out."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.db import OperationalError
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
)
from unfold.decorators import action
from unfold.decorators import display as unfold_display
from unfold.enums import ActionVariant

from api.admin.coupons import issuing
from api.admin.coupons.coupon_form import SHOWN_WHEN, CouponForm
from api.admin.desk.base import DeskAdmin
from api.admin.desk.columns import name_of
from api.admin.desk.filters import DatesFilter, titled
from api.models import Coupon, CouponState, Course
from api.rules.coupons import CouponType, UseDays
from api.services.coupons import expiry
from api.services.coupons.issuing import holders_of
from api.services.coupons.lifecycle import Actor

TINY_PERCENT = 50  # below it, a discount is more likely a slip than meant


def in_words(coupon: Coupon) -> str:
    return coupon.terms.worth.words


class ReceiptStateFilter(DropdownFilter):
    title = "领取状态"
    parameter_name = "receipt_state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return CouponState.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class UseStateFilter(ReceiptStateFilter):
    title = "使用状态"
    parameter_name = "use_state"


STATE_COLOURS = {
    CouponState.PENDING.label: "info",
    CouponState.RUNNING.label: "success",
    CouponState.ENDED.label: "default",
}


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


@admin.register(Coupon)
class CouponAdmin(DeskAdmin):
    form = CouponForm
    labels = {"date": "创建时间"}
    radio_fields = {"coupon_type": admin.HORIZONTAL}
    conditional_fields = SHOWN_WHEN
    readonly_fields = ("words", "binding", "date")
    list_display = (
        "name",
        "coupon_type",
        "words",
        "binding",
        "window",
        "handed_out",
        "receipt_standing",
        "use_standing",
    )
    list_filter = (
        ReceiptStateFilter,
        UseStateFilter,
        ("coupon_type", ChoicesDropdownFilter),
        BindingFilter,
        ("valid_end_date", DatesFilter),
        ("close_date", titled("领取结束", DatesFilter)),
    )
    list_filter_submit = True
    search_fields = ("name", "brief")
    search_help_text = "按活动名称或介绍搜索"
    ordering = ("-id",)
    date_hierarchy = "open_date"
    actions_detail = ("issue", "records")
    actions_row = ("issue", "records")

    class Media:
        js = ("api/coupon_form.js",)

    # --- The form -----------------------------------------------------------------------------

    def get_fieldsets(
        self, request: HttpRequest, obj: Coupon | None = None
    ) -> Sequence[tuple[str | None, dict[str, Any]]]:
        may_write = (
            self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        )
        where, validity = (["course"], ["validity"]) if may_write else (["binding"], [])
        worth = ("money_equivalent_value", "minimum_consume", "off_percent")
        days = (*validity, ("valid_begin_date", "valid_end_date"), "coupon_valid_days")
        return (
            (None, {"fields": ("name", "brief")}),
            ("优惠内容", {"fields": ("coupon_type", *worth, "words", *where)}),
            ("数量与领取时间", {"fields": ("quantity", ("open_date", "close_date"))}),
            ("使用有效期", {"fields": days}),
        )

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except OperationalError:
            if request.method != "POST":
                raise
            messages.error(request, "没有保存：这张优惠券正在发放，请稍后再试。")
            return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: Coupon, form: Any, change: bool) -> None:
        # Under its lock: nobody else gives it other days, or expires its records, meanwhile.
        locked = Coupon.objects.select_for_update(no_key=True)
        before = locked.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        if before and before.terms.days != obj.terms.days:
            self._tell_of_days(request, obj, before.terms.days)
        if before and before.terms != obj.terms and (holders := holders_of(obj)):
            text = f"已有{holders}人持有未使用的此优惠券，修改已立即对他们生效。"
            messages.warning(request, text)
        if (
            obj.coupon_type == CouponType.THRESHOLD
            and obj.money_equivalent_value >= obj.minimum_consume
        ):
            text = f"请确认：满{obj.minimum_consume}减{obj.money_equivalent_value}，"
            messages.warning(request, f"{text}顾客刚满最低消费时不用付钱。")
        if obj.coupon_type == CouponType.DISCOUNT and (obj.off_percent or 100) < TINY_PERCENT:
            messages.warning(
                request,
                f"请确认：折扣百分比是{obj.off_percent}，"
                f"即{in_words(obj)}，顾客只付原价的{obj.off_percent}%。",
            )

    def _tell_of_days(self, request: HttpRequest, coupon: Coupon, before: UseDays) -> None:
        now = timezone.now()
        by = Actor(staff_id=request.user.pk)
        if revived := expiry.revive(coupon, before, now=now, by=by):
            messages.success(request, f"按新的有效期，{revived}张已过期的优惠券恢复为未使用。")
        if past := expiry.newly_over(coupon, before, today=timezone.localdate(now)):
            text = f"按新的有效期，{past}张未使用的优惠券已过期，从现在起不能使用，今晚标为已过期。"
            messages.warning(request, text)

    # --- The list -----------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Coupon]:
        coupons: QuerySet[Coupon] = super().get_queryset(request)
        return (
            coupons.with_states(timezone.localdate())  # type: ignore[attr-defined]
            .annotate(
                untyped=Subquery(Course.objects.filter(pk=OuterRef("object_id")).values("name"))
            )
            .prefetch_related("content_object")
        )

    @display(description="优惠内容", ordering="money_equivalent_value")
    def words(self, coupon: Coupon | None) -> SafeString:
        text = coupon and in_words(coupon)
        return format_html('<output class="coupon-words font-semibold">{}</output>', text or "—")

    @display(description="绑定课程")
    def binding(self, coupon: Any) -> str:
        if not coupon.object_id:
            return "全站"
        if coupon.content_type_id is None:  # a course, as the settlement reads it
            return coupon.untyped or name_of(None)
        return name_of(coupon.content_object)

    @display(description="使用有效期", ordering="valid_end_date")
    def window(self, coupon: Coupon) -> str:
        if coupon.valid_begin_date and coupon.valid_end_date:
            return f"{coupon.valid_begin_date} 至 {coupon.valid_end_date}"
        return f"领取后{coupon.coupon_valid_days}天" if coupon.coupon_valid_days else "—"

    @display(description="已发放", ordering="issued")
    def handed_out(self, coupon: Any) -> str:
        share = round(100 * coupon.issued / coupon.quantity) if coupon.quantity else 100
        bar = {"description": f"{coupon.issued} / {coupon.quantity}", "value": min(share, 100)}
        return render_to_string("unfold/components/progress.html", bar)

    @unfold_display(description="领取状态", label=STATE_COLOURS)
    def receipt_standing(self, coupon: Any) -> str:
        return CouponState(coupon.receipt_state).label

    @unfold_display(description="使用状态", label=STATE_COLOURS)
    def use_standing(self, coupon: Any) -> str:
        return CouponState(coupon.use_state).label

    # --- What can be done ---------------------------------------------------------------------

    def has_issue_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("api.issue_coupon")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A coupon that somebody holds stays: with it, the records would go."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and not (obj and obj.couponrecord_set.exists())

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # it asks nobody whether they are held
        return actions

    @action(
        description="发放",
        permissions=["issue"],
        icon="send",
        variant=ActionVariant.PRIMARY,
    )
    def issue(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return issuing.page(self, request, object_id)

    def has_records_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("api.view_couponrecord")

    @action(description="查看记录", permissions=["records"], icon="receipt_long")
    def records(self, request: HttpRequest, object_id: str) -> HttpResponse:
        coupon = self.get_object(request, object_id)
        if coupon is None:
            raise Http404
        url = reverse("admin:api_couponrecord_changelist")
        return redirect(f"{url}?coupon__id__exact={coupon.pk}")

    def get_urls(self) -> list[URLPattern]:
        confirm = path(
            "<path:object_id>/issue/confirm/",
            self.admin_site.admin_view(self.confirm_issue),
            name="api_coupon_issue_confirm",
        )
        return [confirm, *super().get_urls()]

    def confirm_issue(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        return issuing.confirm(self, request, object_id)
