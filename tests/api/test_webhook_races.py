"""Several workers deliver at once."""

from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from api.models import ShopEvent, WebhookDelivery, WebhookEndpoint
from api.services.events import delivering
from tests.support import orders
from tests.support.at_once import at_once
from tests.support.consumers import consumer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def this_machine(settings: Any) -> None:
    settings.WEBHOOK_LOOPBACK = True


def test_several_workers_send_each_event_once_and_each_orders_in_order() -> None:
    with consumer() as (one, _):
        one.pause = 0.01
        for _ in range(8):
            orders.pay(orders.order())
        done = at_once(*[delivering.deliver] * 6)
        assert sum(done) == 16
        assert set(Counter(one.ids).values()) == {1}
        assert one.busy > 1
        told: dict[str, list[str]] = {}
        for received in one.received:
            number = received.event["data"]["order_number"]
            told.setdefault(number, []).append(received.event["type"])
        assert list(told.values()) == [["order.placed", "order.paid"]] * 8


def test_an_event_is_fanned_out_once_by_several_at_once() -> None:
    with consumer():
        for _ in range(20):
            orders.order()
        made = at_once(*[lambda: delivering.fan_out(now=timezone.now())] * 6)
        assert sum(made) == 20
        assert WebhookDelivery.objects.count() == 20
        assert not ShopEvent.objects.filter(pending=True).exists()


def test_of_claims_that_meet_one_succeeds() -> None:
    with consumer():
        orders.order()
        now = timezone.now()
        delivering.fan_out(now=now)
        endpoint = WebhookEndpoint.objects.get()
        seen = [delivering._due(endpoint, now).get() for _ in range(8)]
        claimed = at_once(*[lambda one=one: delivering._claim(one, now) for one in seen])
        assert Counter(claimed) == {True: 1, False: 7}
        assert list(WebhookDelivery.objects.values_list("attempts", flat=True)) == [1]
