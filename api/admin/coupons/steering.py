"""停止发放 and 恢复发放: whether anybody gets a coupon at all, by himself or from the desk. 停用
and 启用: whether those who hold it can use it. Each is a step there and back, with a dialog."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from api.admin.coupons import words
from api.admin.desk.dialogs import DeskDialogForm, Facts, asking, back_to, number_in, whole
from api.admin.desk.rows import row_or_404
from api.models import Coupon
from api.services.coupons import editing

STOPPED, GOING_ON = "已停止发放", "可以发放"
DISABLED, IN_USE = "已停用", "可以使用"


def _coupon(coupon_id: Any) -> Coupon | None:
    return Coupon.objects.filter(pk=number_in(coupon_id)).first()


def _handing_out(coupon_id: Any) -> dict[str, str]:
    coupon = _coupon(coupon_id)
    return {"发放": STOPPED if coupon.paused else GOING_ON} if coupon else {}


def _use(coupon_id: Any) -> dict[str, str]:
    coupon = _coupon(coupon_id)
    return {"使用": DISABLED if coupon.disabled else IN_USE} if coupon else {}


def _lock(coupon_id: Any) -> None:
    if _coupon(coupon_id):
        editing.lock(number_in(coupon_id))


class StepForm(DeskDialogForm):
    after: str  # how the coupon stands once the step is taken

    def is_done(self, data: dict[str, Any]) -> bool:
        return self.after in type(self).facts_of(self.object_id).values()

    def about(self) -> dict[str, str]:
        coupon = _coupon(self.object_id)
        return {"优惠券": f"{coupon.name}（{words.worth(coupon)}）"} if coupon else {}


class ReasonedForm(StepForm):
    reason = forms.CharField(
        label="原因",
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="会写入操作日志。",
    )


def _step(
    name: str,
    title: str,
    text: str,
    *,
    facts_of: Facts,
    after: str,
    take: Callable[[int], bool],
    told: tuple[str, str],
    form: type[StepForm] = StepForm,
    **looks: Any,
) -> Any:
    """An action that takes the step, and logs it; it says the first of `told` of the coupon, or
    the second where it was so before."""
    done, already = told

    def run(self: Any, request: HttpRequest, form: StepForm, object_id: str) -> HttpResponse:
        coupon: Coupon = row_or_404(self, request, object_id)
        if take(coupon.pk):
            reason = form.cleaned_data.get("reason")
            self.log_change(request, coupon, f"{name}：{reason}" if reason else name)
            messages.success(request, f"{coupon.name}{done}。")
        else:
            messages.info(request, f"{coupon.name}{already}。")
        return back_to(coupon)

    kind: Any = type(form)
    own = kind(form.__name__, (form,), {"after": after})
    dialog = asking(title, text, form=own, button=name, facts_of=facts_of, lock=_lock)
    return whole(action(description=name, permissions=["stop"], dialog=dialog, **looks)(run))


class WithSteering:
    """Four actions for CouponAdmin: of two, its page and the menu of its row have the one that
    would do something."""

    stop = _step(
        "停止发放",
        "停止发放",
        "停止后任何人都不能再领取，也不能再发放；已经领到的仍可使用。之后可以恢复。",
        facts_of=_handing_out,
        after=STOPPED,
        take=editing.stop,
        told=("已停止发放", "之前已停止发放"),
        icon="pause_circle",
        variant=ActionVariant.DANGER,
    )
    resume = _step(
        "恢复发放",
        "恢复发放",
        "恢复后可以再领取和发放。",
        facts_of=_handing_out,
        after=GOING_ON,
        take=editing.resume,
        told=("已恢复发放", "没有停止发放"),
        icon="play_circle",
    )
    disable = _step(
        "停用",
        "停用优惠券",
        "停用后，已经领到的人也不能使用，也不能再领取和发放，直到重新启用。未付款的订单不受影响。",
        facts_of=_use,
        after=DISABLED,
        take=editing.disable,
        told=("已停用", "之前已停用"),
        form=ReasonedForm,
        icon="block",
        variant=ActionVariant.DANGER,
    )
    enable = _step(
        "启用",
        "启用优惠券",
        "启用后，有效期内未使用的又可以使用。停止发放的仍然停止，另行恢复。",
        facts_of=_use,
        after=IN_USE,
        take=editing.enable,
        told=("已启用", "没有停用"),
        form=ReasonedForm,
        icon="check_circle",
    )

    def has_stop_permission(self: Any, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.has_change_permission(request))

    def fits(self, name: str, coupon: Coupon) -> bool:
        """Whether the coupon is not yet as the action would make it."""
        idle = "stop" if coupon.paused else "resume", "disable" if coupon.disabled else "enable"
        return name not in idle

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        # A method of the admin that this is mixed into.
        actions: list[UnfoldAction] = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        coupon = _coupon(object_id)
        if coupon is None:
            return []
        own = "api_coupon_"
        return [one for one in actions if self.fits(one.action_name.removeprefix(own), coupon)]
