"""停止发放 and 恢复发放: whether anybody gets a coupon at all, by himself or from the desk."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.enums import ActionVariant

from api.admin.desk.dialogs import DeskDialogForm, asking, back_to, number_in, whole
from api.admin.desk.rows import row_or_404
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


def taken(
    admin: Any,
    request: HttpRequest,
    coupon: Coupon,
    step: Callable[[int], bool],
    told: tuple[str, str],
    log: str,
) -> HttpResponse:
    """Takes the step, and logs it; says the first of `told` of the coupon, or the second where it
    was so before."""
    done, already = told
    if step(coupon.pk):
        admin.log_change(request, coupon, log)
        messages.success(request, f"{coupon.name}{done}。")
    else:
        messages.info(request, f"{coupon.name}{already}。")
    return back_to(coupon)


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
        coupon, log = row_or_404(self, request, object_id), "停止发放"
        return taken(self, request, coupon, editing.stop, ("已停止发放", "之前已停止发放"), log)

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
        coupon, log = row_or_404(self, request, object_id), "恢复发放"
        return taken(self, request, coupon, editing.resume, ("已恢复发放", "没有停止发放"), log)
