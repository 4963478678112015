"""Coupon records: facts to read, one thing to do (take an unused one back), and files of them.

A list of millions opens without counting them, and every filter and search has its index.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, XLSX
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.contrib.import_export.forms import ExportForm
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.decorators import display as unfold_display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from api.admin.coupons import record_export as record_resource
from api.admin.coupons import words
from api.admin.coupons.record_events import EventInline
from api.admin.coupons.record_export import RecordResource, in_short
from api.admin.desk.base import LongListAdmin
from api.admin.desk.columns import column
from api.admin.desk.dialogs import asking, back_to
from api.admin.desk.filters import DaysFilter, titled
from api.admin.desk.wrong_filters import WRONG_FILTER, without_filters
from api.models import Account, CouponRecord, CouponRecordStatus
from api.services.coupons.lifecycle import Actor, RecordNotUnused, void
from utils.spreadsheets import export as exporting

NAMES_SEARCHED = 1_000


def accounts_named(beginning: str) -> list[int]:
    """The accounts that a search finds, and one more if there are more than it can use."""
    named = Account.objects.filter(username__startswith=beginning).values_list("pk", flat=True)
    return list(named[: NAMES_SEARCHED + 1])


class VoidForm(BaseDialogForm):
    reason = forms.CharField(
        label="作废原因",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="会写入这张优惠券的经过和操作日志。",
    )


@admin.register(CouponRecord)
class CouponRecordAdmin(ExportMixin, LongListAdmin):
    labels = {"coupon": "优惠券", "number": "券号", "status": "状态"}
    fields = (
        "number",
        "coupon",
        "worth",
        "account",
        "standing",
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
    )
    list_fullwidth = True
    list_select_related = ("account", "coupon")
    list_filter = (
        ("status", titled("状态", ChoicesDropdownFilter)),
        ("coupon", titled("优惠券", AutocompleteSelectFilter)),
        ("get_time", DaysFilter),
        ("account", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    search_fields = ("number",)  # what it finds is in get_search_results
    search_help_text = "按券号或用户名的开头搜索"
    ordering = ("-id",)
    sortable_by = ()
    inlines = (EventInline,)
    actions_detail = ("void",)
    actions_row = ("void",)
    resource_classes = (RecordResource,)
    export_form_class = ExportForm
    formats = (CSV, XLSX)

    # --- Facts --------------------------------------------------------------------------------

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
    def used(self, record: CouponRecord) -> str:
        return in_short(record.used_time)

    @display(description="可用日期")
    def usable(self, record: CouponRecord) -> str | None:
        days = words.window_of(record)
        return f"{days.first} 至 {days.last}" if days else None

    @display(description="可用至")
    def last_day(self, record: CouponRecord) -> str | None:
        days = words.window_of(record)
        return str(days.last) if days else None

    @unfold_display(
        description="状态",
        label={
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
        """By the beginning of a number or of a name, each of which has its index. The accounts
        come first: a search across the join would read both tables."""
        term = search_term.strip()
        if not term or "\0" in term:
            return (queryset.none() if term else queryset), False
        accounts = accounts_named(term)
        if len(accounts) > NAMES_SEARCHED:
            text = f"以“{term}”开头的账户超过{NAMES_SEARCHED}个，请输入更完整的用户名。"
            messages.warning(request, text)
        # The desk's own numbers are upper-case; those of other programs are what they are.
        numbered = Q(number__startswith=term) | Q(number__startswith=term.upper())
        return queryset.filter(numbered | Q(account_id__in=accounts[:NAMES_SEARCHED])), False

    # --- Taking one back ----------------------------------------------------------------------

    def has_void_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("api.void_couponrecord")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        record = self.get_object(request, str(object_id))
        if record is None or record.status != CouponRecordStatus.UNUSED:
            return []
        return super().get_actions_detail(request, object_id)

    @action(
        description="作废",
        permissions=["void"],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog=asking("作废优惠券", "作废后用户不能再使用，且不能恢复。", VoidForm, "作废"),
    )
    def void(self, request: HttpRequest, form: VoidForm, object_id: str) -> HttpResponse:
        record = self.get_object(request, object_id)
        if record is None:
            raise Http404
        try:
            with transaction.atomic():
                reason = form.cleaned_data["reason"]
                by = Actor(staff_id=request.user.pk)
                void(record_id=record.pk, now=timezone.now(), by=by, reason=reason)
                self.log_change(request, record, f"作废1张（{record.number}）：{reason}")
        except RecordNotUnused:
            messages.error(request, f"{record.number}不是未使用的优惠券，没有作废。")
        else:
            messages.success(request, f"已作废{record.number}。")
        return back_to(record)

    # --- Files --------------------------------------------------------------------------------

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.export_couponrecord")

    def export_action(self, request: HttpRequest) -> HttpResponseBase:
        """A file holds exactly what was asked for, or is not made."""
        records = reverse("admin:api_couponrecord_changelist")
        term = request.GET.get(SEARCH_VAR, "").strip()
        may = self.has_export_permission(request)
        if may and term and "\0" not in term and len(accounts_named(term)) > NAMES_SEARCHED:
            messages.error(request, "没有导出：符合搜索的账户太多，文件会不完整。")
            return redirect(f"{records}?{request.GET.urlencode()}")
        try:
            return super().export_action(request)
        except WRONG_FILTER:
            return without_filters(request, records)

    def get_valid_export_item_pks(self, request: HttpRequest) -> Iterable[int]:
        return ()  # what is exported is what is filtered; there is no choosing of single rows

    def _do_file_export(
        self,
        file_format: CSV | XLSX,
        request: HttpRequest,
        queryset: QuerySet[CouponRecord],
        export_form: Any = None,
    ) -> HttpResponseBase:
        """import-export would hold the whole file in memory; here it is made a batch at a time."""
        kind = file_format.get_extension()
        rows = self._logged(request, kind, record_resource.rows(queryset))
        heading = RecordResource().get_export_headers()
        if kind == "csv":
            content = exporting.csv_lines(heading, rows)
        else:
            content = exporting.xlsx_chunks("用户优惠券", heading, rows)
        answer = StreamingHttpResponse(content, content_type=file_format.get_content_type())
        name = self.get_export_filename(request, queryset, file_format)
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    @staticmethod
    def _logged(request: Any, kind: str, rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
        """Passes the rows on; at the end, be it early, the admin log says how many went out."""
        number = 0
        try:
            for row in rows:
                number += 1
                yield row
        finally:
            LogEntry.objects.create(
                user_id=request.user.pk,
                content_type=ContentType.objects.get_for_model(CouponRecord),
                object_repr="用户优惠券",
                action_flag=CHANGE,
                change_message=f"导出{number}条（{kind.upper()}）",
            )
