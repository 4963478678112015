"""预算: what a coupon may still cost beside its budget, in its list, on its page, and before more
of it is issued. It warns, and refuses nothing."""

from decimal import Decimal
from typing import Any

from django.contrib.admin import display
from django.http import HttpRequest
from django.utils.html import format_html

from api.models import Coupon
from api.services.coupons import budget
from api.services.coupons.budget import Commitment

UNBOUNDED = "折扣券没有填写最高减，不能计算是否超出预算"
_WARNING = '<span class="text-red-700 font-semibold dark:text-red-500">{}</span>'


class WithBudget:
    """A field for CouponAdmin. Its list asks once, for all coupons of a page, for what `mark`
    tells."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        # A method of the admin that this is mixed into.
        changes = super().get_changelist_instance(request)  # type: ignore[misc]
        found = budget.of_coupons(changes.result_list)
        for coupon in changes.result_list:
            coupon.commitment = found.get(coupon.pk)
        return changes

    @display(description="可能的优惠")
    def budget_standing(self, coupon: Coupon) -> str | None:
        found = budget.of_coupon(coupon)
        if found is None:
            return None
        return format_html(_WARNING, in_words(found)) if is_warning(found) else in_words(found)


def mark(coupon: Any) -> str:
    """What the list warns of; empty where there is nothing."""
    found: Commitment | None = coupon.commitment
    if found is None or not is_warning(found):
        return ""
    if found.worth is None:
        return format_html(_WARNING, "预算不能计算")
    return format_html(_WARNING, f"超出预算{money(found.over)}元")


def is_warning(found: Commitment) -> bool:
    return found.worth is None or bool(found.over)


def in_words(found: Commitment) -> str:
    """未使用和已锁定120张，每张最多减40元，共4,800元；预算4,000元，超出800元."""
    if found.each is None or found.worth is None:
        return f"{UNBOUNDED}：未使用和已锁定{found.records}张，预算{money(found.budget)}元"
    told = f"未使用和已锁定{found.records}张，每张最多减{money(found.each)}元，"
    told += f"共{money(found.worth)}元；预算{money(found.budget)}元"
    return f"{told}，超出{money(found.over)}元" if found.over else told


def warning(coupon: Coupon, more: int = 0) -> str:
    """What there is to warn of, once so many more are issued; empty where there is nothing."""
    found = budget.of_coupon(coupon)
    if found is None or not is_warning(found.with_more(more)):
        return ""
    after = in_words(found.with_more(more))
    return f"{'发放后，' if more and found.each is not None else ''}{after}。"


def money(amount: Decimal) -> str:
    """4,800, and 0.50: 元 without 角 and 分 where there are none."""
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"
