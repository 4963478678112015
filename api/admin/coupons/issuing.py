"""The pages of issuing a coupon: who is to get it, a preview, and then the progress of doing it.

Between preview and confirmation the audience waits in the cache under a key that nobody can guess,
for the manager who made it, with the coupon's terms that he saw. Confirming takes it out: a second
click finds nothing to do.
"""

import json
import logging
import secrets
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, OperationalError, transaction
from django.http import (
    Http404,
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

from api.admin.coupons.issue_form import IssueForm
from api.models import Coupon, CouponState
from api.rules.coupons import Terms
from api.services.coupons import issuing
from api.services.coupons.issuing import (
    Audience,
    CouponOver,
    IssuingRefused,
    Progress,
)
from api.services.coupons.lifecycle import Actor
from utils.exceptions import OUT_OF_REACH

logger = logging.getLogger(__name__)

KEPT_FOR = 3600  # seconds between preview and confirmation
UNKNOWN_SHOWN = 200


class Kept(NamedTuple):
    """What was previewed."""

    audience: Audience
    terms: Terms


def page(desk: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """GET: the form. POST: the preview, above the form as it was sent."""
    coupon = _coupon(desk, request, object_id)
    over = issuing.is_over(coupon, timezone.localdate())
    posted = request.method == "POST" and not over
    form = IssueForm(request.POST, request.FILES) if posted else IssueForm()
    shown: dict[str, Any] = {}
    if posted and form.is_valid():
        try:
            shown = _preview(request, coupon, form)
        except IssuingRefused as refused:
            form.add_error(None, str(refused))
        except OUT_OF_REACH as error:
            logger.warning("preview not kept: %s: %s", type(error).__name__, error)
            form.add_error(None, "服务暂时不可用，请稍后再试")
    context = {
        **desk.admin_site.each_context(request),
        "title": f"发放：{coupon.name}",
        "opts": desk.opts,
        "original": coupon,  # the theme's breadcrumb leads back to it
        "coupon": coupon,
        "words": desk.words(coupon),
        "binding": desk.binding(coupon),
        "window": desk.window(coupon),
        "left": issuing.left_of(coupon),
        "over": f"{CouponOver()}。" if over else "",
        "warning": _warning(coupon),
        "form": form,
        "media": desk.media + form.media,
        **shown,
    }
    return TemplateResponse(request, "admin/api/coupon/issue.html", context)


def confirm(desk: Any, request: HttpRequest, object_id: str) -> HttpResponseBase:
    """POST: issues what was previewed. The answer is a line of JSON for every step: first and
    then `{"done", "total"}`, last `{"issued", "url"}` or `{"error"}`."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    coupon = _coupon(desk, request, object_id)
    try:
        kept = _take(request, coupon)
    except OUT_OF_REACH as error:
        logger.warning("preview out of reach: %s: %s", type(error).__name__, error)
        return JsonResponse({"error": "服务暂时不可用，没有发放任何一张，请稍后再试"}, status=503)
    if kept is None:
        return JsonResponse({"error": "预览已失效或已经发放过，请重新预览"}, status=409)
    answer = StreamingHttpResponse(
        (json.dumps(step) + "\n" for step in _steps(request, coupon, kept)),
        content_type="application/x-ndjson",
    )
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"  # a proxy that collects the answer would hide the progress
    return answer


def _coupon(desk: Any, request: HttpRequest, object_id: str) -> Any:
    if not desk.has_issue_permission(request):
        raise PermissionDenied
    coupon = desk.get_object(request, object_id)
    if coupon is None:
        raise Http404
    return coupon


def _preview(request: HttpRequest, coupon: Coupon, form: IssueForm) -> dict[str, Any]:
    found = form.found
    audience = Audience(found and found.account_ids, again=form.cleaned_data["again"])
    unknown = found.unknown if found else ()
    preview = issuing.preview(coupon, audience, today=timezone.localdate())
    token = ""
    if preview.receivers and preview.is_enough:
        token = secrets.token_urlsafe(16)
        kept = Kept(audience, coupon.terms)
        cache.set(_key(request, coupon, token), kept, KEPT_FOR)
    return {
        "preview": preview,
        "again": audience.again,
        "token": token,
        "unknown": unknown[:UNKNOWN_SHOWN],
        "unknown_number": len(unknown),
        "left_after": preview.left - preview.receivers,
        "short_by": max(preview.receivers - preview.left, 0),
        "confirm_url": reverse("admin:api_coupon_issue_confirm", args=[coupon.pk]),
    }


def _take(request: HttpRequest, coupon: Coupon) -> Kept | None:
    key = _key(request, coupon, request.POST.get("token", ""))
    kept: Kept | None = cache.get(key)
    # Of two clicks, one deletes the key.
    return kept if kept and cache.delete(key) else None


def _key(request: HttpRequest, coupon: Coupon, token: str) -> str:
    return f"desk:issue:{request.user.pk}:{coupon.pk}:{token}"


def _warning(coupon: Any) -> str:
    return {
        CouponState.PENDING: "这张优惠券的领取时间还没有开始。",
        CouponState.ENDED: "这张优惠券的领取时间已经结束。",
    }.get(coupon.receipt_state, "")


def _steps(request: Any, coupon: Coupon, kept: Kept) -> Iterator[dict[str, int | str]]:
    """Issuing and its entry in the admin log: both or neither. If the browser goes away half-way,
    the iterator is closed, and nothing was issued."""
    try:
        progress = Progress(0, 0)
        now, by = timezone.now(), Actor(staff_id=request.user.pk)
        issue = issuing.issue(coupon.pk, kept.audience, now=now, terms=kept.terms, by=by)
        with transaction.atomic(), closing(issue) as steps:
            for progress in steps:
                yield {"done": progress.done, "total": progress.total}
            _log(request, coupon, kept.audience, progress.total)
    except IssuingRefused as refused:
        yield {"error": str(refused)}
    except Coupon.DoesNotExist:
        yield {"error": "这张优惠券已被删除，没有发放任何一张"}
    except OperationalError as error:
        logger.warning("issuing coupon %s: %s", coupon.pk, error)
        yield {"error": "没有发放任何一张：另一位同事可能正在发放这张优惠券，请稍后再试"}
    except DatabaseError:
        logger.exception("issuing coupon %s", coupon.pk)
        yield {"error": "发放失败，没有发放任何一张，请重新预览"}
    else:
        url = reverse("admin:api_couponrecord_changelist")
        yield {"issued": progress.total, "url": f"{url}?coupon__id__exact={coupon.pk}"}


def _log(request: Any, coupon: Coupon, audience: Audience, number: int) -> None:
    whom = "全部账户" if audience.account_ids is None else "指定账户"
    again = "，已有的也再发一张" if audience.again else ""
    LogEntry.objects.log_actions(
        user_id=request.user.pk,
        queryset=[coupon],
        action_flag=CHANGE,
        change_message=f"发放{number}张（{whom}{again}）",
        single_object=True,
    )
