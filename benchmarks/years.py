"""What years of old orders, payments, events and deliveries cost the new ones: the same requests,
pages and jobs in a young shop and in one with a million orders."""

from collections.abc import Callable
from itertools import islice
from statistics import median
from time import perf_counter

from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone
from redis import Redis

from api.models import Course
from api.services import jobs
from benchmarks import desk, report
from benchmarks.calls import Call, InProcess
from benchmarks.placing import Shop
from tests.support.factories import CourseFactory

ACCOUNTS, ORDERS = 50_000, 1_000_000
TIMES, JOB_TIMES = 100, 5
MOST, MOST_SECONDS = 1.2, 1.0
Thing = tuple[Callable[[], object], int]  # and how often it is done
PLACING = "placing an order"
HEAD = ("", "young, ms", "old, ms", "old / young")


def run(_: Redis) -> str:
    """Measures, for some minutes; the report."""
    shop, django, browser = Shop(), InProcess(), desk.chief()
    things = _things(shop, django, browser)
    young = {name: _median(thing, times) for name, (thing, times) in things.items()}
    _grow_old()
    old = {name: _median(thing, times) for name, (thing, times) in things.items()}
    rows = [
        [name, report.milliseconds(was), report.milliseconds(old[name]), f"{old[name] / was:.2f}"]
        for name, was in young.items()
    ]
    slowest = max(old.values())
    verdict = "reached" if slowest < MOST_SECONDS else "MISSED"
    return "\n\n".join(
        [
            report.table(HEAD, rows),
            f"{ORDERS:,} orders of three years, as many payments and enrolments, twice as many "
            "events; the deliveries of the last 20 days.",
            report.ratio(PLACING, old[PLACING] / young[PLACING], at_most=MOST)
            + f"\n- slowest page or job: **{report.milliseconds(slowest)} ms** (target: under "
            f"{MOST_SECONDS * 1000:,.0f} ms; {verdict})",
        ]
    )


def _things(shop: Shop, django: InProcess, browser: Client) -> dict[str, Thing]:
    """What is measured, by its name, and how often."""
    orders = shop.calls(2 * TIMES + 10)
    first = next(orders)
    django.seconds(first)
    own = Call("GET", "/api/order/", first.token)
    placing = iter(islice(orders, 2 * TIMES))
    requests: dict[str, Callable[[], object]] = {
        PLACING: lambda: django.seconds(next(placing)),
        "one's own orders": lambda: django.seconds(own),
    }
    pages = {
        "the desk's orders": "/admin/api/order/",
        "… of a status": "/admin/api/order/?status__exact=0",
        "… page 100": "/admin/api/order/?p=100",
        "the desk's deliveries": "/admin/api/webhookdelivery/",
        "the desk's home": "/admin/",
    }
    work = {f"job: {job.name}": job.work for job in jobs.JOBS}
    return (
        {name: (thing, TIMES) for name, thing in requests.items()}
        | {name: (lambda url=url: _open(browser, url), JOB_TIMES) for name, url in pages.items()}
        | {name: (lambda do=do: do(timezone.now()), JOB_TIMES) for name, do in work.items()}
    )


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
        '{}'
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
    SELECT e.kind, o.id, o.date, '{}', false FROM api_order o
    CROSS JOIN (VALUES ('order.placed'), ('order.paid')) e(kind)
    WHERE o.order_number LIKE 'old-%%'
"""
_ENDPOINT = """
    INSERT INTO api_webhookendpoint (url, description, secret, old_secret, note, kinds, enabled,
        created)
    VALUES ('https://example.com/hooks', '', 'whsec_', '', '', '[]', false, now())
"""
# Older ones are cleared up.
_DELIVERIES = """
    INSERT INTO api_webhookdelivery (endpoint_id, event_id, kind, order_id, status, attempts,
        since, next_at, last_error, delivered_at)
    SELECT p.id, e.id, e.kind, e.order_id, 1, 1, e.at, e.at, '', e.at
    FROM api_webhookendpoint p, api_shopevent e
    WHERE e.kind = 'order.paid' AND e.at > now() - interval '20 days'
"""
