"""The desk with a million coupon records: opening its pages, and exporting all of them."""

from statistics import median
from time import perf_counter
from typing import Any

from django.test import Client
from redis import Redis

from api.models import CouponRecord
from benchmarks import desk, report
from benchmarks.memory import growth

ACCOUNTS, COUPONS, RECORDS = 100_000, 20, 1_000_000
TIMES = 21
MOST_SECONDS, MOST_MIB = 1.0, 50
LIST = "/admin/api/couponrecord/"


def run(_: Redis) -> str:
    """Measures, for a few minutes; the report."""
    desk.make_accounts(ACCOUNTS)
    coupons = [desk.make_coupon(RECORDS) for _ in range(COUPONS)]
    desk.make_records(RECORDS, coupons)
    browser = desk.chief()
    record = CouponRecord.objects.order_by("pk")[RECORDS // 2]
    pages = {
        "records": LIST,
        "records, page 1,000": f"{LIST}?p=1000",
        "… that expired": f"{LIST}?status__exact=2",
        "… taken back (none)": f"{LIST}?status__exact=3",
        "… of a coupon": f"{LIST}?coupon__id__exact={coupons[0].pk}",
        "… of a coupon, taken back (none)":
            f"{LIST}?coupon__id__exact={coupons[0].pk}&status__exact=3",
        "… of a day long past": f"{LIST}?get_time_from={record.get_time:%Y-%m-%d}"
            f"&get_time_to={record.get_time:%Y-%m-%d}",
        "… of a day of use": f"{LIST}?used_time_from={record.get_time:%Y-%m-%d}",
        "… of a type (none)": f"{LIST}?coupon__coupon_type__exact=2",
        "… of an order (none)": f"{LIST}?order_number=nothing",
        "… found by number": f"{LIST}?q={record.number}",
        "… found by name": f"{LIST}?q={record.account.username}",
        "… found by nothing": f"{LIST}?q=nothing",
        "coupons": "/admin/api/coupon/",
        "what became of a coupon": f"/admin/api/coupon/{coupons[0].pk}/effect/?days=90",
        "home": "/admin/",
    }  # fmt: skip
    opened = {
        name: median(_seconds(browser, url) for _ in range(TIMES)) for name, url in pages.items()
    }
    exported = [_export(browser, *format) for format in (("CSV", "0"), ("XLSX", "1"))]
    slowest, widest = max(opened.values()), max(mib for _, _, mib in exported)
    return "\n\n".join(
        [
            report.table(
                ("1,000,000 records", "median, ms"),
                [[name, report.milliseconds(taken)] for name, taken in opened.items()],
            ),
            report.table(
                ("Export of 1,000,000 rows", "s", "memory growth, MiB"),
                [[name, f"{taken:.0f}", f"{mib:.0f}"] for name, taken, mib in exported],
            ),
            f"- slowest page: **{report.milliseconds(slowest)} ms** (target: under "
            f"{MOST_SECONDS * 1000:,.0f} ms; {_verdict(slowest < MOST_SECONDS)})\n"
            f"- most memory for an export: **{widest:.0f} MiB** (target: at most {MOST_MIB} MiB; "
            f"{_verdict(widest <= MOST_MIB)})",
        ]
    )


def _verdict(good: bool) -> str:
    return "reached" if good else "MISSED"


def _seconds(browser: Client, url: str) -> float:
    began = perf_counter()
    answer = browser.get(url)
    taken = perf_counter() - began
    if answer.status_code != 200:
        raise AssertionError(f"{url}: {answer.status_code}")
    return taken


def _export(browser: Client, name: str, format: str) -> tuple[str, float, float]:
    with growth() as memory:
        began = perf_counter()
        answer: Any = browser.post(f"{LIST}export/", {"format": format, "resource": "0"})
        size = sum(map(len, answer.streaming_content))
        taken = perf_counter() - began
    if size < 10 * RECORDS:
        raise AssertionError(f"{name}: {size} bytes")
    return name, taken, memory.mib
