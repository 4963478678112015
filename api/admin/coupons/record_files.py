"""The page that asks for a file of coupon records, and the file itself."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, XLSX
from unfold.contrib.import_export.forms import ExportForm

from api.admin.coupons import record_export, record_filters
from api.admin.coupons.record_export import RecordResource, in_short
from api.admin.desk.search import finds_too_many
from api.admin.desk.user import user_id
from api.admin.desk.wrong_filters import WRONG_FILTER, without_filters
from api.models import CouponRecord
from utils.spreadsheets import export as exporting


class RecordFilesMixin(ExportMixin):
    """import-export's page, with a view of our own: import-export holds the whole file in memory,
    and here it is sent as it is made, a batch of rows at a time."""

    resource_classes = (RecordResource,)
    export_form_class = ExportForm
    export_template_name = "admin/api/couponrecord/export.html"
    formats = (CSV, XLSX)

    def has_export_permission(self, request: HttpRequest) -> bool:
        may_look: bool = self.has_view_permission(request)
        return may_look and request.user.has_perm("api.export_couponrecord")

    def export_action(self, request: HttpRequest) -> HttpResponseBase:
        """GET: the form. POST: the file. It holds exactly what was asked for, or is not made."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        records = reverse("admin:api_couponrecord_changelist")
        if finds_too_many(request.GET.get(SEARCH_VAR, "").strip()):
            messages.error(request, "没有导出：符合搜索的账户太多，文件会不完整。")
            return redirect(f"{records}?{request.GET.urlencode()}")
        try:
            asked_for = self.get_export_queryset(request)
        except WRONG_FILTER:
            return without_filters(request, records)
        formats = self.get_export_formats()
        resources = self.get_export_resource_classes(request)
        form = ExportForm(formats, resources, data=request.POST or None)
        if form.is_valid():
            kind = formats[int(form.cleaned_data["format"])]()
            name = self.get_export_filename(request, asked_for, kind)
            conditions = record_filters.in_words(request.GET)
            return file_of(asked_for, kind, name, conditions, user_id=user_id(request))
        request.current_app = self.admin_site.name
        context = self.init_request_context_data(request, form)
        context["number"] = record_filters.how_many(asked_for)
        context["conditions"] = record_filters.in_words(request.GET)
        return TemplateResponse(request, self.export_template_name, context)


def file_of(
    records: QuerySet[CouponRecord],
    kind: CSV | XLSX,
    name: str,
    conditions: list[str],
    *,
    user_id: int,
) -> StreamingHttpResponse:
    """An XLSX ends with a sheet that says how many rows there are, and by which conditions; a CSV
    is rows and nothing else, for programs."""
    extension = kind.get_extension()
    rows = Counted(record_export.rows(records))
    sent = logged(rows, extension, conditions, user_id=user_id)
    heading = RecordResource().get_export_headers()
    if extension == "csv":
        content = exporting.csv_lines(heading, sent)
    else:
        content = exporting.xlsx_chunks("用户优惠券", heading, sent, _notes(rows, conditions))
    answer = StreamingHttpResponse(content, content_type=kind.get_content_type())
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


class Counted:
    """Passes rows on, and knows how many there were."""

    def __init__(self, rows: Iterator[list[Any]]) -> None:
        self.rows, self.number = rows, 0

    def __iter__(self) -> Iterator[list[Any]]:
        for row in self.rows:
            self.number += 1
            yield row


def _notes(rows: Counted, conditions: list[str]) -> Iterator[list[str]]:
    yield ["行数", str(rows.number)]
    yield ["条件", "；".join(conditions) or "全部"]
    yield ["导出时间", in_short(timezone.now())]


def logged(
    rows: Counted, extension: str, conditions: list[str], *, user_id: int
) -> Iterator[list[Any]]:
    """Passes the rows on. When all are sent, or the download is broken off, writes into the admin
    log how many were, and by which conditions."""
    by = f"，条件：{'；'.join(conditions)}" if conditions else ""
    try:
        yield from rows
    finally:
        LogEntry.objects.create(
            user_id=user_id,
            content_type=ContentType.objects.get_for_model(CouponRecord),
            object_repr="用户优惠券",
            action_flag=CHANGE,
            change_message=f"导出{rows.number}条（{extension.upper()}）{by}",
        )
