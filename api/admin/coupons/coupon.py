"""Coupons: what they are worth, where they stand, and the way to hand them out."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import BooleanFieldListFilter, display
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
)
from unfold.decorators import action
from unfold.enums import ActionVariant

from api.admin.coupons import binding, budget, issuing, words
from api.admin.coupons.as_seen import WithPreview
from api.admin.coupons.binding import with_bindings
from api.admin.coupons.budget import WithBudget
from api.admin.coupons.codes import WithCodes
from api.admin.coupons.copying import WithCopying
from api.admin.coupons.coupon_filters import BindingFilter, ReceiptStateFilter, UseStateFilter
from api.admin.coupons.coupon_form import SHOWN_WHEN, CouponForm
from api.admin.coupons.effect import WithEffect
from api.admin.coupons.steering import STOPPED, WithSteering
from api.admin.coupons.turnover import WithTurnover
from api.admin.desk.base import DeskAdmin
from api.admin.desk.columns import labelled
from api.admin.desk.filters import DatesFilter, titled
from api.admin.desk.rows import row_or_404
from api.admin.desk.user import user_id
from api.models import Coupon, CouponState
from api.services.coupons import editing, slips
from api.services.coupons.bindings import binding_of
from api.services.coupons.editing import Revived
from api.services.coupons.lifecycle import Actor

STATE_COLOURS = {
    CouponState.PENDING.label: "info",
    CouponState.RUNNING.label: "success",
    CouponState.ENDED.label: "default",
    CouponState.DISABLED.label: "danger",
    STOPPED: "danger",
}


@admin.register(Coupon)
class CouponAdmin(
    WithPreview,
    WithSteering,
    WithTurnover,
    WithBudget,
    WithEffect,
    WithCodes,
    WithCopying,
    DeskAdmin,
):
    form = CouponForm
    labels = {
        "date": "创建时间",
        "money_equivalent_value": "面额（元）",
        "minimum_consume": "最低消费（元）",
        "max_off": "最多减（元）",
        "budget": "预算（元）",
    }
    radio_fields = {"coupon_type": admin.HORIZONTAL}
    conditional_fields = SHOWN_WHEN
    readonly_fields = (
        "words",
        "binding",
        "date",
        "receipt_standing",
        "use_standing",
        "rate_of_use",
        "brought_in",
        "codes_left",
        "budget_standing",
        "as_seen",
    )
    list_display = (
        "name",
        "words",
        "binding",
        "window",
        "ways",
        "handed_out",
        "rate_of_use",
        "brought_in",
        "receipt_standing",
        "use_standing",
    )
    list_filter = (
        ReceiptStateFilter,
        UseStateFilter,
        ("coupon_type", ChoicesDropdownFilter),
        BindingFilter,
        ("claimable", BooleanFieldListFilter),
        ("paused", BooleanFieldListFilter),
        ("disabled", BooleanFieldListFilter),
        ("valid_end_date", DatesFilter),
        ("close_date", titled("领取结束", DatesFilter)),
    )
    list_filter_submit = True
    search_fields = ("name", "brief")
    search_help_text = "按活动名称或介绍搜索"
    when_empty = "新建一张优惠券，保存后即可发放或公开领取。"
    ordering = ("-id",)
    date_hierarchy = "open_date"
    actions_list = (
        {"title": "导出效果", "icon": "download", "items": ["effects_csv", "effects_xlsx"]},
    )
    actions_detail = (
        "issue",
        # Side by side they would leave the coupon's name no place.
        {
            "title": "更多",
            "icon": "more_horiz",
            "items": ["make_codes", "records", "effect", "batches", "copy"],
        },
        "stop",
        "resume",
        "disable",
        "enable",
    )
    actions_row = ("issue", "records", "effect", "stop", "resume", "disable", "enable")

    class Media:
        js = ("api/coupon_form.js",)

    # --- The form -----------------------------------------------------------------------------

    def get_fieldsets(
        self, request: HttpRequest, obj: Coupon | None = None
    ) -> tuple[tuple[Any, Any], ...]:
        may_write = (
            self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        )
        where, validity = (["course"], ["validity"]) if may_write else (["binding"], [])
        if may_write and obj and binding_of(obj).is_useless:
            where.append("site_wide")
        worth = ("money_equivalent_value", "minimum_consume", "off_percent", "max_off")
        quantity: tuple[Any, ...] = ("quantity", ("claimable", "per_account"), "code", "budget")
        quantity += ("budget_standing",) if obj and obj.budget is not None else ()
        days = (*validity, ("valid_begin_date", "valid_end_date"), "coupon_valid_days")
        seen = (("rate_of_use", "brought_in"), "codes_left")
        brought: list[tuple[str, Any]] = (
            [("学员看到的样子", {"fields": ("as_seen",)})] if obj else []
        )
        brought += [("成效", {"fields": seen})] if obj else []
        standing = (("receipt_standing", "use_standing"),) if obj else ()
        return (
            (None, {"fields": ("name", "brief", *standing)}),
            ("优惠内容", {"fields": ("coupon_type", *worth, "words", *where)}),
            ("数量与领取时间", {"fields": (*quantity, ("open_date", "close_date"))}),
            ("使用有效期", {"fields": days}),
            *brought,
        )

    def save_model(self, request: HttpRequest, obj: Coupon, form: Any, change: bool) -> None:
        before = None
        if change:
            now = editing.lock(obj.pk)
            # Not the form's to say: somebody may have stopped it since this page was asked for.
            before, obj.paused, obj.disabled = now.terms, now.paused, now.disabled
        super().save_model(request, obj, form, change)
        by = Actor(staff_id=user_id(request))
        for consequence in editing.after_saving(obj, before=before, now=timezone.now(), by=by):
            show = messages.success if isinstance(consequence, Revived) else messages.warning
            show(request, str(consequence))
        if told := binding.offline_warning(obj) or binding.useless_warning(obj):
            messages.warning(request, told)
        if told := budget.warning(obj):
            messages.warning(request, told)
        for slip in slips.likely(obj, renamed="name" in form.changed_data):
            messages.warning(request, str(slip))

    # --- The list -----------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Coupon]:
        coupons: QuerySet[Coupon] = super().get_queryset(request)
        # with_states is one of CouponQuerySet, which Django's admin does not know of.
        return with_bindings(coupons.with_states(timezone.localdate()))  # type: ignore[attr-defined]

    @display(description="优惠内容", ordering="money_equivalent_value")
    def words(self, coupon: Coupon | None) -> SafeString:
        return words.worth_shown(coupon)

    @display(description="绑定课程")
    def binding(self, coupon: Coupon) -> str:
        return binding.in_words(coupon)

    @display(description="使用有效期", ordering="valid_end_date")
    def window(self, coupon: Coupon) -> SafeString:
        days = ((day,) for day in words.days_of_use(coupon).split(" 至 "))
        return format_html_join(" 至 ", '<span class="whitespace-nowrap">{}</span>', days)

    @display(description="领取方式")
    def ways(self, coupon: Coupon) -> str:
        return words.ways_to_get(coupon)

    @display(description="已发放", ordering="issued")
    def handed_out(self, coupon: Any) -> str:
        share = round(100 * coupon.issued / coupon.quantity) if coupon.quantity else 100
        bar = {"description": f"{coupon.issued} / {coupon.quantity}", "value": min(share, 100)}
        shown = render_to_string("unfold/components/progress.html", bar)
        mark = budget.mark(coupon)
        return format_html("<div>{}{}</div>", shown, mark) if mark else shown

    @labelled("领取状态", STATE_COLOURS)
    def receipt_standing(self, coupon: Any) -> str:
        return STOPPED if coupon.is_stopped else CouponState(coupon.receipt_state).label

    @labelled("使用状态", STATE_COLOURS)
    def use_standing(self, coupon: Any) -> str:
        return CouponState(coupon.use_state).label

    # --- What can be done ---------------------------------------------------------------------

    def has_issue_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("api.issue_coupon")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not of a coupon that somebody holds, or a code of: they would be deleted with it."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and not (obj and (obj.couponrecord_set.exists() or obj.codes.exists()))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop(
            "delete_selected", None
        )  # it would not ask for each coupon whether somebody holds it
        return actions

    @action(
        description="发放",
        permissions=["issue"],
        icon="send",
        variant=ActionVariant.PRIMARY,
    )
    def issue(self, request: HttpRequest, object_id: str) -> HttpResponse:
        frame = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
        }
        return issuing.page(request, self._to_be_issued(request, object_id), frame)

    def has_records_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may_look = self.has_view_permission(request)
        return may_look and request.user.has_perm("api.view_couponrecord")

    @action(description="查看记录", permissions=["records"], icon="receipt_long")
    def records(self, request: HttpRequest, object_id: str) -> HttpResponse:
        coupon = row_or_404(self, request, object_id)
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
        return issuing.confirm(request, self._to_be_issued(request, object_id))

    def _to_be_issued(self, request: HttpRequest, object_id: str) -> Coupon:
        if not self.has_issue_permission(request):
            raise PermissionDenied
        coupon: Coupon = row_or_404(self, request, object_id)
        return coupon
