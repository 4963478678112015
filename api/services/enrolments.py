"""Enrolments: what a paid order lets an account learn, and for how long (contract §9)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.models import Max, QuerySet
from django.utils import timezone

from api.models import EnrolledCourse, Order
from api.rules.orders import last_day_of

OPEN, OVER = 0, 1


def enrol(order: Order, *, now: datetime) -> list[EnrolledCourse]:
    """One enrolment for each course of the order: from today, or, where the course is owned
    already, from the day after that ends (续期). Two queries, one insert. In the caller's
    transaction, which holds the account's lock."""
    today = timezone.localdate(now)
    details = list(order.details.order_by("id"))
    owned = owned_until(order.account_id, [detail.object_id for detail in details], today=today)
    enrolled = []
    for detail in details:
        until = owned.get(detail.object_id)
        begin = until + timedelta(days=1) if until else today
        enrolled.append(
            EnrolledCourse(
                account_id=order.account_id,
                course_id=detail.object_id,
                enrolled_date=now,
                valid_begin_date=begin,
                valid_end_date=last_day_of(begin, detail.valid_period_display, detail.valid_period),
                order_detail=detail,
            )
        )
    return EnrolledCourse.objects.bulk_create(enrolled)


def end(detail_ids: Sequence[int], *, now: datetime) -> None:
    """Ends the enrolments of these lines of an order with the day before today (one that would only
    begin later, before it does); a renewal behind one moves forward, for the period that was read.
    In the caller's transaction, which holds the account's lock."""
    yesterday = timezone.localdate(now) - timedelta(days=1)
    for enrolled in EnrolledCourse.objects.filter(order_detail__in=detail_ids, status=OPEN):
        ended = enrolled.valid_end_date
        before = max(yesterday, enrolled.valid_begin_date - timedelta(days=1))
        enrolled.valid_end_date = min(before, ended)
        enrolled.status = OVER
        enrolled.save(update_fields=["valid_end_date", "status"])
        _move_forward(enrolled, behind=ended, to=enrolled.valid_end_date)


def _move_forward(ended: EnrolledCourse, *, behind: date, to: date) -> None:
    """The renewals that follow upon the day `behind`, each upon the one before it, follow upon the
    day `to`."""
    renewals = EnrolledCourse.objects.filter(
        account_id=ended.account_id,
        course_id=ended.course_id,
        status=OPEN,
        valid_begin_date__gt=behind,
    )
    for renewal in renewals.select_related("order_detail").order_by("valid_begin_date", "pk"):
        if renewal.valid_begin_date != behind + timedelta(days=1):
            return
        behind, detail = renewal.valid_end_date, renewal.order_detail
        begin = to + timedelta(days=1)
        renewal.valid_begin_date = begin
        renewal.valid_end_date = last_day_of(
            begin, detail.valid_period_display, detail.valid_period
        )
        renewal.save(update_fields=["valid_begin_date", "valid_end_date"])
        to = renewal.valid_end_date


def owned_until(account_id: int, course_ids: Sequence[int], *, today: date) -> dict[int, date]:
    """The last day of those of the courses that the account may learn today or later. One query."""
    owned = EnrolledCourse.objects.filter(
        account_id=account_id, course__in=course_ids, status=OPEN, valid_end_date__gte=today
    )
    ends = owned.values("course").annotate(until=Max("valid_end_date")).order_by()
    return dict(ends.values_list("course", "until"))


def enrolled_courses(account_id: int) -> QuerySet[EnrolledCourse]:
    """What the account has enrolled in, newest first."""
    mine = EnrolledCourse.objects.filter(account_id=account_id)
    return mine.select_related("course", "order_detail__order").order_by("-id")
