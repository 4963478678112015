"""What waits for an accountant, on the desk's home page."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from api.admin.desk.links import link_to
from api.admin.orders import closing_page
from api.admin.orders.bill import differences_of
from api.services import finances
from api.services.ledger.closing import moved_on


def shown(request: HttpRequest) -> dict[str, Any]:
    """Of refunds, bills and yesterday's money what this person may see; {} where it is nothing. Six
    queries at most."""
    cards: list[dict[str, Any]] = []
    tables: list[dict[str, Any]] = []
    if request.user.has_perm("api.view_refund"):
        _add_refunds(cards, tables)
    if request.user.has_perms(["api.view_bill", "api.view_billline"]):
        _add_bills(cards, tables)
    if request.user.has_perm("api.view_ledgerentry"):
        cards.append(_yesterday())
    return {"finances": {"cards": cards, "tables": tables}} if cards else {}


def _add_refunds(cards: list[dict[str, Any]], tables: list[dict[str, Any]]) -> None:
    found, address = finances.refunds(), reverse("admin:api_refund_changelist")
    cards += [
        {
            "title": "待审核退款",
            "number": found.asked,
            "url": f"{address}?status__exact=0",
            "note": f"共{_yuan(found.amount)}元",
        },
        {
            "title": "退款中",
            "number": found.under_way,
            "url": f"{address}?status__exact=1",
            "note": "等待支付渠道确认",
        },
    ]
    rows = [
        [
            link_to(one, one.out_request_no),
            one.order.account.username,
            _yuan(one.amount),
            f"{timezone.localtime(one.asked_at):%Y-%m-%d %H:%M}",
        ]
        for one in found.first
    ]
    tables.append(
        {
            "title": "等得最久的退款",
            "table": {"headers": ["退款单号", "账户", "金额（元）", "申请时间"], "rows": rows},
            "empty": "没有待审核的退款。",
        }
    )


def _add_bills(cards: list[dict[str, Any]], tables: list[dict[str, Any]]) -> None:
    found = finances.bills()
    cards += [
        {
            "title": "待处理差异",
            "number": found.differences,
            "url": reverse("admin:api_billline_changelist"),
            "note": "账单与本店不一致",
        },
        {
            "title": "未取得账单",
            "number": found.missing,
            "url": reverse("admin:api_bill_changelist"),
            "note": "系统会继续尝试",
        },
    ]
    rows = [
        [
            link_to(one, str(one)),
            differences_of(one) if one.unsettled else "0",
            "已取得" if one.fetched_at else one.problem or "还没有取得",
        ]
        for one in found.first
    ]
    tables.append(
        {
            "title": "要核对的账单",
            "table": {"headers": ["账单", "待处理差异", "账单文件"], "rows": rows},
            "empty": "没有要核对的账单。",
        }
    )


def _yesterday() -> dict[str, Any]:
    day = timezone.localdate() - timedelta(days=1)
    money = moved_on(day)
    return {
        "title": "昨日净额（元）",
        "number": _yuan(money.net),
        "url": closing_page.address(day, day),
        "note": f"收款{_yuan(money.received)}，退款{_yuan(money.refunded)}",
    }


def _yuan(amount: Decimal) -> str:
    return f"{amount:,.2f}"
