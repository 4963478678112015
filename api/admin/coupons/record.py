"""Coupon records: facts to read, one thing to do (take an unused one back), and files of them.

A list of millions opens without counting them, and every filter and search has its index.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from api.admin.coupons import words
from api.admin.coupons.record_events import EventInline
from api.admin.coupons.record_export import in_short
from api.admin.coupons.record_files import RecordFilesMixin
from api.admin.coupons.record_filters import CourseFilter, OrderFilter, UsedDaysFilter
from api.admin.coupons.record_taking_back import WithTakingBack
from api.admin.desk.base import LongListAdmin
from api.admin.desk.columns import column, labelled
from api.admin.desk.dialogs import DeskDialogForm, asking, back_to, number_in, whole
from api.admin.desk.filters import AutocompleteFilter, DaysFilter, titled
from api.admin.desk.links import link_to
from api.admin.desk.rows import row_or_404
from api.admin.desk.search import numbered_or_owned
from api.admin.desk.user import user_id
from api.models import CouponRecord, CouponRecordEvent, CouponRecordStatus
from api.services.coupons.lifecycle import Actor, RecordNotUnused, void


class VoidForm(DeskDialogForm):
    reason = forms.CharField(
        label="作废原因",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="会写入这张优惠券的经过和操作日志。",
    )

    def about(self) -> dict[str, str]:
        of = CouponRecord.objects.select_related("account", "coupon")
        record = of.filter(pk=number_in(self.object_id)).first()
        if record is None:
            return {}
        about = {"券号": record.number, "账户": record.account.username}
        return about | {"优惠券": record.coupon.name}

    def is_done(self, data: dict[str, Any]) -> bool:
        return _taken_back(self.object_id, user_id(self.request), data.get("reason", ""))


def _taken_back(record_id: Any, staff_id: int, reason: str) -> bool:
    """Whether this person has taken the record back, for this reason."""
    void_now = CouponRecord.objects.filter(pk=number_in(record_id), status=CouponRecordStatus.VOID)
    last = CouponRecordEvent.objects.filter(record__in=void_now).last()
    return bool(reason and last and (last.staff_id, last.reason) == (staff_id, reason))


def _facts_of(record_id: Any) -> dict[str, str]:
    record = CouponRecord.objects.filter(pk=number_in(record_id)).first()
    return {"状态": record.get_status_display()} if record else {}


def _lock(record_id: Any) -> None:
    # No key: what refers to the record, an event say, need not wait.
    found = CouponRecord.objects.select_for_update(no_key=True).filter(pk=number_in(record_id))
    list(found.values_list("pk"))


@admin.register(CouponRecord)
class CouponRecordAdmin(WithTakingBack, RecordFilesMixin, LongListAdmin):
    labels = {"coupon": "优惠券", "number": "券号", "status": "状态"}
    fields = (
        "number",
        "coupon",
        "worth",
        "account",
        "standing",
        "of_order",
        "of_batch",
        "get_time",
        "usable",
        "used_time",
        "void_reason",
    )
    readonly_fields = fields
    list_display = (
        column("number", "券号"),
        column("account__username", "账户"),
        column("coupon__name", "优惠券"),
        "worth",
        "standing",
        "received",
        "last_day",
        "used",
        "of_order",
    )
    list_fullwidth = True
    list_select_related = ("account", "coupon", "order")
    list_filter = (
        ("status", titled("状态", ChoicesDropdownFilter)),
        ("coupon", titled("优惠券", AutocompleteFilter)),
        ("get_time", DaysFilter),
        ("used_time", UsedDaysFilter),
        ("account", AutocompleteFilter),
        ("batch", titled("批次", AutocompleteFilter)),
        CourseFilter,
        ("coupon__coupon_type", titled("券类型", ChoicesDropdownFilter)),
        OrderFilter,
    )
    list_filter_submit = True
    search_fields = ("number",)  # for the box; get_search_results does the search
    search_help_text = "按券号或用户名的开头搜索"
    when_empty = "在优惠券的页面点“发放”，或让学员领取；每一张都会记在这里。"
    ordering = ("-id",)
    sortable_by = ()
    inlines = (EventInline,)
    actions = ("take_back_ticked", "take_back_filtered")
    actions_detail = ("void",)
    actions_row = ("void",)

    # --- Facts --------------------------------------------------------------------------------

    def title_of(self, row: CouponRecord) -> str:
        return row.number

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="优惠内容")
    def worth(self, record: CouponRecord) -> str:
        return words.worth(record.coupon)

    @display(description="领取时间")
    def received(self, record: CouponRecord) -> str:
        return in_short(record.get_time)

    @display(description="使用时间")
    def used(self, record: CouponRecord) -> str | None:
        return in_short(record.used_time) or None

    @display(description="订单")
    def of_order(self, record: CouponRecord) -> str | None:
        return link_to(record.order, str(record.order)) if record.order else None

    @display(description="批次")
    def of_batch(self, record: CouponRecord) -> str | None:
        return link_to(record.batch, str(record.batch)) if record.batch else None

    @display(description="可用日期")
    def usable(self, record: CouponRecord) -> str | None:
        days = words.window_of(record)
        return f"{days.first} 至 {days.last}" if days else None

    @display(description="可用至")
    def last_day(self, record: CouponRecord) -> str | None:
        days = words.window_of(record)
        return str(days.last) if days else None

    @labelled(
        "状态",
        {
            CouponRecordStatus.UNUSED.label: "info",
            CouponRecordStatus.USED.label: "success",
            CouponRecordStatus.EXPIRED.label: "default",
            CouponRecordStatus.VOID.label: "danger",
            CouponRecordStatus.LOCKED.label: "warning",
        },
    )
    def standing(self, record: CouponRecord) -> str:
        return record.get_status_display()

    @display(description="作废原因")
    def void_reason(self, record: CouponRecord) -> str | None:
        if record.status != CouponRecordStatus.VOID:
            return None
        taken_back = record.events.filter(to_status=CouponRecordStatus.VOID).last()
        return taken_back.reason if taken_back else None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CouponRecord], search_term: str
    ) -> tuple[QuerySet[CouponRecord], bool]:
        return numbered_or_owned(request, queryset, search_term, "number"), False

    # --- Taking one back ----------------------------------------------------------------------

    def has_void_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may_look = self.has_view_permission(request)
        return may_look and request.user.has_perm("api.void_couponrecord")

    def fits(self, name: str, record: CouponRecord) -> bool:
        """Whether the menu of this record's row offers the action."""
        return name != "void" or record.status == CouponRecordStatus.UNUSED

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        record = self.get_object(request, str(object_id))
        if record is None or record.status != CouponRecordStatus.UNUSED:
            return []
        return super().get_actions_detail(request, object_id)

    @whole
    @action(
        description="作废",
        permissions=["void"],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog=asking(
            "作废优惠券",
            "作废后用户不能再使用，且不能恢复。",
            form=VoidForm,
            button="作废",
            facts_of=_facts_of,
            lock=_lock,
        ),
    )
    def void(self, request: HttpRequest, form: VoidForm, object_id: str) -> HttpResponse:
        record = row_or_404(self, request, object_id)
        try:
            with transaction.atomic():
                reason = form.cleaned_data["reason"]
                by = Actor(staff_id=user_id(request))
                void(record_id=record.pk, now=timezone.now(), by=by, reason=reason)
                self.log_change(request, record, f"作废1张（{record.number}）：{reason}")
        except RecordNotUnused:
            if form.is_done(form.cleaned_data):
                messages.success(request, f"{record.number}之前已由您作废。")
                return back_to(record)
            messages.error(request, f"{record.number}不是未使用的优惠券，没有作废。")
        else:
            messages.success(request, f"已作废{record.number}。")
        return back_to(record)
