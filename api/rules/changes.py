"""What has changed about a settlement since it was started (contract §8).

One rule finds it: what was offered then is compared, whole, with what is sold now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from api.rules.coupons import Worth


class ChangeCode(StrEnum):
    """What kind of change it is."""

    OFFLINE = "offline"
    POLICY_GONE = "policy_gone"
    PRICE_CHANGED = "price_changed"
    PERIOD_CHANGED = "period_changed"
    COUPON_CHANGED = "coupon_changed"
    COUPON_GONE = "coupon_gone"
    OWNED = "owned"  # it does not stop the order


REASONS = {
    ChangeCode.OFFLINE: "课程已下线",
    ChangeCode.POLICY_GONE: "价格策略已不存在",
    ChangeCode.PRICE_CHANGED: "价格已变动",
    ChangeCode.PERIOD_CHANGED: "有效期已变动",
    ChangeCode.COUPON_CHANGED: "优惠券内容已变动",
    ChangeCode.COUPON_GONE: "优惠券已不可用",
    ChangeCode.OWNED: "已购买此课程，将从到期后续期",
}
DISABLED = "优惠券已停用"  # why a coupon is gone that comes back when it is switched on again
NOT_PAYABLE = frozenset({ChangeCode.OFFLINE, ChangeCode.POLICY_GONE})


@dataclass(frozen=True, slots=True)
class Sale:
    """What a price policy sells: a period at a price (元, two places)."""

    price: Decimal
    period: str
    period_display: str


@dataclass(frozen=True, slots=True)
class Change:
    """What was, and what is now, in words; None where there is nothing to say.

    `course_id` is None for a site-wide coupon, `coupon` (a record id) for a change of a course.
    `reason` is that of the code, unless it has one of its own.
    """

    code: ChangeCode
    course_id: int | None
    coupon: int | None = None
    was: str | None = None
    now: str | None = None
    own_reason: str | None = None

    @property
    def reason(self) -> str:
        return self.own_reason or REASONS[self.code]

    @property
    def price(self) -> str | None:
        """Today's price, where that has changed."""
        return self.now if self.code is ChangeCode.PRICE_CHANGED else None


def course_changes(
    course_id: int, *, online: bool, was: Sale, today: Sale | None
) -> Iterator[Change]:
    """The changes of a course: `was` as it was settled, `today` as its policy sells it now, None if
    there is no such policy any more."""
    if not online:
        yield Change(ChangeCode.OFFLINE, course_id)
    elif today is None:
        yield Change(ChangeCode.POLICY_GONE, course_id, was=was.period_display)
    if today is None:
        return
    if was.price != today.price:
        yield Change(ChangeCode.PRICE_CHANGED, course_id, was=f"{was.price}", now=f"{today.price}")
    if (was.period, was.period_display) != (today.period, today.period_display):
        days = was.period_display == today.period_display  # the words say nothing of it
        yield Change(
            ChangeCode.PERIOD_CHANGED,
            course_id,
            was=f"{was.period}天" if days else was.period_display,
            now=f"{today.period}天" if days else today.period_display,
        )


def coupon_changes(
    record_id: int, course_id: int | None, *, was: Worth, today: Worth | None, gone: str | None
) -> Iterator[Change]:
    """The change of a chosen coupon: `was` as it was offered, `today` as it can be used now, None
    if it cannot; then `gone` is the reason."""
    if today is None:
        yield Change(ChangeCode.COUPON_GONE, course_id, record_id, was=was.words, own_reason=gone)
    elif was != today:
        yield Change(
            ChangeCode.COUPON_CHANGED, course_id, record_id, was=was.words, now=today.words
        )
