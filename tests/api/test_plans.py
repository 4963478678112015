"""How PostgreSQL finds what work in the background looks for, where there is far more that it does
not look for."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.models import Payment, ShopEvent
from api.services.archive import choosing
from api.services.refunds import sending
from tests.support.factories import OrderFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
MANY = 5_000


def plans_of(work: Callable[[], Any]) -> str:
    """What PostgreSQL would do for the queries of `work`, by the statistics of this moment."""
    lines: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        with CaptureQueriesContext(connection) as queries:
            work()
        for query in [one["sql"] for one in queries]:
            cursor.execute(f"EXPLAIN {query}")
            lines += [line for (line,) in cursor.fetchall()]
    return "\n".join(lines)


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
    plan = plans_of(lambda: sending.return_excess(now=now))
    assert "payment_excess" in plan
    assert "Seq Scan on api_payment" not in plan


@pytest.mark.django_db(transaction=True)
def test_its_index_is_built_while_others_write() -> None:
    said = StringIO()
    call_command("sqlmigrate", "api", "0024", stdout=said)
    assert 'CREATE INDEX CONCURRENTLY "payment_excess"' in said.getvalue()


def test_a_batch_of_the_archive_does_not_read_all_events() -> None:
    now, orders = timezone.now(), OrderFactory.create_batch(3, status=4, cancel_time=timezone.now())
    told = {"kind": "order.closed", "at": now - timedelta(days=40), "data": {}, "pending": False}
    mine = ShopEvent.objects.bulk_create(ShopEvent(order=order, **told) for order in orders)
    ShopEvent.objects.bulk_create(ShopEvent(**told | {"at": now}) for _ in range(MANY))
    before, ids = now - timedelta(days=30), [event.pk for event in mine]
    events = choosing.KINDS[0]

    assert choosing.going(events, ids, before) == ids
    plan = plans_of(lambda: choosing.going(events, ids, before))
    assert "on api_shopevent" in plan
    assert "Seq Scan on api_shopevent" not in plan
