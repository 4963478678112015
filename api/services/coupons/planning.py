"""Issuing at a time that was said before (contract §11, 计划发放).

A plan is issued in the transaction that ends it: whoever runs it at the same moment, or after a
killed run, finds it waiting or ended, and never half issued. Who the audience is, whether the
coupon may be issued, and whether enough of it is left, is asked then.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from api.models import Coupon, IssueBatch, IssuePlan
from api.rules.coupons import Terms
from api.services.coupons import as_json, audiences, editing, issuing
from api.services.coupons.audiences import Audience
from api.services.coupons.issuing import Origin
from api.services.coupons.lifecycle import Actor
from api.services.coupons.refusals import (
    AlreadyIssued,
    CouponChanged,
    CouponGone,
    IssuingRefused,
    PlannedForThePast,
)
from api.services.later import later

logger = logging.getLogger(__name__)

MOST_AHEAD = timedelta(days=366)
State = IssuePlan.State


class NotWaiting(Exception):
    """The plan was issued, failed or was cancelled before; nothing was changed."""


def plan(
    coupon_id: int,
    audience: Audience,
    *,
    at: datetime,
    terms: Terms,
    origin: Origin,
    now: datetime,
    by: Actor,
) -> IssuePlan:
    """Has the coupon issued to the audience at that time; a second try with the origin's key finds
    the plan of the first. `terms` are those that the manager has seen. Raises PlannedForThePast,
    CouponChanged, and why nobody should get the coupon on that day; AlreadyIssued where the key was
    issued at once; Coupon.DoesNotExist."""
    with transaction.atomic():
        coupon = editing.lock(coupon_id)
        if earlier := IssuePlan.objects.filter(key=origin.key).first():
            return earlier
        if batch := IssueBatch.objects.filter(key=origin.key).first():
            raise AlreadyIssued(batch)
        if at <= now:
            raise PlannedForThePast
        if refused := issuing.why_not(coupon, timezone.localdate(at)):
            raise refused
        if issuing.has_changed(coupon, terms):
            raise CouponChanged(terms, coupon.terms)
        planned = IssuePlan.objects.create(
            coupon=coupon,
            coupon_name=coupon.name,
            key=origin.key,
            audience=as_json.of_audience(audience),
            terms=as_json.of_terms(terms),
            source=origin.source,
            whom=_in_words(audience),
            at=at,
            manager_id=by.staff_id,
            planned_at=now,
        )
        later("coupons.issue_plan", planned.pk, at=at)
    return planned


def cancel(plan_id: int, *, now: datetime, by: Actor, reason: str) -> None:
    """Whoever runs it at this moment comes first, and is waited for, or finds it cancelled. Raises
    NotWaiting, also for a plan that is not there."""
    waiting = IssuePlan.objects.filter(pk=plan_id, state=State.WAITING)
    ended = {"state": State.CANCELLED, "settled_at": now, "why": reason}
    if not waiting.update(**ended, cancelled_by=by.staff_id):
        raise NotWaiting


def run(plan_id: int, *, now: datetime) -> bool:
    """Issues the plan if its time has come; where the coupon cannot be issued, the plan has failed,
    and says why. False where it is not due, has ended, or is being run by another."""
    with transaction.atomic():
        due = IssuePlan.objects.filter(pk=plan_id, state=State.WAITING, at__lte=now)
        found = due.select_for_update(skip_locked=True, no_key=True).first()
        if found is None:
            return False
        try:
            found.number = _issue(found, now)
            found.state = State.DONE
        except IssuingRefused as refused:
            found.state, found.why = State.FAILED, str(refused)
        found.settled_at = now
        found.save(update_fields=["state", "number", "why", "settled_at"])
    return True


def run_due(*, now: datetime) -> int:
    """Runs every plan whose time has come, the earliest first; says how many ended. One that breaks
    does not keep the others from running, and waits for the next run; its error is raised at the
    end."""
    due = IssuePlan.objects.filter(state=State.WAITING, at__lte=now).order_by("at", "pk")
    ended, broken = 0, None
    for plan_id in list(due.values_list("pk", flat=True)):
        try:
            ended += run(plan_id, now=now)
        except Exception as error:
            logger.exception("issue plan %s", plan_id)
            broken = error
    if broken is not None:
        raise broken
    return ended


def _issue(found: IssuePlan, now: datetime) -> int:
    """How many were issued, all or none. Raises IssuingRefused."""
    audience = as_json.audience_of(found.audience)
    note = "" if audience.segment is None else found.whom
    steps = issuing.issue(
        found.coupon_id or 0,
        audience,
        now=now,
        terms=as_json.terms_of(found.terms),
        by=Actor(staff_id=found.manager_id),
        origin=Origin(found.key, IssueBatch.Source(found.source), note),
    )
    try:
        *_, last = steps
    except AlreadyIssued as earlier:
        return earlier.number
    except Coupon.DoesNotExist:
        raise CouponGone from None
    return last.total


def _in_words(audience: Audience) -> str:
    named = audience.account_ids
    told = audiences.in_words(audience)
    return told if named is None else told.replace("指定账户", f"指定的{len(named)}个账户")
