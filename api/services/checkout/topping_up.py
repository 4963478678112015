"""凑单: the courses that bring a settlement's total down when bought too (contract §11)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Min

from api.errors import SettlementNotFound
from api.models import Course
from api.rules.coupons import HeldCoupon
from api.rules.top_up import TopUp, open_of
from api.rules.top_up import top_ups as cheapest
from api.services.checkout import quoting
from api.services.checkout.settled import Settled
from api.services.checkout.today import CourseToday, Today, courses_today, today_of_all
from utils.optimistic import until_uncontended


@dataclass(frozen=True, slots=True)
class OfferedTopUp:
    """A course at its cheapest policy: the best total with it, and what that is below the best
    total without it. Money is 元."""

    course_id: int
    policy_id: str
    title: str
    img: str
    price: Decimal
    total: Decimal
    saves: Decimal


@until_uncontended
def top_ups(*, account_id: int, now: datetime) -> list[OfferedTopUp]:
    """What saves most first, then by course id; at most ten. It changes nothing.

    One round trip to Redis; three queries, and two more where a minimum is in sight. Raises
    SettlementNotFound, also where nothing is settled.
    """
    index, snapshot = quoting.read(account_id)
    if not snapshot.course_list:
        raise SettlementNotFound
    settled_ids = [course.number() for course in snapshot.course_list]
    today = today_of_all(account_id, course_ids=settled_ids, now=now)
    opened = open_of(Settled(index, snapshot, today).basket)
    if opened is None:
        return []
    found = cheapest(opened, _prices(settled_ids), _own_coupons(today))
    courses = courses_today([one.course_id for one in found])
    return [
        _offered(one, course)
        for one in found
        if (course := courses.get(one.course_id)) and course.online and course.sales
    ]


def _prices(settled_ids: list[int]) -> Iterator[tuple[int, int]]:
    """The id of each other course that is sold, and the price of its cheapest policy in fen. One
    query."""
    # By the key alone: else SQLite sorts the courses' whole texts.
    online = (
        Course.objects.online().order_by().values("pk").annotate(least=Min("price_policy__price"))
    )
    settled = set(settled_ids)
    for course_id, price in online.values_list("pk", "least"):
        if price is not None and course_id not in settled:
            yield course_id, round(price * 100)  # the database keeps whole fen


def _own_coupons(today: Today) -> dict[int, list[HeldCoupon]]:
    """The account's coupons that can be used today, by the course that they are bound to."""
    own: dict[int, list[HeldCoupon]] = {}
    for coupon in today.held.values():
        course_id = coupon.terms.course_id
        if course_id is not None and today.usable(coupon.record_id, course_id):
            own.setdefault(course_id, []).append(coupon)
    return own


def _offered(one: TopUp, course: CourseToday) -> OfferedTopUp:
    policy_id, sale = min(course.sales.items(), key=lambda sold: (sold[1].price, int(sold[0])))
    return OfferedTopUp(
        course_id=one.course_id,
        policy_id=policy_id,
        title=course.title,
        img=course.img,
        price=sale.price,
        total=one.total,
        saves=one.saves,
    )
