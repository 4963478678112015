"""The desk's home page: what waits for an accountant, and how the coupons do, each for whom it
concerns."""

from typing import Any

from django.http import HttpRequest

from api.admin.coupons import home as coupons
from api.admin.orders import home as orders


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK. Whoever may see neither finds the list of models."""
    finances, figures = orders.shown(request), coupons.shown(request)
    titles = {(True, True): "概况", (True, False): "财务概况", (False, True): "优惠券概况"}
    title = titles.get((bool(finances), bool(figures)))
    return context | finances | figures | ({"title": title} if title else {})
