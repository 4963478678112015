"""What the shop says today of the courses and coupons of a settlement (contract §8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from api.models import Course, CourseStatus, PricePolicy
from api.models.compiled import Compiled, listed
from api.rules.changes import DISABLED, REASONS, ChangeCode, Sale
from api.rules.coupons import HeldCoupon
from api.rules.money import yuan
from api.services import enrolments
from api.services.coupons import holdings

_PERIODS = dict(PricePolicy.valid_period_choices)


@dataclass(frozen=True, slots=True)
class CourseToday:
    """A course of the shop, and what each of its price policies (by id) sells."""

    online: bool
    title: str
    img: str
    sales: dict[str, Sale]


@dataclass(frozen=True, slots=True)
class Today:
    """`courses` by id; `held` by record id: the account's, whatever became of them; `owned`: the
    last day of the courses that the account may learn already."""

    day: date
    courses: Mapping[int, CourseToday]
    held: Mapping[int, HeldCoupon]
    owned: Mapping[int, date]

    def usable(self, record_id: int, course_id: int | None) -> HeldCoupon | None:
        """The coupon on today's terms, if its record can be used now in this place: on a course,
        or (None) site-wide."""
        coupon = self.held.get(record_id)
        if coupon is None or not coupon.usable_on(self.day) or not coupon.works_on(course_id):
            return None
        return coupon

    def why_not_usable(self, record_id: int, course_id: int | None) -> str:
        """The reason, of a record that cannot be used now in this place."""
        coupon = self.held.get(record_id)
        if coupon is None or not coupon.works_on(course_id):
            return REASONS[ChangeCode.COUPON_GONE]
        return DISABLED if coupon.only_disabled_on(self.day) else REASONS[ChangeCode.COUPON_GONE]


def today_of(
    account_id: int, *, course_ids: Sequence[int], record_ids: Iterable[int], now: datetime
) -> Today:
    """Three queries."""
    held = holdings.held_among(account_id, record_ids)
    return _today(account_id, course_ids, held, now)


def today_of_all(account_id: int, *, course_ids: Sequence[int], now: datetime) -> Today:
    """As `today_of`, with every unused coupon of the account. Three queries."""
    return _today(account_id, course_ids, holdings.held_by(account_id), now)


def _today(
    account_id: int, course_ids: Sequence[int], held: Iterable[HeldCoupon], now: datetime
) -> Today:
    day = timezone.localdate(now)
    return Today(
        day=day,
        courses=courses_today(course_ids),
        held={coupon.record_id: coupon for coupon in held},
        owned=enrolments.owned_until(account_id, course_ids, today=day),
    )


def courses_today(course_ids: Iterable[int]) -> dict[int, CourseToday]:
    """The courses that are there, online or not. One query."""
    wanted = listed(course_ids)
    rows = _courses(ContentType.objects.get_for_model(Course).pk).rows(wanted) if wanted else []
    courses: dict[int, CourseToday] = {}
    for pk, status, name, img, policy_id, price, period in rows:
        course = courses.get(pk)
        if course is None:
            course = courses[pk] = CourseToday(status == CourseStatus.ONLINE, name, img, {})
        if policy_id is not None:
            sale = Sale(yuan(price), str(period), _PERIODS.get(period, f"{period}天"))
            course.sales[str(policy_id)] = sale
    return courses


@cache
def _courses(content_type_id: int) -> Compiled:
    """Its statement holds the content type by which policies know that they are of a course."""
    return Compiled(
        lambda course_ids: Course.objects.filter(pk__among=course_ids).values_list(
            "pk",
            "status",
            "name",
            "course_img",
            "price_policy__pk",
            "price_policy__price",
            "price_policy__valid_period",
        )
    )
