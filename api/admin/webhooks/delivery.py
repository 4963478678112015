"""What each endpoint was told, what waits, and the dead letters: to read, and to send again."""

import json
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action

from api.admin.coupons.record_export import in_short
from api.admin.desk.archived import ArchivedListAdmin
from api.admin.desk.columns import labelled
from api.admin.desk.dialogs import DeskDialogForm, asking, back_to, number_in, whole
from api.admin.desk.filters import DaysFilter
from api.admin.desk.links import link_to
from api.admin.desk.rows import row_or_404
from api.admin.orders.reading import FactsAdmin
from api.models import Order, ShopEvent, WebhookDelivery
from api.services.events import endpoints
from api.services.events import messages as events

Status = WebhookDelivery.Status
COLOURS = {"待投递": "warning", "已送达": "success", "死信": "danger"}
ORDERS_SEARCHED = 1_000


def _facts_of(delivery_id: Any) -> dict[str, str]:
    delivery = WebhookDelivery.objects.filter(pk=number_in(delivery_id)).first()
    return {"状态": delivery.get_status_display()} if delivery else {}


def _lock(delivery_id: Any) -> None:
    rows = WebhookDelivery.objects.filter(pk=number_in(delivery_id))
    list(rows.select_for_update(no_key=True).values_list("pk"))


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ArchivedListAdmin, FactsAdmin):
    archived_sort = "deliveries"
    fields = (
        "message",
        "kind",
        "of_endpoint",
        "of_order",
        "standing",
        "attempts",
        "since",
        "next_try",
        "delivered_at",
        "last_status",
        "last_error",
        "body",
    )
    readonly_fields = fields
    list_display = (
        "message",
        "kind",
        "told",
        "of_order",
        "standing",
        "attempts",
        "answered",
        "begun",
    )
    list_select_related = ("endpoint", "order")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("endpoint", RelatedDropdownFilter),
        ("since", DaysFilter),
    )
    search_fields = ("order",)  # what it finds is in get_search_results
    search_help_text = "按订单号的开头搜索"
    when_empty = "有启用的Webhook端点之后，每一次投递都会记在这里。"
    actions = ("redeliver_selected",)
    actions_detail = ("redeliver",)

    @display(description="事件编号")
    def message(self, delivery: WebhookDelivery) -> str:
        return f"evt_{delivery.event_id}"

    @labelled("状态", COLOURS)
    def standing(self, delivery: WebhookDelivery) -> str:
        return str(delivery.get_status_display())

    @display(description="端点")
    def of_endpoint(self, delivery: WebhookDelivery) -> str:
        return link_to(delivery.endpoint, delivery.endpoint.url)

    @display(description="端点")
    def told(self, delivery: WebhookDelivery) -> str:
        endpoint = delivery.endpoint
        return Truncator(endpoint.description or endpoint.url.partition("://")[2]).chars(24)

    @display(description="最近应答")
    def answered(self, delivery: WebhookDelivery) -> str | None:
        said = delivery.last_error or str(delivery.last_status or "")
        return Truncator(said).chars(24) or None

    @display(description="开始投递")
    def begun(self, delivery: WebhookDelivery) -> str:
        return in_short(delivery.since)

    @display(description="订单")
    def of_order(self, delivery: WebhookDelivery) -> str | None:
        return link_to(delivery.order, delivery.order.order_number) if delivery.order else None

    @display(description="下次投递")
    def next_try(self, delivery: WebhookDelivery) -> str | None:
        if delivery.status != Status.WAITING:
            return None
        return f"{timezone.localtime(delivery.next_at):%Y-%m-%d %H:%M:%S}"

    @display(description="内容")
    def body(self, delivery: WebhookDelivery) -> str:
        told = json.loads(events.of_event(delivery.event).body)
        text = json.dumps(told, ensure_ascii=False, indent=2)
        return format_html('<pre class="whitespace-pre-wrap break-all">{}</pre>', text)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery], search_term: str
    ) -> tuple[QuerySet[WebhookDelivery], bool]:
        term = search_term.strip().replace("\0", "")
        if not term:
            return queryset.none() if search_term.strip() else queryset, False
        # Looked up before: each of the three conditions has its index then.
        found = Order.objects.filter(order_number__startswith=term)
        orders = list(found.values_list("pk", flat=True)[:ORDERS_SEARCHED])
        told = ShopEvent.objects.filter(order__in=orders).values("pk")
        return queryset.filter(event__in=told), False

    # --- Sending again ------------------------------------------------------------------------

    def has_redeliver_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(["api.view_webhookdelivery", "api.redeliver_webhookdelivery"])

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        delivery = self.get_object(request, str(object_id))
        if delivery is None or delivery.status == Status.WAITING:
            return []
        return super().get_actions_detail(request, object_id)

    @action(description="重新投递所选", permissions=["redeliver"])
    def redeliver_selected(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        with transaction.atomic():
            chosen = list(queryset.exclude(status=Status.WAITING))
            number = endpoints.redeliver([one.pk for one in chosen], now=timezone.now())
            for delivery in chosen:
                self.log_change(request, delivery, "重新投递")
        if number:
            messages.success(request, f"{number}条将重新投递。")
        else:
            messages.info(request, "所选的都在等待投递，没有改变。")

    @whole
    @action(
        description="重新投递",
        permissions=["redeliver"],
        icon="replay",
        dialog=asking(
            "重新投递",
            "再发送一次，事件编号不变。接收方可能已经处理过它，应按 webhook-id 去重。",
            button="重新投递",
            facts_of=_facts_of,
            lock=_lock,
        ),
    )
    def redeliver(self, request: HttpRequest, form: DeskDialogForm, object_id: str) -> HttpResponse:
        delivery = row_or_404(self, request, object_id)
        if endpoints.redeliver([delivery.pk], now=timezone.now()):
            self.log_change(request, delivery, "重新投递")
            messages.success(request, "将重新投递。")
        else:
            messages.info(request, "它在等待投递，没有改变。")
        return back_to(delivery)
