"""What gateways sent, and what was thought of it: to read."""

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from api.admin.desk.archived import ArchivedListAdmin
from api.admin.desk.columns import labelled
from api.admin.desk.filters import DaysFilter
from api.admin.desk.links import link_to
from api.admin.orders.reading import FactsAdmin
from api.models import PaymentNotification
from api.rules.payments import Verdict

_GOOD = (Verdict.PAID, Verdict.CLOSED, Verdict.REFUND)
COLOURS = {one.display: "success" if one in _GOOD else "warning" for one in Verdict}
COLOURS |= {Verdict.SIGNATURE.display: "danger"}


@admin.register(PaymentNotification)
class PaymentNotificationAdmin(ArchivedListAdmin, FactsAdmin):
    archived_sort = "notifications"
    fields = (
        "channel",
        "judged",
        "out_trade_no",
        "of_order",
        "first_seen",
        "last_seen",
        "times_seen",
        "raw",
        "signed",
    )
    readonly_fields = fields
    list_display = (
        "last_seen",
        "channel",
        "judged",
        "out_trade_no",
        "of_order",
        "times_seen",
        "first_seen",
    )
    list_select_related = ("payment__order",)
    list_filter = (
        ("verdict", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ("last_seen", DaysFilter),
    )
    search_fields = ("out_trade_no",)  # what it finds is in get_search_results
    search_help_text = "按商户单号（以订单号开头）的开头搜索"
    when_empty = "支付渠道发来付款、退款的通知时，每一条都会原样记在这里。"

    def get_queryset(self, request: HttpRequest) -> QuerySet[PaymentNotification]:
        rows: QuerySet[PaymentNotification] = super().get_queryset(request)
        return rows.defer("body", "headers")

    @labelled("结论", COLOURS)
    def judged(self, notice: PaymentNotification) -> str:
        return str(notice.get_verdict_display())

    @display(description="订单")
    def of_order(self, notice: PaymentNotification) -> str | None:
        if notice.payment is None:
            return None
        return link_to(notice.payment.order, notice.payment.order.order_number)

    @display(description="原文")
    def raw(self, notice: PaymentNotification) -> str:
        return _as_it_is(notice.body)

    @display(description="签名头")
    def signed(self, notice: PaymentNotification) -> str:
        return _as_it_is(json.dumps(notice.headers, ensure_ascii=False, indent=2))

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(out_trade_no__startswith=term.replace("\0", "\\0")), False


def _as_it_is(text: str) -> str:
    return format_html('<pre class="whitespace-pre-wrap break-all">{}</pre>', text)
