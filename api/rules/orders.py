"""An order's states and its days (contract §9): pure rules."""

import calendar
import re
from datetime import date, timedelta
from enum import IntEnum

_PERIOD = re.compile(r"([0-9]+)(天|周|个月)")
_MOST_DAYS = 366 * 200  # a longer period ends where the calendar does not reach anyway


class OrderStatus(IntEnum):
    """`Order.status`."""

    PAID = 0
    UNPAID = 1
    REFUND_ASKED = 2
    REFUNDED = 3
    CANCELLED = 4
    TIMED_OUT = 5

    @property
    def display(self) -> str:
        """The course's own names."""
        return ("交易成功", "待支付", "退费申请中", "已退费", "主动取消", "超时取消")[self]


CLOSED = frozenset({OrderStatus.CANCELLED, OrderStatus.TIMED_OUT})


def last_day_of(begin: date, period_display: str, period: int) -> date:
    """The last day of a period that begins on the day `begin`, as the learner read it: N天 and N周
    as such; N个月 as calendar months, ending the day before the same day of the month, or, where
    there is no such day, on the month's last. Anything else: `period` days."""
    read = _PERIOD.fullmatch(period_display)
    if read is None:
        return _after(begin, period)
    number, unit = int(read[1]), read[2]
    if unit == "个月":
        return _months_after(begin, number)
    return _after(begin, number * (7 if unit == "周" else 1))


def returned_until(*, last_day: date, taken: date, today: date) -> date | None:
    """Until when a coupon holds that comes back today and was taken on the day `taken`: as many
    days as it had left then. None where its last day has not passed."""
    if last_day >= today:
        return None
    return today + (last_day - taken)


def _after(begin: date, days: int) -> date:
    return begin + timedelta(days=min(max(days, 1), _MOST_DAYS) - 1)


def _months_after(begin: date, months: int) -> date:
    year, month = divmod(begin.year * 12 + begin.month - 1 + min(months, 2400), 12)
    month += 1
    last = calendar.monthrange(year, month)[1]
    if begin.day > last:
        return date(year, month, last)
    return date(year, month, begin.day) - timedelta(days=1)
