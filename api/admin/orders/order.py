"""Orders: facts to read, and one thing to do: say that one was paid outside the shop."""

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
from api.admin.desk.filters import AutocompleteFilter, DaysFilter
from api.admin.desk.rows import row_or_404
from api.admin.orders import story
from api.admin.orders.parts import LineInline, PaymentInline
from api.admin.orders.reading import FactsAdmin, table
from api.models import Order, Payment, Refund
from api.rules.orders import CLOSED, OrderStatus
from api.services.coupons.lifecycle import Actor
from api.services.orders import paying
from api.services.orders.locks import lock_account
from api.services.orders.paying import Outcome, Received
from api.services.refunds import asking as refunding
from utils.exceptions import ShopError

MAY_BE_PAID = CLOSED | {OrderStatus.UNPAID}

WHAT_CAME_OF_IT = {
    Outcome.PAID: "已收款，订单交易成功。",
    Outcome.REVIVED: "已收款：订单已关闭，已恢复为交易成功。",
    Outcome.EXCESS: "订单不能收款（已付款，或优惠券、课程已不可用），这笔金额记为多付待退。",
}

COLOURS = {
    OrderStatus.PAID.display: "success",
    OrderStatus.UNPAID.display: "warning",
    OrderStatus.REFUND_ASKED.display: "info",
    OrderStatus.REFUNDED.display: "danger",
    OrderStatus.CANCELLED.display: "default",
    OrderStatus.TIMED_OUT.display: "default",
}


class PaidForm(DeskDialogForm):
    note = forms.CharField(
        label="收款原因、流水号",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="会写入这个订单的支付记录和操作日志。",
    )

    def is_done(self, data: dict[str, Any]) -> bool:
        return _noted(self.object_id, self.request.user.pk, data.get("note", "")) is not None


def _noted(order_id: Any, staff_id: int | None, note: str) -> Payment | None:
    """The money that this person has noted for the order before, with this note."""
    mine = Payment.objects.filter(channel=Payment.Channel.OFFLINE, staff_id=staff_id, note=note)
    return mine.filter(order=number_in(order_id)).first() if note else None


def _facts_of(order_id: Any) -> dict[str, str]:
    order = Order.objects.filter(pk=number_in(order_id)).first()
    if order is None:
        return {}
    status = OrderStatus(order.status).display
    return {"状态": status, "实付金额": f"{order.actual_amount:.2f}"}


def _lock(order_id: Any) -> None:
    order = Order.objects.filter(pk=number_in(order_id)).only("account_id").first()
    if order is not None:
        lock_account(order.account_id)
        list(Order.objects.select_for_update(no_key=True).filter(pk=order.pk).values_list("pk"))


def _left_of(order_id: Any) -> dict[str, str]:
    order = Order.objects.filter(pk=number_in(order_id)).first()
    refunded = {} if order is None else {"已退金额": f"{order.refunded:.2f}"}
    return _facts_of(order_id) | refunded


class RefundForm(DeskDialogForm):
    reason = forms.CharField(
        label="退款原因",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="会写入这笔退款和操作日志。",
    )

    def is_done(self, data: dict[str, Any]) -> bool:
        return _asked(self.object_id, self.request.user.pk, data.get("reason", ""))


def _asked(order_id: Any, staff_id: int | None, reason: str) -> bool:
    """Whether this person has asked for it before, with this reason, and it is not decided yet."""
    mine = Refund.objects.filter(asked_by_id=staff_id, reason=reason, status=Refund.Status.ASKED)
    return bool(reason) and mine.filter(order=number_in(order_id)).exists()


@admin.register(Order)
class OrderAdmin(FactsAdmin):
    fieldsets = (
        (None, {"fields": ("order_number", "account", "standing", "payment_type")}),
        (
            "金额（元）",
            {"fields": (("subtotal", "course_discount", "global_discount"), "paid", "refunded")},
        ),
        ("时间", {"fields": (("date", "expires_at"), ("pay_time", "cancel_time"))}),
        ("优惠券", {"fields": ("coupons",)}),
        ("经过", {"fields": ("story",)}),
    )
    readonly_fields = (
        "order_number",
        "account",
        "standing",
        "payment_type",
        "subtotal",
        "course_discount",
        "global_discount",
        "paid",
        "refunded",
        "date",
        "expires_at",
        "pay_time",
        "cancel_time",
        "coupons",
        "story",
    )
    inlines = (LineInline, PaymentInline)
    list_display = (
        "order_number",
        column("account__username", "账户"),
        "standing",
        "paid",
        "off",
        "date",
        "pay_time",
    )
    list_select_related = ("account",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("payment_type", ChoicesDropdownFilter),
        ("date", DaysFilter),
        ("account", AutocompleteFilter),
    )
    search_fields = ("order_number",)  # what it finds is in get_search_results
    search_help_text = "按订单号或用户名的开头搜索"
    numbered_by = "order_number"
    when_empty = "学员下单后会显示在这里。"
    actions_detail = ("mark_paid", "ask_refund")

    # --- Facts --------------------------------------------------------------------------------

    @labelled("状态", COLOURS)
    def standing(self, order: Order) -> str:
        return OrderStatus(order.status).display

    @display(description="实付金额（元）")
    def paid(self, order: Order) -> str:
        return f"{order.actual_amount:.2f}"

    @display(description="优惠（元）")
    def off(self, order: Order) -> str:
        return f"{order.course_discount + order.global_discount:.2f}"

    @display(description="报价时的优惠券")
    def coupons(self, order: Order) -> str | None:
        return table(story.COUPON_HEADERS, story.coupons(order))

    @display(description="发生了什么")
    def story(self, order: Order) -> str | None:
        return table(story.STORY_HEADERS, story.story(order))

    # --- Paid outside the shop ----------------------------------------------------------------

    def has_mark_paid_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(["api.view_order", "api.mark_paid_order"])

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        order = self.get_object(request, str(object_id))
        fitting = set()
        if order is not None and order.status in MAY_BE_PAID:
            fitting.add("mark_paid")
        if order is not None and order.status == OrderStatus.PAID:
            fitting.add("ask_refund")
        actions: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        return [one for one in actions if one.action_name.removeprefix("api_order_") in fitting]

    @whole
    @action(
        description="标记为已收款",
        permissions=["mark_paid"],
        icon="payments",
        variant=ActionVariant.PRIMARY,
        dialog=asking(
            "标记为已收款",
            "确认已在线下收到这个订单的全部实付金额。订单的优惠券会核销，课程会开通。",
            form=PaidForm,
            button="已收款",
            facts_of=_facts_of,
            lock=_lock,
        ),
    )
    def mark_paid(self, request: HttpRequest, form: PaidForm, object_id: str) -> HttpResponse:
        order = row_or_404(self, request, object_id)
        if before := _noted(order.pk, request.user.pk, form.cleaned_data["note"]):
            messages.success(request, f"这笔收款之前已由您记过：{before.get_status_display()}。")
            return back_to(order)
        received = _offline(order, form.cleaned_data["note"], staff_id=request.user.pk)
        outcome = None
        with transaction.atomic():
            if order.status in MAY_BE_PAID:
                outcome = paying.receive_first(
                    order.pk, received, now=timezone.now(), by=Actor(staff_id=request.user.pk)
                )
            if outcome is not None:
                text = f"标记为已收款{received.amount}：{received.note}。{WHAT_CAME_OF_IT[outcome]}"
                self.log_change(request, order, text)
        if outcome is None:
            messages.error(request, "没有记录收款：订单已付款，或这笔收款已经记过。")
            return back_to(order)
        tell = messages.warning if outcome is Outcome.EXCESS else messages.success
        tell(request, WHAT_CAME_OF_IT[outcome])
        return back_to(order)

    # --- A refund that the learner asked for by telephone, say -----------------------------------

    def has_ask_refund_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(["api.view_order", "api.add_refund"])

    @whole
    @action(
        description="申请退款",
        permissions=["ask_refund"],
        icon="currency_exchange",
        dialog=asking(
            "申请退款",
            "为学员申请退还这个订单的全部剩余金额。由另一位有权限的同事审核后才会退款。",
            form=RefundForm,
            button="提交申请",
            facts_of=_left_of,
            lock=_lock,
        ),
    )
    def ask_refund(self, request: HttpRequest, form: RefundForm, object_id: str) -> HttpResponse:
        order = row_or_404(self, request, object_id)
        reason = form.cleaned_data["reason"]
        if _asked(order.pk, request.user.pk, reason):
            messages.success(request, "这笔退款之前已由您提交，等待审核。")
            return back_to(order)
        try:
            refunding.ask(
                account_id=order.account_id,
                order_number=order.order_number,
                course_ids=[],
                reason=reason,
                now=timezone.now(),
                staff_id=request.user.pk,
            )
        except ShopError as refused:
            messages.error(request, f"没有提交：{refused.message}。")
            return back_to(order)
        self.log_change(request, order, f"申请退款：{reason}")
        messages.success(request, "已提交退款申请，等待审核。")
        return back_to(order)


def _offline(order: Order, note: str, *, staff_id: int | None) -> Received:
    """All of the order's money; its number makes it one payment, however often it is sent."""
    return Received(
        channel=Payment.Channel.OFFLINE,
        out_trade_no=f"{order.order_number}-offline",
        amount=order.actual_amount,
        note=note,
        staff_id=staff_id,
    )
