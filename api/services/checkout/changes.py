"""What has changed about the courses of a settlement since it was started (README, rules of
money)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from api.models import Course, CourseStatus
from api.rules import pricing
from api.stores.hashes import SettledCourse, Settlement, amount


class ChangeCode(StrEnum):
    """What has changed about a settled course."""

    OFFLINE = "offline"
    POLICY_GONE = "policy_gone"
    PRICE_CHANGED = "price_changed"


@dataclass(frozen=True)
class Change:
    """Why a course's price in the settlement is stale; `price` is today's, 元, if it has one."""

    code: ChangeCode
    reason: str
    price: Decimal | None = None


OFFLINE = Change(ChangeCode.OFFLINE, "课程已下线")
POLICY_GONE = Change(ChangeCode.POLICY_GONE, "价格策略已不存在")


def changes(settlement: Settlement) -> list[Change | None]:
    """For each course, whether it is online and its policy costs what it did. One query."""
    rows = Course.objects.filter(
        pk__in=[course.course_id for course in settlement.course_list]
    ).values_list("pk", "status", "price_policy__pk", "price_policy__price")
    online: set[str] = set()
    prices: dict[tuple[str, str], float] = {}
    for course_id, status, policy_id, price in rows:
        if status == CourseStatus.ONLINE:
            online.add(str(course_id))
        if policy_id is not None:
            prices[str(course_id), str(policy_id)] = price
    return [_change(course, online, prices) for course in settlement.course_list]


def _change(
    course: SettledCourse, online: set[str], prices: Mapping[tuple[str, str], float]
) -> Change | None:
    if course.course_id not in online:
        return OFFLINE
    price = prices.get((course.course_id, course.policy_id))
    if price is None:
        return POLICY_GONE
    today = pricing.to_fen(amount(price))
    if today == pricing.to_fen(amount(course.price)):
        return None
    return Change(ChangeCode.PRICE_CHANGED, "价格已变动", pricing.to_yuan(today))
