"""`manage.py close_orders`."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from api.models import Order
from tests.support.factories import OrderFactory

pytestmark = pytest.mark.django_db


def test_it_closes_what_is_out_of_time_once(capsys):
    now = timezone.now()
    late = OrderFactory(expires_at=now - timedelta(seconds=1))
    OrderFactory(expires_at=now + timedelta(minutes=1))
    Order.objects.filter(pk=late.pk).update(quote=late.quote | {"taken": "2026-01-01"})

    call_command("close_orders")
    call_command("close_orders")

    said = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in said] == ["1 orders closed", "0 orders closed"]
    assert list(Order.objects.order_by("pk").values_list("status", flat=True)) == [5, 1]
