"""停止发放 and 恢复发放: whether anybody gets a coupon at all, by himself or from the desk."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant

from api.admin.desk.dialogs import DeskDialogForm, asking, back_to, number_in, whole
from api.models import Coupon
from api.services.coupons import editing

STOPPED, GOING_ON = "已停止发放", "可以发放"


def _facts_of(coupon_id: Any) -> dict[str, str]:
    coupon = Coupon.objects.filter(pk=number_in(coupon_id)).first()
    return {"发放": STOPPED if coupon.paused else GOING_ON} if coupon else {}


def lock(coupon_id: Any) -> None:
    """Keeps the coupon as it is until the transaction ends; for a dialog."""
    if Coupon.objects.filter(pk=number_in(coupon_id)).exists():
        editing.lock(number_in(coupon_id))


class StopForm(DeskDialogForm):
    def is_done(self, data: dict[str, Any]) -> bool:
        return _facts_of(self.object_id).get("发放") == STOPPED


class ResumeForm(DeskDialogForm):
    def is_done(self, data: dict[str, Any]) -> bool:
        return _facts_of(self.object_id).get("发放") == GOING_ON


class WithStopping:
    """Two actions for CouponAdmin; on a coupon's page only the one that would do something."""

    def has_stop_permission(self: Any, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.has_change_permission(request))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        # A method of the admin that this is mixed into.
        actions: list[UnfoldAction] = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        paused = _facts_of(object_id).get("发放") == STOPPED
        idle = "停止发放" if paused else "恢复发放"
        return [one for one in actions if one.description != idle]

    @whole
    @action(
        description="停止发放",
        permissions=["stop"],
        icon="pause_circle",
        variant=ActionVariant.DANGER,
        dialog=asking(
            "停止发放",
            "停止后任何人都不能再领取，也不能再发放；已经领到的仍可使用。之后可以恢复。",
            form=StopForm,
            button="停止发放",
            facts_of=_facts_of,
            lock=lock,
        ),
    )
    def stop(self: Any, request: HttpRequest, form: StopForm, object_id: str) -> HttpResponse:
        coupon = found(self, request, object_id)
        if editing.stop(coupon.pk):
            self.log_change(request, coupon, "停止发放")
            messages.success(request, f"{coupon.name}已停止发放。")
        else:
            messages.info(request, f"{coupon.name}之前已停止发放。")
        return back_to(coupon)

    @whole
    @action(
        description="恢复发放",
        permissions=["stop"],
        icon="play_circle",
        dialog=asking(
            "恢复发放",
            "恢复后可以再领取和发放。",
            form=ResumeForm,
            button="恢复发放",
            facts_of=_facts_of,
            lock=lock,
        ),
    )
    def resume(self: Any, request: HttpRequest, form: ResumeForm, object_id: str) -> HttpResponse:
        coupon = found(self, request, object_id)
        if editing.resume(coupon.pk):
            self.log_change(request, coupon, "恢复发放")
            messages.success(request, f"{coupon.name}已恢复发放。")
        else:
            messages.info(request, f"{coupon.name}没有停止发放。")
        return back_to(coupon)


def found(admin: Any, request: HttpRequest, object_id: str) -> Coupon:
    """Raises Http404."""
    coupon: Coupon | None = admin.get_object(request, object_id)
    if coupon is None:
        raise Http404
    return coupon
