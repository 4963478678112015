"""Why a coupon is not issued."""

from api.models import Course, IssueBatch
from api.rules.coupons import Scope, Terms
from api.services.coupons.bindings import Binding


class IssuingRefused(Exception):
    """Nothing was issued; `str()` says why, to the manager."""


class NobodyToReceive(IssuingRefused):
    def __init__(self) -> None:
        super().__init__("没有可以发放的账户")


class NotEnoughLeft(IssuingRefused):
    def __init__(self, *, wanted: int, left: int) -> None:
        super().__init__(f"剩余数量不足：需要{wanted}张，只剩{left}张，没有发放任何一张")


class CouponOver(IssuingRefused):
    def __init__(self) -> None:
        super().__init__("这张优惠券的有效期已过，发放后无法使用")


class CouponPaused(IssuingRefused):
    def __init__(self) -> None:
        super().__init__("优惠券已停止发放")


class CouponGone(IssuingRefused):
    def __init__(self) -> None:
        super().__init__("这张优惠券已被删除，没有发放任何一张")


class PlannedForThePast(IssuingRefused):
    def __init__(self) -> None:
        super().__init__("发放时间已经过了，没有计划，请重新预览")


class OfNoUse(IssuingRefused):
    """Nobody could ever use it: it is bound to a course that was deleted, or to no course."""

    def __init__(self, binding: Binding) -> None:
        what = "课程已被删除" if binding is Binding.GONE else "不是课程，结算时不提供"
        super().__init__(f"这张优惠券绑定的{what}，发放后没有人能使用。请先在优惠券页面改绑")


class CouponChanged(IssuingRefused):
    """`seen` are the terms of the preview."""

    def __init__(self, seen: Terms, now: Terms) -> None:
        was, is_now = _in_words(seen), _in_words(now)
        told = "；".join(
            f"{label}预览时是“{was[label]}”，现在是“{is_now[label]}”"
            for label in was
            if was[label] != is_now[label]
        )
        super().__init__(f"优惠券在预览后被修改，没有发放任何一张，请重新预览。{told}")


def _in_words(terms: Terms) -> dict[str, str]:
    days = terms.days
    by_day = f"领取后{days.coupon_valid_days}天" if days.coupon_valid_days else "—"
    fixed = days.fixed and f"{days.fixed.first} 至 {days.fixed.last}"
    course = Course.objects.filter(pk=terms.course_id or 0).values_list("name", flat=True).first()
    bound = {Scope.SITE_WIDE: "全站", Scope.ELSEWHERE: "非课程"}.get(terms.scope, course)
    return {
        "优惠内容": terms.worth.words,
        "使用有效期": fixed or by_day,
        "适用范围": bound or f"课程{terms.course_id}（已删除）",
    }


class AlreadyIssued(Exception):
    """An earlier try with this key did it; nothing was issued now."""

    def __init__(self, batch: IssueBatch) -> None:
        super().__init__(batch.key)
        self.number = batch.number
