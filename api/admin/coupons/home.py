"""How the coupons do, on the desk's home page."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from api.admin.coupons import words
from api.models import Coupon, CouponRecordStatus
from api.services.coupons import figures
from api.services.coupons.figures import Figures

_COLOURS = {
    CouponRecordStatus.UNUSED: "#3b82f6",
    CouponRecordStatus.USED: "#16a34a",
    CouponRecordStatus.EXPIRED: "#9ca3af",
    CouponRecordStatus.VOID: "#dc2626",
    CouponRecordStatus.LOCKED: "#d97706",
}


def shown(request: HttpRequest) -> dict[str, Any]:
    """{} for whoever may not see coupons."""
    if not request.user.has_perm("api.view_coupon"):
        return {}
    found = figures.figures(timezone.localdate())
    return {
        "cards": _cards(found),
        "chart": json.dumps(_chart(found)),
        "chart_options": json.dumps(_CHART_OPTIONS),
        "ending": _ending(found),
        "most_used": _most_used(found),
    }


def _cards(shown: Figures) -> list[dict[str, Any]]:
    coupons = reverse("admin:api_coupon_changelist")
    records = reverse("admin:api_couponrecord_changelist")
    cards = [
        {"title": "领取进行中", "number": shown.running, "url": f"{coupons}?receipt_state=running"},
        {"title": "已发放", "number": shown.issued, "url": records},
    ]
    for status in CouponRecordStatus:
        share = 100 * shown.by_status[status] / shown.issued if shown.issued else 0
        cards.append(
            {
                "title": status.label,
                "number": shown.by_status[status],
                "url": f"{records}?status__exact={status.value}",
                "note": f"占{share:.1f}%",
            }
        )
    return cards


_CHART_OPTIONS = {
    "responsive": True,
    "maintainAspectRatio": False,
    "plugins": {"legend": {"display": True, "position": "bottom"}},
    "scales": {
        "x": {"stacked": True, "grid": {"display": False}},
        "y": {"stacked": True, "beginAtZero": True, "ticks": {"precision": 0}},
    },
}


def _chart(shown: Figures) -> dict[str, Any]:
    return {
        "labels": [f"{day.month}/{day.day}" for day in shown.by_day],
        "datasets": [
            {
                "label": status.label,
                "data": [numbers.get(status, 0) for numbers in shown.by_day.values()],
                "backgroundColor": colour,
            }
            for status, colour in _COLOURS.items()
        ],
    }


def _ending(shown: Figures) -> dict[str, Any]:
    return {
        "headers": ["优惠券", "优惠内容", "最后一天", "已发放"],
        "rows": [
            [_link(coupon), words.worth(coupon), last_day, f"{coupon.issued} / {coupon.quantity}"]
            for coupon, last_day in shown.ending
        ],
    }


def _most_used(shown: Figures) -> dict[str, Any]:
    return {
        "headers": ["优惠券", "优惠内容", "已使用"],
        "rows": [[_link(coupon), words.worth(coupon), used] for coupon, used in shown.most_used],
    }


def _link(coupon: Coupon) -> str:
    url = reverse(f"{admin.site.name}:api_coupon_change", args=[coupon.pk])
    return format_html('<a class="font-medium text-primary-600" href="{}">{}</a>', url, coupon.name)
