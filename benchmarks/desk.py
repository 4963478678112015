"""What the desk's benchmarks need: many accounts, coupons and records; a superuser's session."""

from typing import Any

import psycopg
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from api.models import Coupon
from benchmarks.place import PlaceError

DAYS = 90  # over which the records were received


def chief() -> Client:
    user, _ = User.objects.get_or_create(username="chief", is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(user)
    return browser


def make_accounts(number: int) -> None:
    execute(
        "INSERT INTO api_account (username, password) "
        "SELECT 'customer' || n, '!' FROM generate_series(1, %s) n ON CONFLICT DO NOTHING",
        [number],
    )


def make_coupon(quantity: int, **fields: object) -> Coupon:
    values = {
        "name": "双十二",
        "money_equivalent_value": 40,
        "quantity": quantity,
        "open_date": "2026-01-01",
        "close_date": "2099-12-31",
        "valid_begin_date": "2026-01-01",
        "valid_end_date": "2099-12-31",
    }
    return Coupon.objects.create(**(values | fields))


def make_records(number: int, coupons: list[Coupon]) -> None:
    """Of these coupons in turn, to the accounts in turn: one in ten used, one in fifty expired.
    Counted as issued, and each with its events, as the service does it."""
    execute(
        """
        INSERT INTO api_couponrecord (coupon_id, account_id, number, status, get_time, used_time)
        SELECT (%s::bigint[])[1 + n %% %s], ids.one[1 + n %% array_length(ids.one, 1)],
               upper(substr(md5(n::text), 1, 16)),
               CASE WHEN n %% 10 = 0 THEN 1 WHEN n %% 50 = 1 THEN 2 ELSE 0 END,
               now() - n * (interval '1 day' * %s / %s),
               CASE WHEN n %% 10 = 0 THEN now() END
        FROM generate_series(1, %s) n, (SELECT array_agg(id) AS one FROM api_account) ids
        """,
        [[coupon.pk for coupon in coupons], len(coupons), DAYS, number, number],
    )
    execute(
        """
        INSERT INTO api_couponrecordevent (record_id, from_status, to_status, at, reason)
        SELECT r.id, e.was, e.reached, r.get_time, '' FROM api_couponrecord r
        JOIN (VALUES (0, NULL, 0, 0), (1, 0, 4, 1), (1, 4, 1, 2), (2, 0, 2, 1))
             AS e(of, was, reached, at)
          ON e.of = 0 OR e.of = r.status
        ORDER BY r.id, e.at
        """,
        [],
    )
    execute(
        """
        UPDATE api_coupon c SET issued = r.number
        FROM (SELECT coupon_id, count(*) AS number FROM api_couponrecord GROUP BY 1) r
        WHERE r.coupon_id = c.id
        """,
        [],
    )


def execute(statement: str, values: list[Any]) -> None:
    """Runs a long statement without the service's time limits, and does at once what autovacuum
    would do beside the measurement."""
    if connection.vendor != "postgresql":
        raise PlaceError("the desk's benchmarks need a PostgreSQL: set BENCH_DATABASE_URL")
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as server:
        server.execute("SET statement_timeout = 0")
        server.execute(statement, values)
        server.execute("VACUUM ANALYZE")
