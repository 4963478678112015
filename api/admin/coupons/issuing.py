"""The pages of issuing a coupon: who is to get it, a preview, and then the progress of doing it."""

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from api.admin.coupons import binding, budget, planned, previews, words
from api.admin.coupons.issue_form import IssueForm
from api.admin.coupons.previews import Preview
from api.admin.desk.user import user_id
from api.models import Coupon, CouponState, IssueBatch, IssuePlan
from api.services.coupons import audiences, issuing, segments
from api.services.coupons.audiences import Audience
from api.services.coupons.issuing import Origin, Progress
from api.services.coupons.lifecycle import Actor
from api.services.coupons.refusals import AlreadyIssued, IssuingRefused
from utils.outages import is_out_of_reach
from utils.outcomes import OutcomeUnknown, attempted, is_busy

logger = logging.getLogger(__name__)

UNKNOWN_SHOWN = 200

Step = dict[str, int | str | bool]

TRY_AGAIN = "服务暂时不可用，请稍后再点一次“确认发放”：已经发放过的会直接告诉您，不会重复发放"
OUT_OF_ORDER = "服务暂时不可用，没有发放任何一张，请稍后再点一次“确认发放”"
BUSY = "这张优惠券正在被发放或修改，这一次没有发放任何一张，请稍后再点一次“确认发放”"
UNKNOWN = (
    "不知道是否已经发放：最后一步与数据库的连接中断了。"
    "请稍后再点一次“确认发放”：已经发放的会直接告诉您，不会重复发放"
)


def page(request: HttpRequest, coupon: Any, frame: dict[str, Any]) -> HttpResponse:
    """GET: the form. POST: the preview, above the form as it was sent.

    `coupon` is one of CouponAdmin's queryset; `frame` is what the template of any page of the
    admin needs, `media` among it.
    """
    over = issuing.why_not(coupon, timezone.localdate())
    posted = request.method == "POST" and not over
    form = IssueForm(coupon, request.POST, request.FILES) if posted else IssueForm(coupon)
    shown: dict[str, Any] = {}
    if posted and form.is_valid():
        try:
            shown = _preview(request, coupon, form)
        except IssuingRefused as refused:
            form.add_error(None, str(refused))
        except Exception as error:
            if not is_out_of_reach(error):
                raise
            logger.warning("preview not kept: %s: %s", type(error).__name__, error)
            form.add_error(None, "服务暂时不可用，请稍后再试")
    context = {
        **frame,
        "title": f"发放：{coupon.name}",
        "original": coupon,  # the theme's breadcrumb leads back to it
        "coupon": coupon,
        "words": words.worth_shown(coupon),
        "binding": binding.in_words(coupon),
        "window": words.days_of_use(coupon),
        "left": coupon.left,
        "over": f"{over}。" if over else "",
        "warning": _warning(coupon),
        "plans": planned.waiting(request, coupon),
        "form": form,
        "media": frame["media"] + form.media,
        **shown,
    }
    return TemplateResponse(request, "admin/api/coupon/issue.html", context)


def confirm(request: HttpRequest, coupon: Coupon) -> HttpResponseBase:
    """POST: issues what was previewed, once: whoever tries again, because he does not know what
    became of the first try, learns of that. The answer is a line of JSON for every step: first and
    then `{"done", "total"}`, last `{"issued", "url"}`, `{"error"}`, or, where the same may be tried
    again, `{"error", "again"}`. What was previewed for a later time is planned: `{"planned",
    "url"}`."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    token = request.POST.get("token", "")
    try:
        if earlier := _done_under(token, coupon):
            return JsonResponse(earlier)
        preview = previews.find(token, coupon, manager_id=user_id(request))
    except Exception as error:
        if not is_out_of_reach(error):
            raise
        logger.warning("preview out of reach: %s: %s", type(error).__name__, error)
        return JsonResponse({"error": TRY_AGAIN, "again": True}, status=503)
    if preview is None:
        return JsonResponse({"error": "预览已失效，请重新预览"}, status=409)
    if preview.at is not None:
        return JsonResponse(_plan(request, coupon, preview, preview.at, token))
    answer = StreamingHttpResponse(
        (json.dumps(step) + "\n" for step in _steps(request, coupon, preview, token)),
        content_type="application/x-ndjson",
    )
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"  # a proxy that collects the answer would hide the progress
    return answer


def _done_under(token: str, coupon: Coupon) -> Step | None:
    """What an earlier try with this token came to. A token is nobody's but the manager's."""
    if batch := IssueBatch.objects.filter(key=token, coupon=coupon).first():
        return _done(coupon, batch.number, before=True)
    plan = IssuePlan.objects.filter(key=token, coupon=coupon).first()
    return planned.told(plan, before=True) if plan else None


def _done(coupon: Coupon, number: int, *, before: bool = False) -> Step:
    url = reverse("admin:api_couponrecord_changelist")
    done: Step = {"issued": number, "url": f"{url}?coupon__id__exact={coupon.pk}"}
    return done | {"before": True} if before else done


def _preview(request: HttpRequest, coupon: Coupon, form: IssueForm) -> dict[str, Any]:
    found, audience = form.found, form.audience
    unknown = found.unknown if found else ()
    preview = issuing.preview(coupon, audience, today=timezone.localdate())
    token, at = "", form.cleaned_data["at"]
    # Who is to get it is asked when it is issued; those who are named are known now.
    may_come = at is not None and audience.account_ids is None
    if (preview.receivers or may_come) and preview.is_enough:
        source = IssueBatch.Source(form.cleaned_data["source"])
        token = previews.keep(audience, coupon, manager_id=user_id(request), source=source, at=at)
    return {
        "preview": preview,
        "again": audience.again,
        "whom": segments.in_words(form.meant) if form.meant else "",
        "token": token,
        "at": at,
        "budget_warning": budget.warning(coupon, preview.receivers),
        "at_warning": planned.warning(coupon, at) if at else "",
        "read": form.read,
        "unknown": unknown[:UNKNOWN_SHOWN],
        "unknown_number": len(unknown),
        "left_after": preview.left - preview.receivers,
        "short_by": max(preview.receivers - preview.left, 0),
        "confirm_url": reverse("admin:api_coupon_issue_confirm", args=[coupon.pk]),
    }


def _warning(coupon: Any) -> str:
    told = {
        CouponState.PENDING: "这张优惠券的领取时间还没有开始。",
        CouponState.ENDED: "这张优惠券的领取时间已经结束。",
    }.get(coupon.receipt_state, "")
    return told + binding.offline_warning(coupon)


def _plan(request: HttpRequest, coupon: Coupon, preview: Preview, at: datetime, token: str) -> Step:
    """Plans, and writes it into the admin log: both or neither."""
    try:
        with attempted():
            return planned.plan(request, coupon, preview, at, _origin(preview, token))
    except AlreadyIssued as earlier:
        return _done(coupon, earlier.number, before=True)
    except IssuingRefused as refused:
        return {"error": str(refused)}
    except Coupon.DoesNotExist:
        return {"error": "这张优惠券已被删除，没有计划发放"}
    except (OutcomeUnknown, DatabaseError, InterfaceError) as error:
        return _failed(coupon, token, error)


def _steps(request: HttpRequest, coupon: Coupon, preview: Preview, token: str) -> Iterator[Step]:
    """Issues, and writes it into the admin log: both or neither. If the browser goes away half-way,
    this generator is closed, the transaction is rolled back, and nothing was issued."""
    try:
        progress = Progress(0, 0)
        issue = issuing.issue(
            coupon.pk,
            preview.audience,
            now=timezone.now(),
            terms=preview.terms,
            by=Actor(staff_id=user_id(request)),
            origin=_origin(preview, token),
        )
        with attempted(), closing(issue) as steps:
            for progress in steps:
                yield {"done": progress.done, "total": progress.total}
            _log(request, coupon, preview.audience, progress.total)
    except AlreadyIssued as earlier:
        yield _done(coupon, earlier.number, before=True)
    except IssuingRefused as refused:
        yield {"error": str(refused)}
    except Coupon.DoesNotExist:
        yield {"error": "这张优惠券已被删除，没有发放任何一张"}
    except (OutcomeUnknown, DatabaseError, InterfaceError) as error:
        yield _failed(coupon, token, error)
    else:
        yield _done(coupon, progress.total)


def _origin(preview: Preview, token: str) -> Origin:
    """Of a segment, the batch also says which."""
    segment = preview.audience.segment
    return Origin(token, preview.source, segments.in_words(segment)[:200] if segment else "")


def _failed(coupon: Coupon, token: str, error: Exception) -> Step:
    """What to say, and never more than is known."""
    logger.warning("issuing coupon %s: %s: %s", coupon.pk, type(error).__name__, error)
    if isinstance(error, OutcomeUnknown):
        connection.close_if_unusable_or_obsolete()  # the next question has a new one
        try:
            if done := _done_under(token, coupon):
                return done
        except Exception as still_away:
            if not is_out_of_reach(still_away):
                raise
        return {"error": UNKNOWN, "again": True}
    if is_busy(error):
        return {"error": BUSY, "again": True}
    if isinstance(error, OperationalError | InterfaceError):
        return {"error": OUT_OF_ORDER, "again": True}
    logger.error("issuing coupon %s", coupon.pk, exc_info=error)
    return {"error": "发放失败，没有发放任何一张，请重新预览"}


def _log(request: HttpRequest, coupon: Coupon, audience: Audience, number: int) -> None:
    LogEntry.objects.log_actions(
        user_id=user_id(request),
        queryset=[coupon],
        action_flag=CHANGE,
        change_message=f"发放{number}张（{audiences.in_words(audience)}）",
        single_object=True,
    )
