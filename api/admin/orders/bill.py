"""对账: the gateways' bills by day, and the differences that somebody must look into."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from api.admin.desk.columns import column, labelled
from api.admin.desk.dialogs import DeskDialogForm, asking, back_to, number_in, whole
from api.admin.desk.filters import DatesFilter
from api.admin.desk.links import link_to
from api.admin.desk.rows import row_or_404
from api.admin.orders.reading import FactsAdmin
from api.models import Bill, BillLine
from api.rules.reconciliation import BillResult
from api.services.reconciling import settling
from api.services.reconciling.settling import NotOpen

COLOURS = {"平": "success", "长款": "warning", "短款": "danger", "金额不符": "danger"}
BALANCED = BillResult.BALANCED.value


def differences_of(bill: Bill) -> str:
    """How many of its lines somebody must look at, as a link to them."""
    day = f"bill__day_from={bill.day}&bill__day_to={bill.day}"
    query = f"bill__channel__exact={bill.channel}&{day}"
    url = f"{reverse('admin:api_billline_changelist')}?{query}"
    return format_html('<a class="text-primary-600" href="{}">{}笔</a>', url, bill.unsettled)


@admin.register(Bill)
class BillAdmin(FactsAdmin):
    fields = (
        "channel",
        "day",
        "standing",
        "received",
        "refunded",
        "balanced",
        "surplus",
        "shortage",
        "mismatched",
        "differences",
        "fetched_at",
        "tried_at",
        "problem",
        "digest",
    )
    readonly_fields = fields
    list_display = (
        "day",
        "channel",
        "standing",
        "received",
        "refunded",
        "balanced",
        "surplus",
        "shortage",
        "mismatched",
        "differences",
    )
    ordering = ("-day",)
    list_filter = (("channel", ChoicesDropdownFilter), ("day", DatesFilter))
    search_fields = ("day",)  # what it finds is in get_search_results
    search_help_text = "按账单日搜索：2026-11-25，或2026-11"
    when_empty = "每天会从支付渠道取得前一天的账单并对账，结果列在这里。"

    @labelled("状态", {"平": "success", "待处理": "danger", "未取得": "warning"})
    def standing(self, bill: Bill) -> str:
        if bill.fetched_at is None:
            return "未取得"
        return "待处理" if bill.unsettled else "平"

    @display(description="待处理差异")
    def differences(self, bill: Bill) -> str:
        if not bill.unsettled:
            return "0"
        return differences_of(bill)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Bill], search_term: str
    ) -> tuple[QuerySet[Bill], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            first = date.fromisoformat(term if len(term) > 7 else f"{term}-01")
        except ValueError:
            return queryset.none(), False
        if len(term) > 7:
            return queryset.filter(day=first), False
        return queryset.filter(day__year=first.year, day__month=first.month), False


class StandingFilter(DropdownFilter):
    """At first, what is still to be looked into."""

    title = "处理"
    parameter_name = "standing"
    all_option = ["", "待处理"]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("settled", "已处理"), ("balanced", "平"), ("all", "全部")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {
            "settled": Q(settled_at__isnull=False),
            "balanced": Q(result=BALANCED),
            "all": Q(),
        }
        open_ = ~Q(result=BALANCED) & Q(settled_at=None)
        return queryset.filter(chosen.get(self.value() or "", open_))


def _facts_of(line_id: Any) -> dict[str, str]:
    line = BillLine.objects.filter(pk=number_in(line_id)).first()
    if line is None:
        return {}
    return {
        "结果": line.get_result_display(),
        "渠道金额": "无" if line.amount is None else f"{line.amount:.2f}",
        "本店金额": "无" if line.own_amount is None else f"{line.own_amount:.2f}",
        "处理说明": line.note or "无",
    }


class SettlingForm(DeskDialogForm):
    note = forms.CharField(
        label="处理说明",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="查到了什么、怎样处理的。会写入这笔明细和操作日志。",
    )

    def is_done(self, data: dict[str, Any]) -> bool:
        """Whether this person has settled it just so before."""
        mine = BillLine.objects.filter(
            settled_by_id=self.request.user.pk, settled_at__isnull=False, note=data.get("note", "")
        )
        return bool(data.get("note")) and mine.filter(pk=number_in(self.object_id)).exists()


@admin.register(BillLine)
class BillLineAdmin(FactsAdmin):
    fields = (
        "of_bill",
        "standing",
        "kind",
        "out_trade_no",
        "out_request_no",
        "trade_no",
        "amount",
        "own_amount",
        "at",
        "of_order",
        "note",
        "settled_by",
        "settled_at",
        "raw",
    )
    readonly_fields = fields
    list_display = (
        "__str__",
        column("bill__day", "账单日"),
        column("bill__channel", "渠道"),
        "kind",
        "standing",
        column("amount", "渠道金额（元）"),
        column("own_amount", "本店金额（元）"),
        "at",
        "note",
        "settled_by",
    )
    list_select_related = ("bill", "settled_by")
    list_filter = (
        StandingFilter,
        ("result", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("bill__channel", ChoicesDropdownFilter),
        ("bill__day", DatesFilter),
    )
    search_fields = ("out_trade_no",)  # what it finds is in get_search_results
    search_help_text = "按商户单号（以订单号开头）的开头搜索；“平”的明细请选“全部”"
    when_empty = "账单与本店的记录不一致时，差异列在这里等待处理。"
    actions_detail = ("settle",)

    @labelled("结果", COLOURS)
    def standing(self, line: BillLine) -> str:
        return str(line.get_result_display())

    @display(description="账单")
    def of_bill(self, line: BillLine) -> str:
        return link_to(line.bill, str(line.bill))

    @display(description="订单")
    def of_order(self, line: BillLine) -> str | None:
        if line.payment is None:
            return None
        return link_to(line.payment.order, line.payment.order.order_number)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[BillLine], search_term: str
    ) -> tuple[QuerySet[BillLine], bool]:
        term = search_term.strip().replace("\0", "")
        return (queryset.filter(out_trade_no__startswith=term) if term else queryset), False

    # --- Settling -----------------------------------------------------------------------------

    def has_settle_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(["api.view_billline", "api.settle_billline"])

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        line = self.get_object(request, str(object_id))
        if line is None or not line.is_open:
            return []
        return super().get_actions_detail(request, object_id)

    @whole
    @action(
        description="处理",
        permissions=["settle"],
        icon="task_alt",
        variant=ActionVariant.PRIMARY,
        dialog=asking(
            "处理这笔差异",
            "记下核对的结果，这笔差异不再列为待处理。金额和订单不会因此改变。",
            form=SettlingForm,
            button="已处理",
            facts_of=_facts_of,
            lock=lambda line_id: settling.lock(number_in(line_id)),
        ),
    )
    def settle(self, request: HttpRequest, form: SettlingForm, object_id: str) -> HttpResponse:
        line, note = row_or_404(self, request, object_id), form.cleaned_data["note"]
        try:
            line = settling.settle(line.pk, staff_id=request.user.pk, note=note, now=timezone.now())
        except NotOpen:
            if form.is_done(form.cleaned_data):
                messages.success(request, "这笔差异之前已由您处理。")
            else:
                messages.error(request, "这笔差异已经处理过，或已经平了，没有改变。")
            return back_to(line)
        self.log_change(request, line, f"处理{line.get_result_display()}：{note}")
        messages.success(request, "已处理。")
        return back_to(line)
