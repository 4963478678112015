"""How PostgreSQL finds what a job looks for, where there is far more that it does not look for."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.models import Payment
from api.services.refunds import sending
from tests.support.factories import OrderFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
MANY = 5_000


def plan_of(work: Callable[[], Any]) -> str:
    """What PostgreSQL would do for the first query of `work`, by the statistics of this moment."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        with CaptureQueriesContext(connection) as queries:
            work()
        cursor.execute(f"EXPLAIN {queries[0]['sql']}")
        return "\n".join(line for (line,) in cursor.fetchall())


def test_money_that_is_to_go_back_is_found_without_reading_all_payments() -> None:
    order, now = OrderFactory(), timezone.now()
    Payment.objects.bulk_create(
        Payment(
            order=order,
            channel="alipay",
            out_trade_no=f"closed-{number}",
            amount=99,
            status=Payment.Status.CLOSED,
            created=now,
        )
        for number in range(MANY)
    )
    plan = plan_of(lambda: sending.return_excess(now=now))
    assert "payment_excess" in plan
    assert "Seq Scan on api_payment" not in plan


@pytest.mark.django_db(transaction=True)
def test_its_index_is_built_while_others_write() -> None:
    said = StringIO()
    call_command("sqlmigrate", "api", "0024", stdout=said)
    assert 'CREATE INDEX CONCURRENTLY "payment_excess"' in said.getvalue()
