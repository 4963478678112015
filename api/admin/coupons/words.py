"""A coupon in the words of the desk: what it is worth, and when it can be used."""

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from api.models import Coupon, CouponRecord
from api.rules.coupons import Window


def worth(coupon: Coupon) -> str:
    return coupon.terms.worth.words


def worth_shown(coupon: Coupon | None) -> SafeString:
    """Within the element that the script of the coupon form updates while one types."""
    text = coupon and worth(coupon)
    return format_html('<output class="coupon-words font-semibold">{}</output>', text or "—")


def days_of_use(coupon: Coupon) -> str:
    days = coupon.terms.days
    if days.fixed:
        return f"{days.fixed.first} 至 {days.fixed.last}"
    return f"领取后{days.coupon_valid_days}天" if days.coupon_valid_days else "—"


def window_of(record: CouponRecord) -> Window | None:
    """The days on which this record can be used."""
    received = timezone.localdate(record.get_time)
    return record.coupon.terms.days.of_receipt(received, record.valid_until)


def ways_to_get(coupon: Coupon) -> str:
    """公开领取 and 口令, each where there is one, and how many an account may have: 公开领取、口令
    SPRING，每人1张."""
    ways = ["公开领取"] if coupon.claimable else []
    ways += [f"口令 {coupon.code}"] if coupon.code else []
    return f"{'、'.join(ways)}，每人{coupon.per_account}张" if ways else "仅发放"


def share(part: float | None) -> str:
    """A part of 1 in percent: 33.3%. None, where there is nothing to have a part of, is —."""
    return "—" if part is None else f"{100 * part:.1f}%"
