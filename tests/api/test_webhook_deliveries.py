"""Events are delivered at least once, one order's in order, signed, and tried again."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from api.models import Order, ShopEvent, WebhookDelivery, WebhookEndpoint
from api.rules.webhooks import BACKOFF
from api.services import jobs
from api.services.events import delivering, endpoints, forgetting, messages
from tests.support import orders
from tests.support.consumers import Consumer, all_due, consumer, endpoint
from tests.support.tasks import tasks

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
Status = WebhookDelivery.Status


@pytest.fixture(autouse=True)
def this_machine(settings: Any) -> None:
    settings.WEBHOOK_LOOPBACK = True
    settings.WEBHOOK_TIMEOUT = 1


@pytest.fixture
def listening() -> Iterator[Consumer]:
    with consumer() as (one, _):
        yield one


def waiting() -> list[tuple[str, int, int]]:
    rows = WebhookDelivery.objects.order_by("event")
    return list(rows.values_list("kind", "status", "attempts"))


def paid() -> Order:
    order = orders.order()
    orders.pay(order)
    return order


# --- What arrives ---------------------------------------------------------------------------------


def test_what_arrives_is_signed_and_says_what_happened(listening: Consumer) -> None:
    order = orders.order()
    assert delivering.deliver() == 1
    [received] = listening.received
    event = ShopEvent.objects.get()
    assert received.event == {
        "type": "order.placed",
        "timestamp": event.at.astimezone(UTC).isoformat(),
        "data": {
            "order_number": order.order_number,
            "account": order.account_id,
            "actual_amount": "99.00",
            "courses": [order.details.get().object_id],
        },
    }
    assert received.id == f"evt_{event.pk}"
    assert received.headers["content-type"] == "application/json"
    assert re.fullmatch(r"127\.0\.0\.1:\d+", received.headers["host"])
    assert abs(int(received.headers["webhook-timestamp"]) - time.time()) < 5
    assert waiting() == [("order.placed", Status.DELIVERED, 1)]


def test_a_signature_of_another_secret_is_not_this_ones(listening: Consumer) -> None:
    orders.order()
    delivering.deliver()
    [received] = listening.received
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoints.new_secret()).verify(received.body, received.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(listening.secret).verify(received.body + b" ", received.headers)


def test_only_what_is_wanted_is_delivered_and_only_from_now_on() -> None:
    with (
        consumer(kinds=["order.paid"]) as (one, _),
        consumer(created=timezone.now() + timedelta(hours=1)) as (later_one, _),
    ):
        paid()
        delivering.deliver()
        assert (one.kinds, later_one.kinds) == (["order.paid"], [])


def test_an_event_is_delivered_once_to_each(listening: Consumer) -> None:
    with consumer() as (other, _):
        paid()
        assert delivering.deliver() == 4
        assert delivering.deliver() == 0
        assert listening.ids == other.ids
        assert listening.kinds == ["order.placed", "order.paid"]


def test_while_a_secret_is_rotated_both_sign(listening: Consumer) -> None:
    now, one = timezone.now(), WebhookEndpoint.objects.get()
    old = one.secret
    endpoints.rotate(one, now=now)
    message = messages.of_test("1", now=now)
    for at, signs in ((now, True), (now + timedelta(hours=24), False)):
        headers = messages.headers(message, one, now=at)
        signatures = headers["webhook-signature"].split()
        assert Webhook(one.secret).sign(message.id, at.astimezone(UTC), message.body) in signatures
        assert (
            Webhook(old).sign(message.id, at.astimezone(UTC), message.body) in signatures
        ) is signs
    assert one.secret != old


def test_the_shops_own_time_zone_does_not_reach_the_signature(listening: Consumer) -> None:
    one, now = WebhookEndpoint.objects.get(), timezone.localtime()
    message = messages.of_test("1", now=now)
    headers = messages.headers(message, one, now=now)
    assert Webhook(one.secret).verify(message.body, headers)["type"] == "webhook.test"


# --- What does not --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (500, 500, "应答500：not now"),
        (404, 404, "应答404"),
        (302, 302, "应答302：不跟随重定向"),
        ("silent", None, "应答超时"),
        ("drip", None, "应答超时"),
        ("cut", None, "连接中断或应答无法读取"),
    ],
)
def test_what_does_not_arrive_is_tried_again(
    listening: Consumer, answer: Any, status: int | None, error: str
) -> None:
    listening.answers, listening.location = [answer], listening.url
    orders.order()
    begun = time.monotonic()
    assert delivering.deliver() == 0
    assert time.monotonic() - begun < 2.5
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.attempts) == (Status.WAITING, 1)
    assert delivery.last_status == status
    assert delivery.last_error.startswith(error)
    assert len(delivery.last_error) <= 200
    pause = (delivery.next_at - timezone.now()).total_seconds()
    assert 3 < pause < 6
    assert tasks()[-1] == ("webhooks.deliver", [], "READY")
    assert len(listening.received) == 1  # nothing more, to nowhere else
    assert delivering.deliver() == 0  # not before its time
    all_due()
    assert delivering.deliver() == 1
    assert listening.ids == [listening.ids[0]] * 2
    assert listening.received[0].body == listening.received[1].body


def test_an_endpoint_that_is_not_there_is_let_rest_and_holds_up_nobody(settings: Any) -> None:
    gone = endpoint(url="http://127.0.0.1:1/")
    with consumer() as (one, _):
        orders.order(), orders.order()
        assert delivering.deliver() == 2
        assert len(one.received) == 2
    tried = WebhookDelivery.objects.filter(endpoint=gone, attempts=1)
    assert tried.count() == 1  # the other waits for the next run
    assert tried.get().last_error == "无法连接"
    gone.refresh_from_db()
    assert gone.rests_until is not None
    before = gone.rests_until
    all_due()
    delivering.deliver()
    gone.refresh_from_db()
    assert gone.rests_until - before > timedelta(seconds=50)


def test_after_the_last_attempt_it_is_a_dead_letter_and_is_sent_when_it_is_asked_for(
    listening: Consumer,
) -> None:
    listening.answers = [500] * (len(BACKOFF) + 1)
    orders.order()
    pauses = []
    for _ in range(len(BACKOFF)):
        delivering.deliver()
        pauses.append(WebhookDelivery.objects.get().next_at - timezone.now())
        all_due()
    assert [round(pause / one, 1) for pause, one in zip(pauses, BACKOFF, strict=True)] == [
        pytest.approx(1.0, abs=0.25)
    ] * len(BACKOFF)
    assert WebhookDelivery.objects.get().status == Status.WAITING
    delivering.deliver()
    dead = WebhookDelivery.objects.get()
    assert (dead.status, dead.attempts, dead.last_status) == (Status.DEAD, 8, 500)
    all_due()
    assert delivering.deliver() == 0
    assert endpoints.redeliver([dead.pk], now=timezone.now()) == 1
    assert delivering.deliver() == 1
    assert len(set(listening.ids)) == 1


def test_all_dead_letters_of_an_endpoint_are_sent_again_and_no_others(listening: Consumer) -> None:
    with consumer() as (_, other):
        for _ in range(3):
            orders.order()
        delivering.deliver()
        mine = WebhookDelivery.objects.exclude(endpoint=other)
        dead = mine.order_by("pk").values_list("pk", flat=True)[:2]
        WebhookDelivery.objects.filter(pk__in=list(dead)).update(status=Status.DEAD)
        other.deliveries.update(status=Status.DEAD)
        one = WebhookEndpoint.objects.exclude(pk=other.pk).get()
        assert endpoints.redeliver_dead(one, now=timezone.now()) == 2
        assert delivering.deliver() == 2
        assert other.deliveries.filter(status=Status.DEAD).count() == 3


def test_what_waits_is_not_begun_anew(listening: Consumer) -> None:
    listening.answers = [500]
    orders.order()
    delivering.deliver()
    delivery = WebhookDelivery.objects.get()
    assert endpoints.redeliver([delivery.pk], now=timezone.now()) == 0
    assert waiting() == [("order.placed", Status.WAITING, 1)]


def test_what_a_silent_endpoint_left_waiting_for_days_dies_without_attempts_of_its_own() -> None:
    one = endpoint(url="http://127.0.0.1:1/")
    orders.order(), orders.order(), orders.order()
    delivering.fan_out(now=timezone.now())
    old = [each.pk for each in WebhookDelivery.objects.order_by("pk")[:2]]
    WebhookDelivery.objects.filter(pk__in=old).update(
        since=timezone.now() - delivering.PATIENCE - timedelta(seconds=1)
    )
    delivering.deliver()
    dead = WebhookDelivery.objects.filter(status=Status.DEAD).get()
    assert (dead.pk, dead.attempts, dead.last_error) == (old[1], 0, "端点长时间没有应答")
    assert one.deliveries.filter(status=Status.WAITING).count() == 2


# --- Order ----------------------------------------------------------------------------------------


def test_a_later_event_of_an_order_waits_for_the_earlier_one(listening: Consumer) -> None:
    listening.answers = [500]
    paid()
    orders.order()
    assert delivering.deliver() == 1  # the other order's
    assert waiting() == [
        ("order.placed", Status.WAITING, 1),
        ("order.paid", Status.WAITING, 0),
        ("order.placed", Status.DELIVERED, 1),
    ]
    all_due()
    delivering.deliver()
    first = Order.objects.order_by("pk")[0].order_number
    told = [one.event for one in listening.received]
    assert [one["type"] for one in told if one["data"]["order_number"] == first] == [
        "order.placed",
        "order.placed",
        "order.paid",
    ]


def test_it_goes_on_once_the_earlier_one_is_dead(listening: Consumer) -> None:
    listening.answers = [500]
    paid()
    delivering.deliver()
    WebhookDelivery.objects.filter(kind="order.placed").update(status=Status.DEAD)
    assert delivering.deliver() == 1
    assert listening.kinds == ["order.placed", "order.paid"]


def test_it_does_not_wait_for_another_endpoint(listening: Consumer) -> None:
    endpoint(url="http://127.0.0.1:1/")
    paid()
    assert delivering.deliver() == 2


def test_one_that_is_being_sent_holds_back_the_next_of_its_order(listening: Consumer) -> None:
    paid()
    now = timezone.now()
    delivering.fan_out(now=now)
    one = WebhookEndpoint.objects.get()
    [first] = delivering._due(one, now)
    assert delivering._claim(first, now)
    assert list(delivering._due(one, now)) == []


# --- Claims ---------------------------------------------------------------------------------------


def test_of_two_workers_one_claims_a_delivery(listening: Consumer) -> None:
    orders.order()
    now = timezone.now()
    delivering.fan_out(now=now)
    one = WebhookEndpoint.objects.get()
    [mine], [theirs] = delivering._due(one, now), delivering._due(one, now)
    assert delivering._claim(mine, now)
    assert not delivering._claim(theirs, now)


def test_a_worker_that_died_after_sending_sends_it_again(
    listening: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders.order()
    send = delivering.send

    def killed(*args: Any, **kwargs: Any) -> Any:
        send(*args, **kwargs)
        raise SystemExit

    monkeypatch.setattr(delivering, "send", killed)
    with pytest.raises(SystemExit):
        delivering.deliver()
    monkeypatch.undo()
    assert delivering.deliver() == 0  # it may be under way
    all_due()
    assert delivering.deliver() == 1
    assert len(listening.received) == 2
    assert len(set(listening.ids)) == 1


def test_a_failure_that_comes_after_another_workers_claim_changes_nothing(
    listening: Consumer,
) -> None:
    orders.order()
    now = timezone.now()
    delivering.fan_out(now=now)
    [slow] = delivering._due(WebhookEndpoint.objects.get(), now)
    delivering._claim(slow, now)
    WebhookDelivery.objects.update(attempts=2)
    delivering._note_failure(slow, 500, "", now)
    assert WebhookDelivery.objects.get().last_status is None


def test_an_endpoint_that_was_switched_off_meanwhile_gets_nothing(listening: Consumer) -> None:
    orders.order()
    now = timezone.now()
    delivering.fan_out(now=now)
    one = WebhookEndpoint.objects.get()
    [due] = delivering._due(one, now)
    WebhookEndpoint.objects.update(enabled=False)
    assert not delivering._claim(due, now)
    assert delivering.deliver() == 0
    orders.order()
    WebhookEndpoint.objects.update(enabled=True)
    assert delivering.deliver() == 2  # the new event was not fanned out while it was off
    assert len(listening.received) == 2


def test_what_happens_while_an_endpoint_is_off_is_not_told_later(listening: Consumer) -> None:
    WebhookEndpoint.objects.update(enabled=False)
    orders.order()
    delivering.deliver()
    WebhookEndpoint.objects.update(enabled=True)
    assert delivering.deliver() == 0
    assert not ShopEvent.objects.filter(pending=True).exists()


def test_an_endpoint_that_is_gone_is_switched_off_with_a_note(listening: Consumer) -> None:
    listening.answers = [410]
    orders.order(), orders.order()
    assert delivering.deliver() == 0
    one = WebhookEndpoint.objects.get()
    assert not one.enabled
    assert "410" in one.note
    assert len(listening.received) == 1
    assert not WebhookDelivery.objects.exclude(status=Status.WAITING).exists()


def test_nothing_is_sent_inside_a_transaction(
    listening: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders.order()
    inside = len(connection.savepoint_ids)
    send = delivering.send

    def looking(*args: Any, **kwargs: Any) -> Any:
        assert len(connection.savepoint_ids) == inside
        return send(*args, **kwargs)

    monkeypatch.setattr(delivering, "send", looking)
    assert delivering.deliver() == 1


# --- Clearing up ----------------------------------------------------------------------------------


def test_what_was_delivered_long_ago_is_forgotten_and_nothing_else(
    listening: Consumer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "BATCH", 1)
    for _ in range(4):
        orders.order()
    for _ in range(3):
        ShopEvent.objects.create(kind="coupon.claimed", at=timezone.now(), data={})
    delivering.deliver()
    now = timezone.now()
    kept = timedelta(days=settings.WEBHOOK_KEPT_DAYS)
    deliveries = list(WebhookDelivery.objects.order_by("pk"))
    for one, status, delivered_at in (
        (deliveries[0], Status.DELIVERED, now - kept),
        (deliveries[1], Status.DEAD, None),
        (deliveries[2], Status.WAITING, None),
        (deliveries[3], Status.DELIVERED, now - kept - timedelta(seconds=1)),
        (deliveries[4], Status.DELIVERED, now - kept - timedelta(seconds=1)),
        (deliveries[5], Status.DEAD, None),
        (deliveries[6], Status.DELIVERED, now - kept - timedelta(seconds=1)),
    ):
        WebhookDelivery.objects.filter(pk=one.pk).update(status=status, delivered_at=delivered_at)
    long_ago = [one.event_id for one in deliveries[:6]]
    ShopEvent.objects.filter(pk__in=long_ago).update(at=now - kept - timedelta(seconds=1))
    ShopEvent.objects.create(kind="coupon.used", at=now - 2 * kept, data={})  # not told yet
    assert forgetting.forget_old(now=now) == 4
    left = WebhookDelivery.objects.order_by("pk").values_list("pk", flat=True)
    assert list(left) == [one.pk for one in (*deliveries[:3], deliveries[5])]
    assert ShopEvent.objects.filter(kind="order.placed").count() == 4  # an order's story
    assert ShopEvent.objects.filter(kind="coupon.claimed").count() == 2
    assert ShopEvent.objects.filter(kind="coupon.used").count() == 1


def test_the_periodic_job_delivers_what_no_task_did(listening: Consumer) -> None:
    orders.order()
    ran = {one.name: one.number for one in jobs.run(now=timezone.now())}
    assert ran["deliver events"] == 1
    assert listening.kinds == ["order.placed"]


def test_many_events_are_fanned_out_in_batches(
    listening: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "BATCH", 2)
    monkeypatch.setattr(delivering, "AT_A_TIME", 2)
    for _ in range(5):
        orders.order()
    assert delivering.deliver() == 5
    assert delivering.fan_out(now=timezone.now()) == 0
