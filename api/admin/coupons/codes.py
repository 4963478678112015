"""生成兑换码 and 发放批次, on a coupon's page."""

import secrets
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import display
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from api.admin.desk.dialogs import DeskDialogForm, asking, back_to, number_in, whole
from api.admin.desk.rows import row_or_404
from api.admin.desk.user import user_id
from api.models import Coupon, IssueBatch
from api.services.coupons import codes as one_time_codes
from api.services.coupons import editing, making_codes
from api.services.coupons.lifecycle import Actor
from api.services.coupons.making_codes import MOST
from api.services.coupons.refusals import IssuingRefused


def _facts_of(coupon_id: Any) -> dict[str, str]:
    coupon = Coupon.objects.filter(pk=number_in(coupon_id)).first()
    return {"优惠内容": coupon.terms.worth.words} if coupon else {}


def _lock(coupon_id: Any) -> None:
    if Coupon.objects.filter(pk=number_in(coupon_id)).exists():
        editing.lock(number_in(coupon_id))


class MakeCodesForm(DeskDialogForm):
    number = forms.IntegerField(
        label="数量",
        min_value=1,
        max_value=MOST,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=f"1到{MOST}个，在后台生成。",
    )
    note = forms.CharField(
        label="备注",
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
        help_text="例如给谁、在哪里用。",
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial["key"] = secrets.token_urlsafe(16)

    def is_done(self, data: dict[str, Any]) -> bool:
        return IssueBatch.objects.filter(key=data.get("key", "")).exists()


class WithCodes:
    """Two actions and a field for CouponAdmin."""

    @display(description="兑换码")
    def codes_left(self, coupon: Coupon) -> str:
        return f"未兑换{one_time_codes.outstanding(coupon)}个，剩余{coupon.left}张"

    def has_batches_permission(self: Any, request: HttpRequest, obj: Any = None) -> bool:
        may_look: bool = self.has_view_permission(request)
        return may_look and request.user.has_perm("api.view_issuebatch")

    @action(description="发放批次", permissions=["batches"], icon="inventory_2")
    def batches(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        coupon = row_or_404(self, request, object_id)
        url = reverse("admin:api_issuebatch_changelist")
        return redirect(f"{url}?coupon__id__exact={coupon.pk}")

    @whole
    @action(
        description="生成兑换码",
        permissions=["issue"],
        icon="password",
        dialog=asking(
            "生成兑换码",
            "每个兑换码只能领取一次。领取时才占用数量，兑换码可以比剩余数量多，先到先得。",
            form=MakeCodesForm,
            button="生成",
            facts_of=_facts_of,
            lock=_lock,
        ),
    )
    def make_codes(
        self: Any, request: HttpRequest, form: MakeCodesForm, object_id: str
    ) -> HttpResponse:
        coupon: Coupon = row_or_404(self, request, object_id)
        before, data = form.is_done(form.cleaned_data), form.cleaned_data
        by = Actor(staff_id=user_id(request))
        try:
            batch = making_codes.start(
                coupon.pk,
                data["number"],
                note=data["note"],
                key=data["key"],
                now=timezone.now(),
                by=by,
            )
        except IssuingRefused as refused:
            messages.error(request, f"没有生成：{refused}。")
            return back_to(coupon)
        if before:
            messages.info(request, "这一批兑换码之前已经在生成，没有再生成一批。")
            return _to(batch, request, coupon)
        self.log_change(request, coupon, f"生成{batch.number}个兑换码：{batch.note}".rstrip("："))
        messages.success(request, f"正在生成{batch.number}个兑换码，完成后可以导出一次。")
        _warn(request, coupon)
        return _to(batch, request, coupon)


def _warn(request: HttpRequest, coupon: Coupon) -> None:
    waiting = one_time_codes.outstanding(coupon)
    if waiting > coupon.left:
        text = f"请确认：未兑换的兑换码有{waiting}个，而优惠券只剩{coupon.left}张，后来的人领不到。"
        messages.warning(request, text)
    if coupon.close_date < timezone.localdate():
        messages.warning(request, "请确认：这张优惠券的领取时间已经结束，兑换码现在不能领取。")


def _to(batch: IssueBatch, request: HttpRequest, coupon: Coupon) -> HttpResponse:
    """The batch's page, for who may look at it."""
    return back_to(batch if request.user.has_perm("api.view_issuebatch") else coupon)
