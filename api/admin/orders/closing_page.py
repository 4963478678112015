"""A day's closing (日结): received, refunded and net by channel, and discounts by coupon."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import INPUT_CLASSES

from api.models import Payment
from api.services.ledger.closing import MOST_DAYS, Closing, Discount, Money, closing

COUPONS_SHOWN = 100
MONEY_HEADERS = ["收款", "其中多付", "退款", "其中多付退回", "净额"]


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(attrs={"class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d")


class DaysForm(forms.Form):
    """From a day to a day, both included."""

    first = forms.DateField(label="从", widget=DayInput, input_formats=["%Y-%m-%d"])
    last = forms.DateField(label="到", widget=DayInput, input_formats=["%Y-%m-%d"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last:
            if last < first:
                raise ValidationError("结束日期不能早于开始日期。")
            if last - first >= timedelta(days=MOST_DAYS):
                raise ValidationError(f"一次最多查看{MOST_DAYS}天。")
            if first.year < 1900 or last.year > 9000:
                raise ValidationError("日期超出范围。")
        return cleaned


def page(request: HttpRequest, context: dict[str, Any]) -> TemplateResponse:
    """Of the days in the address, or of today; a range that cannot be is said beside the form."""
    today = timezone.localdate()
    asked = {end: request.GET.get(end) or today.isoformat() for end in ("first", "last")}
    form = DaysForm(asked)
    shown: dict[str, Any] = {}
    if form.is_valid():
        found = closing(form.cleaned_data["first"], form.cleaned_data["last"])
        shown = _shown(found, may_link=request.user.has_perm("api.view_coupon"))
    context |= {"title": "日结", "form": form, "shortcuts": _shortcuts(today), **shown}
    return TemplateResponse(request, "admin/api/ledgerentry/closing.html", context)


def _shortcuts(today: date) -> list[tuple[str, str]]:
    yesterday, month = today - timedelta(days=1), today.replace(day=1)
    before = month - timedelta(days=1)
    spans = [
        ("今天", today, today),
        ("昨天", yesterday, yesterday),
        ("最近7天", today - timedelta(days=6), today),
        ("本月", month, today),
        ("上月", before.replace(day=1), before),
    ]
    return [(name, address(first, last)) for name, first, last in spans]


def address(first: date, last: date) -> str:
    return f"{reverse('admin:api_ledgerentry_closing')}?first={first}&last={last}"


def _shown(found: Closing, *, may_link: bool) -> dict[str, Any]:
    whole = found.whole
    names = dict(Payment.Channel.choices)
    channels = [[names[one.value], *_money(money)] for one, money in found.channels.items()]
    kept, left = found.discounts[:COUPONS_SHOWN], found.discounts[COUPONS_SHOWN:]
    coupons = [_coupon(one, may_link=may_link) for one in kept]
    if left:
        rest = Discount(None, f"其余{len(left)}种")
        rest.given = sum((one.given for one in left), rest.given)
        rest.taken_back = sum((one.taken_back for one in left), rest.taken_back)
        coupons.append(_coupon(rest, may_link=False))
    days = [[_link(day), *_money(money)] for day, money in found.days.items()]
    return {
        "cards": [
            ("收款", yuan(whole.received), f"{found.orders}个订单付款"),
            ("退款", yuan(whole.refunded), f"{found.refunds}笔退款完成"),
            ("净额", yuan(whole.net), "收款减去退款"),
            ("优惠抵扣", yuan(found.given), "已减去退款收回的"),
            ("多付待退", yuan(found.to_return), f"截至{found.last}"),
        ],
        "channels": _table("渠道", MONEY_HEADERS, [*channels, ["合计", *_money(whole)]]),
        "discounts": _table("优惠券", ["抵扣", "退款收回", "净额"], coupons),
        "days": _table("日期", MONEY_HEADERS, days) if found.first != found.last else None,
    }


def _link(day: date) -> str:
    return format_html('<a class="text-primary-600" href="{}">{}</a>', address(day, day), day)


def _table(first: str, headers: list[str], rows: list[list[Any]]) -> dict[str, Any]:
    return {"headers": [first, *headers], "rows": rows}


def _money(money: Money) -> list[str]:
    amounts = (money.received, money.excess, money.refunded, money.returned, money.net)
    return [yuan(amount) for amount in amounts]


def _coupon(one: Discount, *, may_link: bool) -> list[Any]:
    name: Any = one.name
    if may_link and one.coupon:
        url = reverse("admin:api_coupon_change", args=[one.coupon])
        name = format_html('<a class="text-primary-600" href="{}">{}</a>', url, name)
    return [name, yuan(one.given), yuan(one.taken_back), yuan(one.net)]


def yuan(amount: Any) -> str:
    return f"{amount:,.2f}"
