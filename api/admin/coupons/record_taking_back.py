"""Taking back many records: those that are ticked in the list, or all that it is filtered to. A
page says how many before anything happens."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin import action
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextareaWidget

from api.admin.desk.dialogs import number_in
from api.admin.desk.failures import FAILURES, failed
from api.admin.desk.search import finds_too_many
from api.admin.desk.user import user_id
from api.admin.desk.wrong_filters import WRONG_FILTER, without_filters
from api.models import CouponRecord
from api.services.coupons import taking_back
from api.services.coupons.lifecycle import Actor
from utils.outcomes import attempted

TICKED, BACK = "ids", "_changelist_filters"
LIST = "admin:api_couponrecord_changelist"


class NotTakenBack(Exception):
    """Nothing is taken back; `str()` says why, to the manager."""


class ReasonForm(forms.Form):
    """`up_to` is the last record that the page had counted."""

    reason = forms.CharField(
        label="作废原因",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="会写入每一张优惠券的经过和操作日志。",
    )
    up_to = forms.IntegerField(min_value=0, max_value=2**62, widget=forms.HiddenInput)


class WithTakingBack:
    """Two actions and a page for CouponRecordAdmin."""

    def get_urls(self: Any) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.take_back)
        own = path("take_back/", view, name="api_couponrecord_take_back")
        # A method of the admin that this is mixed into.
        return [own, *super().get_urls()]  # type: ignore[misc]

    @action(description="作废所选的优惠券", permissions=["void"])
    def take_back_ticked(self: Any, request: HttpRequest, records: Any) -> HttpResponse:
        if request.POST.get("select_across") == "1":
            return self.take_back_filtered(request, records)
        ids = ",".join(str(pk) for pk in records.order_by("pk").values_list("pk", flat=True))
        asked = {TICKED: ids, BACK: request.GET.urlencode()}
        return redirect(f"{reverse('admin:api_couponrecord_take_back')}?{urlencode(asked)}")

    @action(description="作废全部筛选结果", permissions=["void"])
    def take_back_filtered(self: Any, request: HttpRequest, records: Any) -> HttpResponse:
        url = reverse("admin:api_couponrecord_take_back")
        return redirect(f"{url}?{request.GET.urlencode()}")

    def take_back(self: Any, request: HttpRequest) -> HttpResponse:
        """GET: how many there are, and the form. POST: takes them back."""
        if not self.has_void_permission(request):
            raise PermissionDenied
        try:
            records = self._meant(request)
        except NotTakenBack as refused:
            messages.error(request, f"没有作废：{refused}。")
            return _back(request)
        except WRONG_FILTER:
            return without_filters(request, reverse(LIST))
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return _taken_back(request, records, **form.cleaned_data)
        standing = taking_back.standing(records)
        form.initial["up_to"] = standing.last
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "作废优惠券",
            "what": "作废所选的优惠券" if TICKED in request.GET else "作废全部筛选结果",
            "standing": standing,
            "form": form,
            "back": _list_of(request),
        }
        return TemplateResponse(request, "admin/api/couponrecord/take_back.html", context)

    def _meant(self: Any, request: HttpRequest) -> Any:
        """The records that the address names. Raises NotTakenBack, and what a wrong filter does."""
        if TICKED in request.GET:
            ids = [number_in(one) for one in request.GET[TICKED].split(",")]
            return CouponRecord.objects.filter(pk__in=ids[: self.list_per_page])
        if finds_too_many(request.GET.get(SEARCH_VAR, "").strip()):
            raise NotTakenBack("符合搜索的账户太多，请输入更完整的用户名")
        changes = self.get_changelist_instance(request)
        if not (changes.has_active_filters or changes.query):
            raise NotTakenBack("请先筛选，例如按优惠券、批次或领取时间")
        return changes.get_queryset(request)


def _taken_back(request: HttpRequest, records: Any, *, reason: str, up_to: int) -> HttpResponse:
    by, now = Actor(staff_id=user_id(request)), timezone.now()
    try:
        with attempted():
            taken = taking_back.take_back(records, up_to=up_to, now=now, by=by, reason=reason)
            if taken.records:
                _log(request, taken.records, reason)
    except FAILURES as error:
        return failed(request, error, "作废")
    if taken.records:
        messages.success(request, f"已作废{taken.records}张未使用的优惠券。")
    else:
        messages.info(request, "没有未使用的优惠券，没有作废任何一张。")
    return _back(request)


def _log(request: HttpRequest, number: int, reason: str) -> None:
    LogEntry.objects.create(
        user_id=user_id(request),
        content_type=ContentType.objects.get_for_model(CouponRecord),
        object_repr="用户优惠券",
        action_flag=CHANGE,
        change_message=f"作废{number}张（{_said(request)}）：{reason}",
    )


def _said(request: HttpRequest) -> str:
    return "所选" if TICKED in request.GET else f"筛选：{request.GET.urlencode()}"


def _list_of(request: HttpRequest) -> str:
    ticked = TICKED in request.GET
    kept = QueryDict(request.GET.get(BACK, "")).urlencode() if ticked else request.GET.urlencode()
    return f"{reverse(LIST)}?{kept}" if kept else reverse(LIST)


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(_list_of(request))
