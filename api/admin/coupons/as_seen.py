"""学员看到的样子: a coupon as learners meet it, beside its form."""

from datetime import date
from typing import Any

from django.contrib.admin import display
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from api.admin.coupons import binding, words
from api.models import Coupon
from api.services.coupons.bindings import binding_of
from api.services.coupons.issuing import is_over


def where_it_appears(coupon: Coupon, today: date) -> str:
    """Whether learners find it in 领券中心 on this day, and if not, why."""
    if coupon.disabled:
        return "不出现在领券中心：已停用，已领到的也不能使用。"
    if coupon.paused:
        return "不出现在领券中心：已停止发放。"
    if not coupon.claimable:
        return "不出现在领券中心：" + ("凭口令领取。" if coupon.code else "仅发放。")
    if binding_of(coupon).is_useless:
        return "不出现在领券中心：绑定的课程没有人能买。"
    if is_over(coupon, today):
        return "不再出现在领券中心：使用有效期已过。"
    if today < coupon.open_date:
        return f"{coupon.open_date}起出现在领券中心。"
    if today > coupon.close_date:
        return "不再出现在领券中心：领取时间已过。"
    if coupon.issued >= coupon.quantity:
        return "不再出现在领券中心：已领完。"
    return f"出现在领券中心，剩余{coupon.quantity - coupon.issued}张。"


class WithPreview:
    """A field of CouponAdmin: what is saved, in the learner's words."""

    @display(description="学员看到的样子")
    def as_seen(self, coupon: Any) -> str:
        lines = (
            coupon.name,
            words.worth(coupon),
            f"适用：{binding.in_words(coupon)}",
            f"使用有效期：{words.days_of_use(coupon)}",
            f"领取时间：{coupon.open_date} 至 {coupon.close_date}，每人{coupon.per_account}张",
            where_it_appears(coupon, timezone.localdate()),
        )
        shown = format_html_join("", "<p>{}</p>", ((line,) for line in lines))
        return format_html('<div class="coupon-as-seen break-all">{}</div>', shown)
