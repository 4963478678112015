"""Two people mark one order as paid at the same moment. On PostgreSQL: SQLite has one writer."""

import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client

from api.models import EnrolledCourse, Payment
from tests.admin.conftest import MakeStaff
from tests.support import orders
from tests.support.at_once import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_an_order_marked_as_paid_by_two_at_once_is_logged_once(
    staff: MakeStaff,
) -> None:
    order, met = orders.order(), threading.Barrier(2)
    people = [staff(name, None, superuser=True) for name in ("one", "other")]

    def mark(browser: Client) -> list[str]:
        body = {"note": "转账", "_form_submitted": "True"}
        met.wait(timeout=30)
        answer = browser.post(f"/admin/api/order/{order.pk}/mark_paid/", body)
        return [str(message) for message in get_messages(answer.wsgi_request)]

    said = at_once(*[lambda b=browser: mark(b) for browser in people])

    assert sorted(text[:5] for texts in said for text in texts) == ["已收款，订", "没有记录收"]
    assert LogEntry.objects.count() == 1
    assert Payment.objects.count() == EnrolledCourse.objects.count() == 1
