"""Enrolments: what a paid order lets an account learn, and for how long (contract §9)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.models import Max, QuerySet
from django.utils import timezone

from api.models import EnrolledCourse, Order
from api.rules.orders import last_day_of

OPEN = 0


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
