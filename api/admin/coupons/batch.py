"""批次: everything that was issued at once, and every batch of one-time codes; how it stands,
taking it back, and the file of its codes."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from api.admin.coupons import code_files
from api.admin.coupons.record_export import in_short
from api.admin.desk.base import DeskAdmin
from api.admin.desk.dialogs import DeskDialogForm, asking, back_to, number_in, whole
from api.admin.desk.filters import AutocompleteFilter, DaysFilter, titled
from api.admin.desk.links import link_to
from api.admin.desk.rows import row_or_404
from api.admin.desk.user import user_id
from api.models import CouponRecordEvent, CouponRecordStatus, IssueBatch
from api.services.coupons import making_codes, taking_back
from api.services.coupons.lifecycle import Actor
from api.services.coupons.taking_back import Standing

NOT_YET, BEFORE = "没有撤回", "已撤回"


def _found(batch_id: Any) -> IssueBatch | None:
    return IssueBatch.objects.filter(pk=number_in(batch_id)).first()


def _facts_of(batch_id: Any) -> dict[str, str]:
    """Not the numbers: those of a batch that leaks change all the time, and stopping it must not
    have to wait until they do not."""
    batch = _found(batch_id)
    return {"撤回": BEFORE if batch.taken_back_at else NOT_YET} if batch else {}


def _lock(batch_id: Any) -> None:
    """Nothing: the service takes its locks in their order, the coupon's before the batch's."""


class TakeBackForm(DeskDialogForm):
    form_before_template = "admin/api/issuebatch/take_back.html"
    reason = forms.CharField(
        label="撤回原因",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="会写入每一张优惠券的经过和操作日志。",
    )

    def is_done(self, data: dict[str, Any]) -> bool:
        """Whether this person has taken it back, for this reason, and nothing is left."""
        batch, reason = _found(self.object_id), data.get("reason", "")
        if batch is None or not batch.taken_back_at or not reason:
            return False
        told = CouponRecordEvent.objects.filter(record__batch=batch, reason=reason)
        return told.filter(staff_id=user_id(self.request)).exists()

    def get_before_template_context(
        self, request: HttpRequest, object_id: Any = None
    ) -> dict[str, Any]:
        batch = _found(object_id)
        preview = {"standing": taking_back.standing_of(batch)} if batch else {}
        return super().get_before_template_context(request, object_id) | preview


@admin.register(IssueBatch)
class IssueBatchAdmin(DeskAdmin):
    list_display = (
        "name",
        "of_coupon",
        "source",
        "by",
        "number",
        "unused",
        "locked",
        "used",
        "gone",
        "free",
        "taken_back",
    )
    list_select_related = ("coupon", "manager")
    list_filter = (
        ("source", ChoicesDropdownFilter),
        ("coupon", titled("优惠券", AutocompleteFilter)),
        ("at", DaysFilter),
    )
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 20
    search_fields = ("coupon__name", "note")
    search_help_text = "按优惠券名称或备注搜索"
    when_empty = "在优惠券的页面点“发放”或“生成兑换码”，每一次都是一个批次。"
    ordering = ("-id",)
    sortable_by = ()
    actions_detail = ("records", "codes", "export", "take_back")
    actions_row = ("records", "take_back")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        facts = ("of_coupon", "source", "by", "name", "number", "note")
        counted = ("unused", "locked", "used", "gone")
        of_codes = ("progress", "free", "exported") if obj and obj.is_of_codes else ()
        return (*facts, *of_codes, *counted, "taken_back")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- Facts --------------------------------------------------------------------------------

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        standing = taking_back.standing_of_all(changes.result_list)
        for batch in changes.result_list:
            batch.standing = standing[batch.pk]
        return changes

    @display(description="发放时间")
    def name(self, batch: IssueBatch) -> str:
        return in_short(batch.at)

    @display(description="工作人员")
    def by(self, batch: IssueBatch) -> str | None:
        return batch.manager.get_username() if batch.manager else None

    @display(description="撤回时间")
    def taken_back(self, batch: IssueBatch) -> str | None:
        return in_short(batch.taken_back_at) or None

    @display(description="优惠券")
    def of_coupon(self, batch: IssueBatch) -> str:
        return link_to(batch.coupon, batch.coupon.name)

    @display(description="未使用")
    def unused(self, batch: IssueBatch) -> int:
        return _standing(batch).unused

    @display(description="已锁定")
    def locked(self, batch: IssueBatch) -> int:
        return _standing(batch).by_status.get(CouponRecordStatus.LOCKED, 0)

    @display(description="已使用")
    def used(self, batch: IssueBatch) -> int:
        return _standing(batch).by_status.get(CouponRecordStatus.USED, 0)

    @display(description="过期或作废")
    def gone(self, batch: IssueBatch) -> int:
        found = _standing(batch).by_status
        return found.get(CouponRecordStatus.EXPIRED, 0) + found.get(CouponRecordStatus.VOID, 0)

    @display(description="未兑换")
    def free(self, batch: IssueBatch) -> int | None:
        return _standing(batch).codes if batch.is_of_codes else None

    @display(description="生成进度")
    def progress(self, batch: IssueBatch) -> str:
        share = 100 * batch.made // batch.number
        bar = {"description": f"{batch.made} / {batch.number}", "value": share}
        shown = render_to_string("unfold/components/progress.html", bar)
        if batch.made == batch.number or batch.taken_back_at:
            return shown
        url = reverse("admin:api_issuebatch_change", args=[batch.pk])
        again = '{}<a class="text-primary-600" href="{}">正在后台生成，点此刷新</a>'
        return format_html(again, shown, url)

    @display(description="导出")
    def exported(self, batch: IssueBatch) -> str:
        if not batch.exported_at:
            return "还没有导出"
        who = batch.exported_by.get_username() if batch.exported_by else "—"
        return f"{in_short(batch.exported_at)}，{who}"

    # --- What can be done ---------------------------------------------------------------------

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        batch, idle = self.get_object(request, str(object_id)), set()
        if batch is None:
            return []
        if not batch.is_of_codes:
            idle |= {"查看兑换码", "导出兑换码"}
        elif making_codes.why_not_exported(batch) or not code_files.may_export(request, batch):
            idle |= {"导出兑换码"}
        shown = super().get_actions_detail(request, object_id)
        return [one for one in shown if one.description not in idle]

    def has_records_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("api.view_couponrecord")

    def has_codes_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("api.view_couponcode")

    def has_take_back_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("api.void_couponrecord")

    @action(description="查看记录", permissions=["records"], icon="receipt_long")
    def records(self, request: HttpRequest, object_id: str) -> HttpResponse:
        url = reverse("admin:api_couponrecord_changelist")
        batch = row_or_404(self, request, object_id)
        return redirect(f"{url}?batch__id__exact={batch.pk}")

    @action(description="查看兑换码", permissions=["codes"], icon="password")
    def codes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        url = reverse("admin:api_couponcode_changelist")
        batch = row_or_404(self, request, object_id)
        return redirect(f"{url}?batch__id__exact={batch.pk}")

    @action(description="导出兑换码", icon="download", variant=ActionVariant.PRIMARY)
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        batch = row_or_404(self, request, object_id)
        return redirect(reverse("admin:api_issuebatch_codes_file", args=[batch.pk]))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.file)
        own = path("<path:object_id>/codes_file/", view, name="api_issuebatch_codes_file")
        return [own, *super().get_urls()]

    def file(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch = row_or_404(self, request, object_id)
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return code_files.page(request, batch, frame)

    @whole
    @action(
        description="撤回本批",
        permissions=["take_back"],
        icon="undo",
        variant=ActionVariant.DANGER,
        dialog=asking(
            "撤回本批",
            "未使用的优惠券作废，未兑换的兑换码失效，都不能恢复；已锁定、已使用和已过期的不变。",
            form=TakeBackForm,
            button="撤回本批",
            facts_of=_facts_of,
            lock=_lock,
        ),
    )
    def take_back(self, request: HttpRequest, form: TakeBackForm, object_id: str) -> HttpResponse:
        batch, reason = row_or_404(self, request, object_id), form.cleaned_data["reason"]
        taken = taking_back.take_back_batch(
            batch.pk, now=timezone.now(), by=Actor(staff_id=user_id(request)), reason=reason
        )
        if not taken.records and not taken.codes:
            messages.info(request, "没有可以撤回的：这一批没有未使用的优惠券或兑换码。")
            return back_to(batch)
        told = f"作废未使用的优惠券{taken.records}张"
        told += f"，未兑换的兑换码{taken.codes}个已失效" if batch.is_of_codes else ""
        self.log_change(request, batch, f"撤回本批：{told}。{reason}")
        left = taking_back.standing_of(batch).by_status
        locked = left.get(CouponRecordStatus.LOCKED, 0)
        messages.success(request, f"{told}。" + (f"{locked}张已锁定，没有改变。" if locked else ""))
        return back_to(batch)

    def get_queryset(self, request: HttpRequest) -> QuerySet[IssueBatch]:
        batches: QuerySet[IssueBatch] = super().get_queryset(request)
        return batches.select_related("coupon", "manager", "exported_by")


def _standing(batch: Any) -> Standing:
    if not hasattr(batch, "standing"):
        batch.standing = taking_back.standing_of(batch)
    found: Standing = batch.standing
    return found
