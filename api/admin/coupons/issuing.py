"""The pages of issuing a coupon: who is to get it, a preview, and then the progress of doing it."""

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import DatabaseError, OperationalError, transaction
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

from api.admin.coupons import binding, previews, words
from api.admin.coupons.issue_form import IssueForm
from api.admin.coupons.previews import Preview
from api.admin.desk.user import user_id
from api.models import Coupon, CouponState
from api.services.coupons import issuing
from api.services.coupons.issuing import (
    Audience,
    IssuingRefused,
    Progress,
)
from api.services.coupons.lifecycle import Actor
from utils.outages import is_out_of_reach

logger = logging.getLogger(__name__)

UNKNOWN_SHOWN = 200


def page(request: HttpRequest, coupon: Any, frame: dict[str, Any]) -> HttpResponse:
    """GET: the form. POST: the preview, above the form as it was sent.

    `coupon` is one of CouponAdmin's queryset; `frame` is what the template of any page of the
    admin needs, `media` among it.
    """
    over = issuing.why_not(coupon, timezone.localdate())
    posted = request.method == "POST" and not over
    form = IssueForm(request.POST, request.FILES) if posted else IssueForm()
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
        "left": issuing.left_of(coupon),
        "over": f"{over}。" if over else "",
        "warning": _warning(coupon),
        "form": form,
        "media": frame["media"] + form.media,
        **shown,
    }
    return TemplateResponse(request, "admin/api/coupon/issue.html", context)


def confirm(request: HttpRequest, coupon: Coupon) -> HttpResponseBase:
    """POST: issues what was previewed. The answer is a line of JSON for every step: first and
    then `{"done", "total"}`, last `{"issued", "url"}` or `{"error"}`."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        token = request.POST.get("token", "")
        preview = previews.take(token, coupon, manager_id=user_id(request))
    except Exception as error:
        if not is_out_of_reach(error):
            raise
        logger.warning("preview out of reach: %s: %s", type(error).__name__, error)
        return JsonResponse({"error": "服务暂时不可用，没有发放任何一张，请稍后再试"}, status=503)
    if preview is None:
        return JsonResponse({"error": "预览已失效或已经发放过，请重新预览"}, status=409)
    answer = StreamingHttpResponse(
        (json.dumps(step) + "\n" for step in _steps(request, coupon, preview)),
        content_type="application/x-ndjson",
    )
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"  # a proxy that collects the answer would hide the progress
    return answer


def _preview(request: HttpRequest, coupon: Coupon, form: IssueForm) -> dict[str, Any]:
    found = form.found
    audience = Audience(found and found.account_ids, again=form.cleaned_data["again"])
    unknown = found.unknown if found else ()
    preview = issuing.preview(coupon, audience, today=timezone.localdate())
    token = ""
    if preview.receivers and preview.is_enough:
        token = previews.keep(audience, coupon, manager_id=user_id(request))
    return {
        "preview": preview,
        "again": audience.again,
        "token": token,
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


def _steps(
    request: HttpRequest, coupon: Coupon, preview: Preview
) -> Iterator[dict[str, int | str]]:
    """Issues, and writes it into the admin log: both or neither. If the browser goes away half-way,
    this generator is closed, the transaction is rolled back, and nothing was issued."""
    try:
        progress = Progress(0, 0)
        audience, terms = preview
        now, by = timezone.now(), Actor(staff_id=user_id(request))
        issue = issuing.issue(coupon.pk, audience, now=now, terms=terms, by=by)
        with transaction.atomic(), closing(issue) as steps:
            for progress in steps:
                yield {"done": progress.done, "total": progress.total}
            _log(request, coupon, audience, progress.total)
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


def _log(request: HttpRequest, coupon: Coupon, audience: Audience, number: int) -> None:
    whom = "全部账户" if audience.account_ids is None else "指定账户"
    again = "，已有的也再发一张" if audience.again else ""
    LogEntry.objects.log_actions(
        user_id=user_id(request),
        queryset=[coupon],
        action_flag=CHANGE,
        change_message=f"发放{number}张（{whom}{again}）",
        single_object=True,
    )
