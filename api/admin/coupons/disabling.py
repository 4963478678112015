"""停用 and 启用: whether those who hold a coupon can use it at all."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from api.admin.coupons.stopping import lock, taken
from api.admin.desk.dialogs import DeskDialogForm, asking, number_in, whole
from api.admin.desk.rows import row_or_404
from api.models import Coupon
from api.services.coupons import editing

DISABLED, IN_USE = "已停用", "可以使用"


def _facts_of(coupon_id: Any) -> dict[str, str]:
    coupon = Coupon.objects.filter(pk=number_in(coupon_id)).first()
    return {"使用": DISABLED if coupon.disabled else IN_USE} if coupon else {}


class _WithReason(DeskDialogForm):
    reason = forms.CharField(
        label="原因",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="会写入操作日志。",
    )


class DisableForm(_WithReason):
    def is_done(self, data: dict[str, Any]) -> bool:
        return _facts_of(self.object_id).get("使用") == DISABLED


class EnableForm(_WithReason):
    def is_done(self, data: dict[str, Any]) -> bool:
        return _facts_of(self.object_id).get("使用") == IN_USE


class WithDisabling:
    """Two actions for CouponAdmin; on a coupon's page only the one that would do something."""

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        # A method of the admin that this is mixed into.
        actions: list[UnfoldAction] = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        idle = "停用" if _facts_of(object_id).get("使用") == DISABLED else "启用"
        return [one for one in actions if one.description != idle]

    @whole
    @action(
        description="停用",
        permissions=["stop"],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog=asking(
            "停用优惠券",
            "停用后，已经领到的人也不能使用，也不能再领取和发放，直到重新启用。未付款的订单不受影响。",
            form=DisableForm,
            button="停用",
            facts_of=_facts_of,
            lock=lock,
        ),
    )
    def disable(self: Any, request: HttpRequest, form: DisableForm, object_id: str) -> HttpResponse:
        coupon, log = row_or_404(self, request, object_id), f"停用：{form.cleaned_data['reason']}"
        return taken(self, request, coupon, editing.disable, ("已停用", "之前已停用"), log)

    @whole
    @action(
        description="启用",
        permissions=["stop"],
        icon="check_circle",
        dialog=asking(
            "启用优惠券",
            "启用后，有效期内未使用的又可以使用。停止发放的仍然停止，另行恢复。",
            form=EnableForm,
            button="启用",
            facts_of=_facts_of,
            lock=lock,
        ),
    )
    def enable(self: Any, request: HttpRequest, form: EnableForm, object_id: str) -> HttpResponse:
        coupon, log = row_or_404(self, request, object_id), f"启用：{form.cleaned_data['reason']}"
        return taken(self, request, coupon, editing.enable, ("已启用", "没有停用"), log)
