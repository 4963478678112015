"""What a coupon brought in, in its list and on its page."""

from typing import Any

from django.contrib.admin import display
from django.http import HttpRequest

from api.models import Coupon
from api.services.coupons import turnover
from api.services.coupons.turnover import Turnover


class WithTurnover:
    """Columns and fields for CouponAdmin. The list asks once, for all coupons of a page."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        # A method of the admin that this is mixed into.
        changes = super().get_changelist_instance(request)  # type: ignore[misc]
        brought = turnover.of_coupons([coupon.pk for coupon in changes.result_list])
        for coupon in changes.result_list:
            coupon.turnover = brought.get(coupon.pk, Turnover())
        return changes

    @display(description="核销率")
    def rate_of_use(self, coupon: Coupon) -> str:
        used = _of(coupon).used
        share = f"{100 * used / coupon.issued:.1f}%" if coupon.issued else "—"
        return f"{share}（{used} / {coupon.issued}）"

    @display(description="带来的成交额")
    def brought_in(self, coupon: Coupon) -> str:
        of_it = _of(coupon)
        return f"{of_it.amount:.2f}元（优惠{of_it.took_off:.2f}元）"


def _of(coupon: Any) -> Turnover:
    if not hasattr(coupon, "turnover"):
        found = turnover.of_coupons([coupon.pk]) if coupon.pk else {}
        coupon.turnover = found.get(coupon.pk, Turnover())
    return coupon.turnover
