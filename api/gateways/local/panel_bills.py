"""The panel's part about bills: a day's rows, and what is made wrong in them."""

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from api.gateways.local import bills
from api.gateways.local.book import Book

CHANNELS = ("alipay", "wechat")


def day_in(text: str) -> date | None:
    """The day, written as in 2026-11-25."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def shown(book: Book, request: HttpRequest, names: Mapping[str, str]) -> dict[str, Any]:
    """The rows of the day in the address, or of today, with what is wrong in each."""
    day = day_in(request.GET.get("day", "")) or timezone.localdate()
    rows: list[dict[str, Any]] = []
    for channel in CHANNELS:
        wrong = book.wrong_rows(channel, day.isoformat())
        true = bills.moved(book, channel, day)
        added = [row for row in bills.written(book, channel, day) if wrong.get(row.key) == "extra"]
        for row in [*true, *added]:
            how = wrong.get(row.key, "")
            rows.append({"channel": channel, "name": names[channel], "row": row, "how": how})
    return {"day": day, "rows": rows}


def falsify(book: Book, request: HttpRequest) -> None:
    """What was pressed about a bill, if anything was."""
    asked = request.POST
    channel, day, how = asked.get("channel", ""), day_in(asked.get("day", "")), asked.get("bill")
    if channel not in CHANNELS or day is None or how is None:
        return
    if how == "extra":
        number = f"{day:%Y%m%d}{secrets.randbelow(10**12):012}"
        book.falsify(channel, day.isoformat(), f"{number}/", "extra")
    elif how in bills.WRONG:
        book.falsify(channel, day.isoformat(), asked.get("row", "")[:200], how)
