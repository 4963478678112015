"""Refunds: to read, and to decide by somebody else than who asked for it at the desk."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from api.admin.desk.columns import column, labelled
from api.admin.desk.dialogs import DeskDialogForm, asking, back_to, number_in, whole
from api.admin.desk.filters import DaysFilter
from api.admin.desk.links import link_to
from api.admin.desk.rows import row_or_404
from api.admin.orders.reading import FactsAdmin, table
from api.errors import GatewayOutOfReach
from api.models import Refund
from api.services.orders.locks import lock_account
from api.services.refunds import deciding, sending
from api.services.refunds.deciding import NotOpen, OwnRequest

COLOURS = {"待审核": "warning", "退款中": "info", "已退款": "success", "已拒绝": "default"}


def _facts_of(refund_id: Any) -> dict[str, str]:
    refund = Refund.objects.filter(pk=number_in(refund_id)).first()
    if refund is None:
        return {}
    return {"状态": refund.get_status_display(), "退款金额": f"{refund.amount:.2f}"}


def _lock(refund_id: Any) -> None:
    refund = Refund.objects.filter(pk=number_in(refund_id)).select_related("order").first()
    if refund is not None:
        lock_account(refund.order.account_id)
        list(Refund.objects.select_for_update(no_key=True).filter(pk=refund.pk).values_list("pk"))


class DecisionForm(DeskDialogForm):
    note = forms.CharField(
        label="审核说明",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="会写入这笔退款和操作日志。",
    )
    decision: tuple[Refund.Status, ...]

    def is_done(self, data: dict[str, Any]) -> bool:
        return _was_decided(
            self.object_id, self.request.user.pk, data.get("note", ""), self.decision
        )


class ApprovalForm(DecisionForm):
    decision = (Refund.Status.APPROVED, Refund.Status.DONE)


class RefusalForm(DecisionForm):
    decision = (Refund.Status.REFUSED,)


def _was_decided(
    refund_id: Any, staff_id: int | None, note: str, decision: tuple[Refund.Status, ...]
) -> bool:
    """Whether this person has decided just so before, with this note."""
    mine = Refund.objects.filter(decided_by_id=staff_id, note=note, status__in=decision)
    return bool(note) and mine.filter(pk=number_in(refund_id)).exists()


@admin.register(Refund)
class RefundAdmin(FactsAdmin):
    fields = (
        "out_request_no",
        "of_order",
        "standing",
        "money_back",
        "courses",
        "reason",
        "asked_at",
        "asked_by",
        "decided_by",
        "decided_at",
        "note",
        "sent_at",
        "done_at",
    )
    readonly_fields = fields
    list_display = (
        "out_request_no",
        column("order__account__username", "账户"),
        "standing",
        "money_back",
        "excess",
        "asked_at",
        "done_at",
    )
    list_select_related = ("order__account",)
    list_filter = (("status", ChoicesDropdownFilter), ("asked_at", DaysFilter))
    search_fields = ("out_request_no",)  # what it finds is in get_search_results
    search_help_text = "按退款单号（以订单号开头）的开头搜索"
    numbered_by = "out_request_no"
    when_empty = "学员申请退款，或在已付款订单的页面点“申请退款”，都会列在这里等待审核。"
    actions_detail = ("approve", "refuse")

    @labelled("状态", COLOURS)
    def standing(self, refund: Refund) -> str:
        return str(refund.get_status_display())

    @display(description="退款金额（元）")
    def money_back(self, refund: Refund) -> str:
        return f"{refund.amount:.2f}"

    @display(description="订单")
    def of_order(self, refund: Refund) -> str:
        return link_to(refund.order, refund.order.order_number)

    @display(description="课程")
    def courses(self, refund: Refund) -> str | None:
        lines = refund.lines.select_related("detail").order_by("pk")
        rows = [[line.detail.content or "", f"{line.amount:.2f}"] for line in lines]
        return table(["课程", "退款金额（元）"], rows)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        # It has no account of its own, whose name a search would begin with.
        return queryset.filter(out_request_no__startswith=search_term.strip()), False

    # --- Deciding -----------------------------------------------------------------------------

    def has_approve_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(["api.view_refund", "api.approve_refund"])

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        refund = self.get_object(request, str(object_id))
        if refund is None or refund.status != Refund.Status.ASKED:
            return []
        return super().get_actions_detail(request, object_id)

    @whole
    @action(
        description="同意退款",
        permissions=["approve"],
        icon="currency_exchange",
        variant=ActionVariant.PRIMARY,
        dialog=asking(
            "同意退款",
            "款项将原路退回，课程到期，优惠券退还。",
            form=ApprovalForm,
            button="同意退款",
            facts_of=_facts_of,
            lock=_lock,
        ),
    )
    def approve(self, request: HttpRequest, form: DecisionForm, object_id: str) -> HttpResponse:
        refund = self._decided(request, form, object_id, deciding.approve, "同意退款")
        if refund is None:
            return back_to(row_or_404(self, request, object_id))
        # Not before the decision is committed: no transaction waits for a gateway.
        transaction.on_commit(lambda: self._send(request, refund), robust=True)
        return back_to(refund)

    def _send(self, request: HttpRequest, refund: Refund) -> None:
        try:
            done = sending.send(refund, now=timezone.now())
        except GatewayOutOfReach:
            done = False
        if done:
            messages.success(request, "已退款。")
        else:
            messages.warning(request, "已同意，支付渠道尚未确认退款，系统会继续处理。")

    @whole
    @action(
        description="拒绝退款",
        permissions=["approve"],
        icon="block",
        dialog=asking(
            "拒绝退款",
            "订单恢复为交易成功。",
            form=RefusalForm,
            button="拒绝",
            facts_of=_facts_of,
            lock=_lock,
        ),
    )
    def refuse(self, request: HttpRequest, form: DecisionForm, object_id: str) -> HttpResponse:
        refund = self._decided(request, form, object_id, deciding.refuse, "拒绝退款")
        if refund is not None:
            messages.success(request, "已拒绝退款。")
        return back_to(refund or row_or_404(self, request, object_id))

    def _decided(
        self, request: HttpRequest, form: DecisionForm, object_id: str, decide: Any, what: str
    ) -> Refund | None:
        """The refund, decided; None where it could not be, which the page then says."""
        refund, note = row_or_404(self, request, object_id), form.cleaned_data["note"]
        try:
            decided: Refund = decide(
                refund.pk, staff_id=request.user.pk, note=note, now=timezone.now()
            )
        except NotOpen:
            if form.is_done(form.cleaned_data):
                messages.success(
                    request, f"这笔退款之前已由您审核：{refund.get_status_display()}。"
                )
                return None
            messages.error(request, "这笔退款已经审核过，没有改变。")
            return None
        except OwnRequest:
            messages.error(request, "不能审核自己提交的退款申请。")
            return None
        self.log_change(request, decided, f"{what}{decided.amount}：{note}")
        return decided
