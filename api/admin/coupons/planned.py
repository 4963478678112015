"""What the page of issuing says and does about issuing at a later time."""

from datetime import datetime
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from api.admin.coupons.previews import Preview
from api.admin.coupons.record_export import in_short
from api.admin.desk.user import user_id
from api.models import Coupon, IssuePlan
from api.rules.coupons import State, Window
from api.services.coupons import planning
from api.services.coupons.issuing import Origin
from api.services.coupons.lifecycle import Actor


def plan(
    request: HttpRequest, coupon: Coupon, preview: Preview, at: datetime, origin: Origin
) -> dict[str, int | str | bool]:
    """Plans what was previewed for a later time, and logs it, in the caller's transaction; what the
    page is told. Raises what `planning.plan` raises."""
    by = Actor(staff_id=user_id(request))
    made = planning.plan(
        coupon.pk,
        preview.audience,
        at=at,
        terms=preview.terms,
        origin=origin,
        now=timezone.now(),
        by=by,
    )
    LogEntry.objects.log_actions(
        user_id=user_id(request),
        queryset=[coupon],
        action_flag=CHANGE,
        change_message=f"计划在{in_short(made.at)}发放（{made.whom}）",
        single_object=True,
    )
    return told(made)


def told(made: IssuePlan, *, before: bool = False) -> dict[str, int | str | bool]:
    url = reverse("admin:api_issueplan_change", args=[made.pk])
    step: dict[str, int | str | bool] = {"planned": in_short(made.at), "url": url}
    return step | {"before": True} if before else step


def warning(coupon: Coupon, at: datetime) -> str:
    """Where learners could not claim it themselves at that moment."""
    receipt = Window(coupon.open_date, coupon.close_date).state_on(timezone.localdate(at))
    return {
        State.PENDING: "到那时，这张优惠券的领取时间还没有开始。",
        State.ENDED: "到那时，这张优惠券的领取时间已经结束。",
    }.get(receipt, "")


def waiting(request: HttpRequest, coupon: Coupon) -> dict[str, Any]:
    """How many plans of this coupon wait, and where they are listed; empty without any, or for
    whom may not look at them."""
    if not request.user.has_perm("api.view_issueplan"):
        return {}
    number = IssuePlan.objects.filter(coupon=coupon, state=IssuePlan.State.WAITING).count()
    url = reverse("admin:api_issueplan_changelist")
    query = f"coupon__id__exact={coupon.pk}&state__exact={IssuePlan.State.WAITING.value}"
    return {"number": number, "url": f"{url}?{query}"} if number else {}
