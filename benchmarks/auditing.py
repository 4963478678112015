"""`manage.py audit` on a million coupon records, a tenth of them used in orders that are paid."""

from time import perf_counter

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from redis import Redis

from api.models import Course
from benchmarks import desk, report
from benchmarks.memory import growth
from tests.support.factories import CourseFactory

ACCOUNTS, COUPONS, RECORDS = 100_000, 20, 1_000_000
MOST_SECONDS, MOST_MIB = 60, 200
HEAD = ("Rows", "s", "memory growth, MiB")


def run(_: Redis) -> str:
    """Measures, for a few minutes; the report."""
    desk.make_accounts(ACCOUNTS)
    desk.make_records(RECORDS, [desk.make_coupon(RECORDS) for _ in range(COUPONS)])
    _make_orders(CourseFactory().pk)
    with growth() as memory:
        began = perf_counter()
        call_command("audit")  # CommandError if it finds anything
        seconds = perf_counter() - began
    rows = f"{RECORDS:,} records, {RECORDS // 10:,} orders"
    within = seconds <= MOST_SECONDS and memory.mib <= MOST_MIB
    target = f"target: at most {MOST_SECONDS} s and {MOST_MIB} MiB"
    return "\n\n".join(
        [
            report.table(HEAD, [[rows, f"{seconds:.1f}", f"{memory.mib:.0f}"]]),
            f"- the audit: {target}; {'reached' if within else 'MISSED'}",
        ]
    )


def _make_orders(course_id: int) -> None:
    """Each used record in an order of one course, with its line, money, enrolment and
    entries in the books."""
    kind = ContentType.objects.get_for_model(Course).pk
    for statement, values in (
        (_ORDERS, [course_id]),
        (_RECORDS, []),
        (_LINES, [kind, course_id]),
        (_PAYMENTS, []),
        (_ENROLMENTS, []),
        (_ENTRIES, []),
    ):
        desk.execute(statement, values)


# The record's number names its order.
_ORDERS = """
    INSERT INTO api_order (payment_type, order_number, account_id, actual_amount, status, date,
        pay_time, subtotal, course_discount, global_discount, refunded, expires_at, settlement,
        version, quote)
    SELECT 1, number, account_id, 59, 0, get_time, get_time, 99, 0, 40, 0, get_time,
        number, 'v', jsonb_build_object(
            'taken', '2026-01-01', 'total', '59.00', 'global_coupon', id,
            'course_list', jsonb_build_array(jsonb_build_object('course_id', %s::int, 'coupons',
                jsonb_build_array())),
            'global_coupons', jsonb_build_array(
                jsonb_build_object('id', id, 'at_work', true, 'last_day', NULL)))
    FROM api_couponrecord WHERE status = 1
"""
_RECORDS = """
    UPDATE api_couponrecord r SET order_id = o.id FROM api_order o WHERE o.order_number = r.number
"""
_LINES = """
    INSERT INTO api_orderdetail (order_id, content_type_id, object_id, original_price, price,
        valid_period_display, valid_period, policy_id, discount, share, refunded)
    SELECT id, %s, %s, 99, 59, '1个月', 30, 1, 0, 40, 0 FROM api_order
"""
_PAYMENTS = """
    INSERT INTO api_payment (order_id, channel, out_trade_no, amount, status, created, paid_at,
        way, pay_url, note)
    SELECT id, 'alipay', order_number, 59, 1, date, date, 'page', '', '' FROM api_order
"""
_ENROLMENTS = """
    INSERT INTO api_enrolledcourse (account_id, course_id, enrolled_date, valid_begin_date,
        valid_end_date, status, order_detail_id)
    SELECT o.account_id, d.object_id, o.date, o.date, o.date + interval '30 days', 0, d.id
    FROM api_orderdetail d JOIN api_order o ON o.id = d.order_id
"""
_ENTRIES = """
    INSERT INTO api_ledgerentry (posting, line, event, account, amount, at, order_id, payment_id,
        record, coupon)
    SELECT 'paid:' || o.id, e.line, 'paid', e.account, e.amount, o.pay_time, o.id, p.id,
        CASE WHEN e.account = 'coupons' THEN r.id END,
        CASE WHEN e.account = 'coupons' THEN r.coupon_id END
    FROM api_order o
    JOIN api_payment p ON p.order_id = o.id
    JOIN api_couponrecord r ON r.order_id = o.id
    CROSS JOIN (VALUES (1, 'learner', -99), (2, 'coupons', 40), (3, 'alipay', 59))
        AS e(line, account, amount)
"""
