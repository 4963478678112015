"""计划发放: what is to be issued later, what came of it, and cancelling it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from api.admin.coupons.record_export import in_short
from api.admin.desk.base import DeskAdmin
from api.admin.desk.columns import labelled
from api.admin.desk.dialogs import DeskDialogForm, asking, back_to, number_in, whole
from api.admin.desk.filters import AutocompleteFilter, DaysFilter, titled
from api.admin.desk.links import link_to
from api.admin.desk.rows import row_or_404
from api.admin.desk.user import user_id
from api.models import IssueBatch, IssuePlan
from api.services.coupons import planning
from api.services.coupons.lifecycle import Actor
from api.services.coupons.planning import NotWaiting

State = IssuePlan.State
STATE_COLOURS = {
    State.WAITING.label: "info",
    State.DONE.label: "success",
    State.CANCELLED.label: "default",
    State.FAILED.label: "danger",
}


def _found(plan_id: Any) -> IssuePlan | None:
    return IssuePlan.objects.filter(pk=number_in(plan_id)).first()


def _facts_of(plan_id: Any) -> dict[str, str]:
    plan = _found(plan_id)
    return {"状态": plan.get_state_display()} if plan else {}


def _lock(plan_id: Any) -> None:
    """Whoever issues it at this moment is waited for."""
    found = IssuePlan.objects.select_for_update(no_key=True).filter(pk=number_in(plan_id))
    list(found.values_list("pk"))


class CancelForm(DeskDialogForm):
    reason = forms.CharField(
        label="取消原因",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="会写入这个计划和操作日志。",
    )

    def is_done(self, data: dict[str, Any]) -> bool:
        """Whether this person has cancelled it, for this reason."""
        plan = _found(self.object_id)
        if plan is None or plan.state != State.CANCELLED:
            return False
        return (plan.cancelled_by_id, plan.why) == (user_id(self.request), data.get("reason"))

    def about(self) -> dict[str, str]:
        plan = _found(self.object_id)
        if plan is None:
            return {}
        return {"优惠券": plan.coupon_name, "发给谁": plan.whom, "发放时间": in_short(plan.at)}


@admin.register(IssuePlan)
class IssuePlanAdmin(DeskAdmin):
    list_display = ("when", "of_coupon", "whom", "by", "standing", "number", "why")
    list_select_related = ("coupon", "manager")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("coupon", titled("优惠券", AutocompleteFilter)),
        ("at", DaysFilter),
    )
    list_filter_submit = True
    list_fullwidth = True
    search_fields = ("coupon_name", "whom")
    search_help_text = "按优惠券名称或发给谁搜索"
    when_empty = "在优惠券的页面点“发放”，填写发放时间。"
    ordering = ("-at", "-id")
    sortable_by = ()
    fields = (
        "when", "of_coupon", "whom", "standing", "number", "why", "settled",
        "by", "planned", "canceller",
    )  # fmt: skip
    readonly_fields = fields
    actions_detail = ("batch", "cancel")
    actions_row = ("batch", "cancel")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[IssuePlan]:
        plans: QuerySet[IssuePlan] = super().get_queryset(request)
        # An audience may be of 200,000 names.
        return plans.select_related("coupon", "manager", "cancelled_by").defer("audience", "terms")

    # --- Facts --------------------------------------------------------------------------------

    @display(description="发放时间")
    def when(self, plan: IssuePlan) -> str:
        return in_short(plan.at)

    @display(description="优惠券")
    def of_coupon(self, plan: IssuePlan) -> str:
        if plan.coupon is None:
            return f"{plan.coupon_name}（已删除）"
        return link_to(plan.coupon, plan.coupon.name)

    @labelled("状态", STATE_COLOURS)
    def standing(self, plan: IssuePlan) -> str:
        return State(plan.state).label

    @display(description="工作人员")
    def by(self, plan: IssuePlan) -> str | None:
        return plan.manager.get_username() if plan.manager else None

    @display(description="计划于")
    def planned(self, plan: IssuePlan) -> str:
        return in_short(plan.planned_at)

    @display(description="执行或取消于")
    def settled(self, plan: IssuePlan) -> str | None:
        return in_short(plan.settled_at) or None

    @display(description="取消人")
    def canceller(self, plan: IssuePlan) -> str | None:
        return plan.cancelled_by.get_username() if plan.cancelled_by else None

    # --- What can be done ---------------------------------------------------------------------

    def fits(self, name: str, plan: IssuePlan) -> bool:
        """Whether the menu of this plan's row offers the action."""
        return plan.state == {"batch": State.DONE, "cancel": State.WAITING}.get(name)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        plan = self.get_object(request, str(object_id))
        names = {"batch": "查看批次", "cancel": "取消计划"}
        idle = {told for name, told in names.items() if plan is None or not self.fits(name, plan)}
        shown = super().get_actions_detail(request, object_id)
        return [one for one in shown if one.description not in idle]

    def has_batch_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("api.view_issuebatch")

    def has_cancel_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("api.issue_coupon")

    @action(description="查看批次", permissions=["batch"], icon="inventory_2")
    def batch(self, request: HttpRequest, object_id: str) -> HttpResponse:
        plan = row_or_404(self, request, object_id)
        batch = IssueBatch.objects.filter(key=plan.key).first()
        if batch is None:
            messages.info(request, "没有批次：没有发放，或优惠券已被删除。")
            return redirect(reverse("admin:api_issueplan_change", args=[plan.pk]))
        return redirect(reverse("admin:api_issuebatch_change", args=[batch.pk]))

    @whole
    @action(
        description="取消计划",
        permissions=["cancel"],
        icon="event_busy",
        variant=ActionVariant.DANGER,
        dialog=asking(
            "取消计划",
            "取消后到时间也不会发放。取消不能撤销，需要时请重新计划。",
            form=CancelForm,
            button="确定取消计划",  # beside 取消, which closes the dialog
            facts_of=_facts_of,
            lock=_lock,
        ),
    )
    def cancel(self, request: HttpRequest, form: CancelForm, object_id: str) -> HttpResponse:
        plan, reason = row_or_404(self, request, object_id), form.cleaned_data["reason"]
        by = Actor(staff_id=user_id(request))
        try:
            planning.cancel(plan.pk, now=timezone.now(), by=by, reason=reason)
        except NotWaiting:
            messages.info(request, f"没有取消：这个计划之前{plan.get_state_display()}。")
            return back_to(plan)
        self.log_change(request, plan, f"取消计划：{reason}")
        messages.success(request, f"已取消{in_short(plan.at)}的计划，不会发放。")
        return back_to(plan)
