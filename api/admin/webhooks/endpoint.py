"""Webhook endpoints: who is told what, with which secret; and whether it arrives."""

import secrets
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import action
from unfold.enums import ActionVariant

from api.admin.desk.base import DeskAdmin
from api.admin.desk.columns import labelled
from api.admin.desk.dialogs import DeskDialogForm, asking, back_to, number_in, whole
from api.admin.desk.filters import titled
from api.admin.desk.rows import row_or_404
from api.admin.webhooks.endpoint_form import EndpointForm
from api.models import WebhookDelivery, WebhookEndpoint
from api.rules.webhooks import KINDS
from api.services.events import delivering, endpoints
from api.services.events import messages as events
from utils.outgoing import Forbidden, NoAnswer

Status = WebhookDelivery.Status
COLOURS = {"启用": "success", "停用": "danger", "无应答": "warning"}


def _facts_of(endpoint_id: Any) -> dict[str, str]:
    endpoint = WebhookEndpoint.objects.filter(pk=number_in(endpoint_id)).first()
    return {"地址": endpoint.url} if endpoint else {}


def _secret_of(endpoint_id: Any) -> dict[str, str]:
    """Whether somebody else has changed it meanwhile; not what it is."""
    endpoint = WebhookEndpoint.objects.filter(pk=number_in(endpoint_id)).first()
    if endpoint is None:
        return {}
    until = endpoint.old_secret_until
    changed = f"{timezone.localtime(until):%Y-%m-%d %H:%M:%S}" if until else "从未"
    return {"旧密钥有效至": changed}


def _lock(endpoint_id: Any) -> None:
    rows = WebhookEndpoint.objects.filter(pk=number_in(endpoint_id))
    list(rows.select_for_update(no_key=True).values_list("pk"))


def _number(status: Status) -> Coalesce:
    mine = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), status=status)
    counted = mine.order_by().values("endpoint").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(DeskAdmin):
    form = EndpointForm
    readonly_fields = ("standing", "signing_secret", "deliveries", "created")
    list_display = ("url", "description", "subscribed", "standing", "waiting", "dead")
    list_filter = (("enabled", titled("启用", BooleanRadioFilter)),)
    search_fields = ("url", "description")
    search_help_text = "按地址或说明搜索"
    when_empty = "增加一个端点，订单和优惠券的事件就会发给它。"
    ordering = ("id",)
    actions_detail = ("send_test", "rotate", "redeliver_dead")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        own = ("url", "description", "kinds", "enabled")
        if obj is None:
            return own
        shown = ("standing", "deliveries", "created")
        return (*own, "signing_secret", *shown) if self._may_see_secret(request) else own + shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        rows: QuerySet[WebhookEndpoint] = super().get_queryset(request)
        return rows.annotate(
            waiting_number=_number(Status.WAITING), dead_number=_number(Status.DEAD)
        )

    def save_model(
        self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool
    ) -> None:
        if not change:
            obj.secret, obj.created = endpoints.new_secret(), timezone.now()
        elif obj.enabled:
            obj.note, obj.rests_until = "", None
        super().save_model(request, obj, form, change)
        transaction.on_commit(endpoints.forget_who_listens, robust=True)

    # --- Facts --------------------------------------------------------------------------------

    @labelled("状态", {"启用": "success", "停用": "danger", "无应答": "warning"})
    def standing(self, endpoint: WebhookEndpoint) -> str:
        if not endpoint.enabled:
            return "停用"
        return "无应答" if endpoint.rests_until else "启用"

    @display(description="订阅")
    def subscribed(self, endpoint: WebhookEndpoint) -> str:
        return "、".join(KINDS.get(kind, kind) for kind in endpoint.kinds) or "全部"

    @display(description="待投递")
    def waiting(self, endpoint: Any) -> str:
        return _link(endpoint, Status.WAITING, endpoint.waiting_number)

    @display(description="死信")
    def dead(self, endpoint: Any) -> str:
        return _link(endpoint, Status.DEAD, endpoint.dead_number)

    @display(description="投递")
    def deliveries(self, endpoint: Any) -> str:
        every = _link(endpoint, None, "全部投递记录")
        waiting, dead = self.waiting(endpoint), self.dead(endpoint)
        note = f"。{endpoint.note}" if endpoint.note else ""
        return format_html("待投递{}，死信{}，{}{}", waiting, dead, every, note)

    @display(description="签名密钥")
    def signing_secret(self, endpoint: WebhookEndpoint) -> str:
        return format_html(
            '<details><summary class="cursor-pointer text-primary-600">显示密钥</summary>'
            '<code class="break-all">{}</code></details>',
            endpoint.secret,
        )

    # --- Actions ------------------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def _may_see_secret(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("api.change_webhookendpoint"))

    def has_redeliver_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(["api.view_webhookendpoint", "api.redeliver_webhookdelivery"])

    @whole
    @action(
        description="发送测试",
        permissions=["change"],
        icon="send",
        dialog=asking(
            "发送测试",
            "立即向这个地址发送一条类型为 webhook.test 的消息，签名与真实事件相同。",
            button="发送",
            facts_of=_facts_of,
            lock=_lock,
        ),
    )
    def send_test(self, request: HttpRequest, form: DeskDialogForm, object_id: str) -> HttpResponse:
        endpoint = row_or_404(self, request, object_id)
        # Not before the commit: no transaction waits for a stranger.
        transaction.on_commit(lambda: _test(request, endpoint), robust=True)
        return back_to(endpoint)

    @whole
    @action(
        description="更换密钥",
        permissions=["change"],
        icon="key",
        variant=ActionVariant.DANGER,
        dialog=asking(
            "更换密钥",
            "生成新的签名密钥。24小时内新旧密钥同时签名，请在此期间把新密钥交给接收方。",
            button="更换",
            facts_of=_secret_of,
            lock=_lock,
        ),
    )
    def rotate(self, request: HttpRequest, form: DeskDialogForm, object_id: str) -> HttpResponse:
        endpoint = row_or_404(self, request, object_id)
        endpoints.rotate(endpoint, now=timezone.now())
        self.log_change(request, endpoint, "更换签名密钥")
        messages.success(request, "已更换密钥，旧密钥在24小时内仍然有效。")
        return back_to(endpoint)

    @whole
    @action(
        description="重新投递死信",
        permissions=["redeliver"],
        icon="replay",
        dialog=asking(
            "重新投递死信",
            "把这个端点的全部死信重新投递。接收方可能收到已经处理过的事件，应按 webhook-id 去重。",
            button="重新投递",
            facts_of=_facts_of,
            lock=_lock,
        ),
    )
    def redeliver_dead(
        self, request: HttpRequest, form: DeskDialogForm, object_id: str
    ) -> HttpResponse:
        endpoint = row_or_404(self, request, object_id)
        number = endpoints.redeliver_dead(endpoint, now=timezone.now())
        if number:
            self.log_change(request, endpoint, f"重新投递{number}条死信")
            messages.success(request, f"{number}条死信将重新投递。")
        else:
            messages.info(request, "没有死信。")
        return back_to(endpoint)


def _test(request: HttpRequest, endpoint: WebhookEndpoint) -> None:
    now = timezone.now()
    try:
        answer = delivering.send(events.of_test(secrets.token_hex(8), now=now), endpoint, now=now)
    except (Forbidden, NoAnswer) as error:
        messages.error(request, f"测试没有送达：{error}。")
        return
    if delivering.arrived(answer):
        messages.success(request, f"测试已送达，应答{answer.status}。")
    else:
        messages.error(request, f"测试没有送达：应答{answer.status}。")


def _link(endpoint: WebhookEndpoint, status: Status | None, shown: Any) -> str:
    url = reverse("admin:api_webhookdelivery_changelist")
    query = f"?endpoint__id__exact={endpoint.pk}"
    query += "" if status is None else f"&status__exact={status.value}"
    return format_html('<a class="text-primary-600" href="{}{}">{}</a>', url, query, shown)
