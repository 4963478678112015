"""The page that asks for the file of a batch's one-time codes, and the file. It is made once."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminRadioSelectWidget

from api.admin.desk.failures import FAILURES, failed
from api.admin.desk.user import user_id
from api.models import IssueBatch
from api.services.coupons import making_codes
from api.services.coupons.lifecycle import Actor
from api.services.coupons.making_codes import NotExported
from utils.outcomes import attempted
from utils.spreadsheets import export as exporting

CSV, XLSX = "csv", "xlsx"
TYPES = {
    CSV: "text/csv",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
HEADING = ["序号", "兑换码"]


class FormatForm(forms.Form):
    format = forms.ChoiceField(
        label="格式",
        choices=((CSV, "CSV"), (XLSX, "XLSX")),
        initial=CSV,
        widget=UnfoldAdminRadioSelectWidget(),
    )


def may_export(request: HttpRequest, batch: IssueBatch) -> bool:
    """Who had it made, or has the right to export anybody's."""
    own = batch.manager_id == user_id(request)
    return own or request.user.has_perm("api.export_couponcode")


def page(request: HttpRequest, batch: IssueBatch, frame: dict[str, Any]) -> HttpResponseBase:
    """GET: the form. POST: the file, to the first who asks for it."""
    if not batch.is_of_codes or not may_export(request, batch):
        raise PermissionDenied
    form = FormatForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _exported(request, batch, form.cleaned_data["format"])
    if refused := making_codes.why_not_exported(batch):
        return _back(request, batch, refused)
    context = {**frame, "title": "导出兑换码", "original": batch, "batch": batch, "form": form}
    return TemplateResponse(request, "admin/api/issuebatch/codes_file.html", context)


def _exported(request: HttpRequest, batch: IssueBatch, kind: str) -> HttpResponseBase:
    by = Actor(staff_id=user_id(request))
    try:
        with attempted():
            seed = making_codes.export(batch.pk, now=timezone.now(), by=by)
            told = f"导出{batch.number}个兑换码（{kind.upper()}）"
            LogEntry.objects.log_actions(
                user_id(request), [batch], CHANGE, told, single_object=True
            )
    except NotExported as refused:
        return _back(request, batch, refused)
    except FAILURES as error:
        return failed(request, error, "导出")
    rows = _rows(batch, seed)
    content = (
        exporting.csv_lines(HEADING, rows)
        if kind == CSV
        else exporting.xlsx_chunks("兑换码", HEADING, rows)
    )
    answer = StreamingHttpResponse(content, content_type=TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="codes-{batch.pk}.{kind}"'
    return answer


def _rows(batch: IssueBatch, seed: str) -> Iterator[list[str]]:
    for serial, code in enumerate(making_codes.exported(batch, seed), 1):
        yield [str(serial), code]


def _back(request: HttpRequest, batch: IssueBatch, refused: NotExported) -> HttpResponse:
    messages.error(request, f"没有导出：{refused}。")
    return redirect(reverse("admin:api_issuebatch_change", args=[batch.pk]))
