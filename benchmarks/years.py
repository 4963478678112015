"""What years of old orders, payments, events, deliveries and notifications cost the new ones: the
same requests, pages and jobs in a young shop, in one with a million orders, and in that one when
what is older than a month is archived."""

import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone
from redis import Redis

from api.models import Course, Order
from api.services import jobs
from api.services.archive import moving
from benchmarks import desk, report
from benchmarks.calls import Call, InProcess
from benchmarks.placing import Shop
from tests.support.factories import CourseFactory

ACCOUNTS, ORDERS = 50_000, 1_000_000
TIMES, JOB_TIMES = 100, 5
MOST, MOST_SECONDS = 1.2, 1.0
Thing = tuple[Callable[[], object], int]  # and how often it is done
PLACING = "placing an order"
OLD_PAGE = "the desk's page of an old order"
HEAD = ("", "young, ms", "old, ms", "archived, ms", "old / young", "archived / young")
KEPT = {"events": "api_shopevent", "deliveries": "api_webhookdelivery"}
KEPT |= {"notifications": "api_paymentnotification"}
AGE = timedelta(days=30)  # of what is archived


def run(_: Redis) -> str:
    """Measures, for many minutes; the report."""
    # Nothing is cleared up while it is measured.
    with override_settings(WEBHOOK_KEPT_DAYS=36_500):
        return _run()


def _run() -> str:
    shop, django, browser = Shop(), InProcess(), desk.chief()
    things = _things(shop, django, browser)
    young = _measured(things)
    _grow_old()
    old = _measured(things)
    moved = _archive()
    archived = _measured(things)
    rows = [
        [
            name,
            *(report.milliseconds(at[name]) for at in (young, old, archived)),
            *(f"{at[name] / was:.2f}" for at in (old, archived)),
        ]
        for name, was in young.items()
    ]
    slowest = max(old.values())
    verdict = "reached" if slowest < MOST_SECONDS else "MISSED"
    return "\n\n".join(
        [
            report.table(HEAD, rows),
            f"{ORDERS:,} orders of three years, as many payments, enrolments, deliveries and "
            "notifications, twice as many events.",
            moved,
            report.ratio(PLACING, old[PLACING] / young[PLACING], at_most=MOST)
            + f"\n- slowest page or job: **{report.milliseconds(slowest)} ms** (target: under "
            f"{MOST_SECONDS * 1000:,.0f} ms; {verdict})",
        ]
    )


def _measured(things: dict[str, Thing]) -> dict[str, float]:
    return {name: _median(thing, times) for name, (thing, times) in things.items()}


def _archive() -> str:
    """What it took, and what it brought."""
    before, began = _sizes(), perf_counter()
    moved: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, override_settings(ARCHIVE_DIR=Path(folder)):
        longest, last = 0.0, began
        day = timezone.localdate() - AGE
        for file in moving.archive(before=day, now=timezone.now()):
            moved.update(file.rows)
            longest, last = max(longest, perf_counter() - last), perf_counter()
        took = perf_counter() - began
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    rows = sum(moved.values())
    for name in KEPT.values():
        desk.execute(f"VACUUM FULL {name}", [])
    after = _sizes()
    lines = [[name, f"{moved[name]:,}", f"{before[name]:,}", f"{after[name]:,}"] for name in KEPT]
    return "\n\n".join(
        [
            report.table(("", "rows archived", "MiB before", "MiB after, vacuumed"), lines),
            f"Archived in {took:,.0f} s, {rows / took:,.0f} rows a second; the longest file of "
            f"{moving.BATCH:,} took {longest:.1f} s; {size / 2**20:,.0f} MiB of files.",
        ]
    )


def _sizes() -> dict[str, int]:
    """MiB of each table with its indexes."""
    return {name: _size(table) for name, table in KEPT.items()}


def _size(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s) / 1048576", [table])
        return int(cursor.fetchone()[0])


def _things(shop: Shop, django: InProcess, browser: Client) -> dict[str, Thing]:
    """What is measured, by its name, and how often."""
    orders = shop.calls(3 * TIMES + 10)
    first = next(orders)
    django.seconds(first)
    own = Call("GET", "/api/order/", first.token)
    placing = iter(islice(orders, 3 * TIMES))
    requests: dict[str, Callable[[], object]] = {
        PLACING: lambda: django.seconds(next(placing)),
        "one's own orders": lambda: django.seconds(own),
    }
    pages = {
        "the desk's orders": "/admin/api/order/",
        "… of a status": "/admin/api/order/?status__exact=0",
        "… page 100": "/admin/api/order/?p=100",
        "the desk's deliveries": "/admin/api/webhookdelivery/",
        "the desk's notifications": "/admin/api/paymentnotification/",
        "the desk's home": "/admin/",
    }
    work = {f"job: {job.name}": job.work for job in jobs.JOBS}
    return (
        {name: (thing, TIMES) for name, thing in requests.items()}
        | {name: (lambda url=url: _open(browser, url), JOB_TIMES) for name, url in pages.items()}
        | {OLD_PAGE: (lambda: _open(browser, _of_the_first_order()), JOB_TIMES)}
        | {name: (lambda do=do: do(timezone.now()), JOB_TIMES) for name, do in work.items()}
    )


def _of_the_first_order() -> str:
    """Its page: in the young shop of today, in the old one of three years ago."""
    return f"/admin/api/order/{Order.objects.earliest('date').pk}/change/"


def _open(browser: Client, url: str) -> None:
    answer = browser.get(url)
    if answer.status_code != 200:
        raise AssertionError(f"{url}: {answer.status_code}")


def _median(thing: Callable[[], object], times: int) -> float:
    samples = []
    for _ in range(times):
        began = perf_counter()
        thing()
        samples.append(perf_counter() - began)
    return median(samples)


def _grow_old() -> None:
    desk.make_accounts(ACCOUNTS)
    course, kind = CourseFactory().pk, ContentType.objects.get_for_model(Course).pk
    for statement, values in (
        (_ORDERS, [ORDERS]),
        (_LINES, [kind, course]),
        (_PAYMENTS, []),
        (_ENROLMENTS, []),
        (_EVENTS, []),
        (_NOTIFICATIONS, []),
        (_ENDPOINT, []),
        (_DELIVERIES, []),
    ):
        desk.execute(statement, values)


# Of three years, each paid an hour after it was placed.
_ORDERS = """
    INSERT INTO api_order (payment_type, order_number, account_id, actual_amount, status, date,
        pay_time, subtotal, course_discount, global_discount, refunded, expires_at, settlement,
        version, quote)
    SELECT 1, 'old-' || n, ids.one[1 + n %% array_length(ids.one, 1)], 99, 0, at.placed,
        at.placed + interval '1 hour', 99, 0, 0, 0, at.placed + interval '1 day', 'old-' || n, 'v',
        '{"course_list": [], "global_coupons": []}'
    FROM generate_series(1, %s) n,
        (SELECT array_agg(id) AS one FROM api_account WHERE username LIKE 'customer%%') ids,
        LATERAL (SELECT now() - interval '2 days' - n * interval '90 seconds' AS placed) at
"""
_LINES = """
    INSERT INTO api_orderdetail (order_id, content_type_id, object_id, original_price, price,
        valid_period_display, valid_period, policy_id, discount, share, refunded)
    SELECT id, %s, %s, 99, 99, '1个月', 30, 1, 0, 0, 0 FROM api_order
    WHERE order_number LIKE 'old-%%'
"""
_PAYMENTS = """
    INSERT INTO api_payment (order_id, channel, out_trade_no, amount, status, created, paid_at,
        way, pay_url, note)
    SELECT id, 'alipay', order_number, 99, 1, date, pay_time, 'page', '', '' FROM api_order
    WHERE order_number LIKE 'old-%%'
"""
_ENROLMENTS = """
    INSERT INTO api_enrolledcourse (account_id, course_id, enrolled_date, valid_begin_date,
        valid_end_date, status, order_detail_id)
    SELECT o.account_id, d.object_id, o.date, o.date, o.date + interval '30 days', 0, d.id
    FROM api_orderdetail d JOIN api_order o ON o.id = d.order_id
    WHERE o.order_number LIKE 'old-%%'
"""
_EVENTS = """
    INSERT INTO api_shopevent (kind, order_id, at, data, pending)
    SELECT e.kind, o.id, o.date,
        jsonb_build_object('order_number', o.order_number, 'account', o.account_id,
            'actual_amount', '99.00', 'courses', '[1]'::jsonb), false
    FROM api_order o
    CROSS JOIN (VALUES ('order.placed'), ('order.paid')) e(kind)
    WHERE o.order_number LIKE 'old-%%'
"""
_ENDPOINT = """
    INSERT INTO api_webhookendpoint (url, description, secret, old_secret, note, kinds, enabled,
        created)
    VALUES ('https://example.com/hooks', '', 'whsec_', '', '', '[]', false, now())
"""
_NOTIFICATIONS = """
    INSERT INTO api_paymentnotification (channel, digest, body, headers, out_trade_no, payment_id,
        verdict, first_seen, last_seen, times_seen)
    SELECT 'alipay', md5(id::text) || md5((-id)::text),
        (SELECT string_agg(md5(id::text || part), '&') FROM generate_series(1, 24) part),
        '{}', out_trade_no, id, 'paid', paid_at, paid_at, 1
    FROM api_payment WHERE out_trade_no LIKE 'old-%%'
"""
_DELIVERIES = """
    INSERT INTO api_webhookdelivery (endpoint_id, event_id, kind, order_id, status, attempts,
        since, next_at, last_error, delivered_at)
    SELECT p.id, e.id, e.kind, e.order_id, 1, 1, e.at, e.at, '', e.at
    FROM api_webhookendpoint p, api_shopevent e
    WHERE e.kind = 'order.paid' AND e.order_id IS NOT NULL
"""
