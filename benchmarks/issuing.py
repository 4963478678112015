"""Handing a coupon to 100,000 accounts through the desk: preview, and one transaction."""

import json
import re
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from redis import Redis

from api.models import Coupon, CouponRecord
from benchmarks import desk, report
from benchmarks.memory import growth

ACCOUNTS = 100_000
MOST_SECONDS, MOST_MIB = 30, 200
HEAD = ("100,000 accounts", "s", "peak, MiB")


def run(_: Redis) -> str:
    """Measures, for some seconds; the report."""
    desk.make_accounts(ACCOUNTS)
    browser = desk.chief()
    sources: dict[str, dict[str, Any]] = {
        "every account": {"source": "everyone"},
        "a CSV file": {"source": "file", "file": _csv()},
    }
    rows, within = [], True
    for name, fields in sources.items():
        coupon = desk.make_coupon(ACCOUNTS)
        previewed, token = _measured(partial(_preview, browser, coupon, fields))
        issued, _answer = _measured(partial(_confirm, browser, coupon, token))
        for step, taken in (("preview", previewed), ("issue", issued)):
            rows.append([f"{step}, {name}", f"{taken.seconds:.1f}", f"{taken.mib:.0f}"])
        within &= issued.seconds <= MOST_SECONDS and issued.mib <= MOST_MIB
    verdict = "reached" if within else "MISSED"
    target = f"- issuing: target at most {MOST_SECONDS} s and {MOST_MIB} MiB; {verdict}"
    return f"{report.table(HEAD, rows)}\n\n{target}"


class Taken(NamedTuple):
    seconds: float
    mib: float


def _measured(work: Callable[[], str]) -> tuple[Taken, str]:
    with growth() as memory:
        began = perf_counter()
        result = work()
        seconds = perf_counter() - began
    return Taken(seconds, memory.mib), result


def _csv() -> SimpleUploadedFile:
    names = "\n".join(["用户名", *(f"customer{n}" for n in range(1, ACCOUNTS + 1))])
    return SimpleUploadedFile("names.csv", names.encode())


def _preview(browser: Client, coupon: Coupon, fields: dict[str, Any]) -> str:
    """The token that confirms the preview."""
    page = browser.post(f"/admin/api/coupon/{coupon.pk}/issue/", fields).content.decode()
    found = re.search(r'name="token" value="([^"]+)"', page)
    if found is None:
        raise AssertionError(page[:2000])
    return found[1]


def _confirm(browser: Client, coupon: Coupon, token: str) -> str:
    """The last step's line."""
    answer: Any = browser.post(f"/admin/api/coupon/{coupon.pk}/issue/confirm/", {"token": token})
    *_, last = answer.streaming_content
    if json.loads(last).get("issued") != ACCOUNTS:
        raise AssertionError(last)
    if CouponRecord.objects.filter(coupon=coupon).count() != ACCOUNTS:
        raise AssertionError("not every account got its coupon")
    return str(last)
