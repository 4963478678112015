"""Delivering events: at least once, one order's in order, each attempt by one worker (contract
§10). Nothing here asks the network inside a transaction.

A worker claims a delivery by a conditional UPDATE that counts the attempt and puts the next one off
for longer than this one can take. Killed between sending and writing down, it leaves a delivery
that is sent again then.
"""

import logging
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from api.models import ShopEvent, WebhookDelivery, WebhookEndpoint
from api.rules.webhooks import pause_after
from api.services.events import messages
from api.services.events.messages import Message
from api.services.later import later
from utils import outgoing
from utils.outgoing import Answer, Forbidden, NoAnswer, Reach

logger = logging.getLogger(__name__)

Status = WebhookDelivery.Status
BATCH = 500  # events of one transaction
AT_A_TIME = 50  # deliveries of one look
TURN = 50  # seconds that a run gives one endpoint
MARGIN = timedelta(seconds=60)  # of a claim, beyond what an attempt may take
REST, LONG_REST = timedelta(seconds=5), timedelta(seconds=60)
PATIENCE = timedelta(days=2)  # with an endpoint that gives no answer at all
SOON = timedelta(minutes=1)  # within which a task tries again; beyond it, the periodic job does
GONE = 410


def deliver(*, clock: Callable[[], datetime] = timezone.now) -> int:
    """Delivers what is due, to every endpoint; says how many arrived. Safe to run twice, and at
    once. An endpoint that gives no answer is let rest, so that it holds up nobody else."""
    fan_out(now=clock())
    enabled = WebhookEndpoint.objects.filter(enabled=True)
    rested = enabled.filter(Q(rests_until=None) | Q(rests_until__lte=clock()))
    return sum(_deliver_to(endpoint, clock) for endpoint in rested.order_by("pk"))


def fan_out(*, now: datetime) -> int:
    """Makes the deliveries of new events, for the endpoints that are there and switched on; says
    how many. Two that do so at once do it one after the other, so that no event of an order has a
    delivery before an earlier one has."""
    made = 0
    while True:
        with transaction.atomic():
            pending = ShopEvent.objects.filter(pending=True).order_by("pk")
            events = list(pending.select_for_update(no_key=True)[:BATCH])
            endpoints = list(WebhookEndpoint.objects.filter(enabled=True)) if events else []
            deliveries = [
                WebhookDelivery(
                    endpoint=endpoint,
                    event=event,
                    kind=event.kind,
                    order_id=event.order_id,
                    since=now,
                    next_at=now,
                )
                for event in events
                for endpoint in endpoints
                if endpoint.wants(event.kind) and endpoint.created <= event.at
            ]
            WebhookDelivery.objects.bulk_create(deliveries, batch_size=BATCH)
            done = [event.pk for event in events]
            ShopEvent.objects.filter(pk__in=done).update(pending=False)
        made += len(deliveries)
        if len(events) < BATCH:
            return made


def send(message: Message, endpoint: WebhookEndpoint, *, now: datetime) -> Answer:
    """Sends it once, signed. Raises Forbidden or NoAnswer. Outside any transaction."""
    return outgoing.post(
        endpoint.url,
        message.body.encode(),
        messages.headers(message, endpoint, now=now),
        timeout=settings.WEBHOOK_TIMEOUT,
        reach=reach(),
    )


def reach() -> Reach:
    """What endpoints may be."""
    hosts = {host.lower().strip("[]") for host in settings.WEBHOOK_ALLOWED_HOSTS}
    return Reach(hosts, settings.WEBHOOK_LOOPBACK)


def arrived(answer: Answer) -> bool:
    """Whether the endpoint has taken it. A redirect is not followed, and is none."""
    return 200 <= answer.status < 300


def _deliver_to(endpoint: WebhookEndpoint, clock: Callable[[], datetime]) -> int:
    number, ends = 0, time.monotonic() + TURN
    while due := list(_due(endpoint, clock())[:AT_A_TIME]):
        for delivery in due:
            if time.monotonic() > ends:
                return number
            if not _claim(delivery, clock()):
                continue
            done = _attempt(delivery, endpoint, clock)
            if done is None:
                return number
            number += done
    return number


def _due(endpoint: WebhookEndpoint, now: datetime) -> QuerySet[WebhookDelivery]:
    """Those that may be sent: of one order only the first that still waits."""
    waiting = WebhookDelivery.objects.filter(endpoint=endpoint, status=Status.WAITING)
    earlier = waiting.filter(order=OuterRef("order"), event__lt=OuterRef("event"))
    due = waiting.filter(~Exists(earlier), next_at__lte=now)
    return due.select_related("event").order_by("next_at", "pk")


def _claim(delivery: WebhookDelivery, now: datetime) -> bool:
    """Whether this worker sends it now."""
    as_seen = WebhookDelivery.objects.filter(
        Exists(WebhookEndpoint.objects.filter(pk=OuterRef("endpoint"), enabled=True)),
        pk=delivery.pk,
        status=Status.WAITING,
        attempts=delivery.attempts,
        next_at=delivery.next_at,
    )
    until = now + timedelta(seconds=settings.WEBHOOK_TIMEOUT) + MARGIN
    delivery.attempts += 1
    return bool(as_seen.update(attempts=delivery.attempts, next_at=until))


def _attempt(
    delivery: WebhookDelivery, endpoint: WebhookEndpoint, clock: Callable[[], datetime]
) -> bool | None:
    """Whether it arrived; None where the endpoint is to be left alone for now."""
    try:
        answer = send(messages.of_event(delivery.event), endpoint, now=clock())
    except (Forbidden, NoAnswer) as error:
        _note_failure(delivery, None, str(error), clock())
        _let_rest(endpoint, clock())
        return None
    if endpoint.rests_until is not None:
        endpoint.rests_until = None
        endpoint.save(update_fields=["rests_until"])
    if arrived(answer):
        _waiting(delivery).update(
            status=Status.DELIVERED,
            delivered_at=clock(),
            last_status=answer.status,
            last_error="",
        )
        return True
    _note_failure(delivery, answer.status, _words(answer), clock())
    if answer.status == GONE:
        _switch_off(endpoint, clock())
        return None
    return False


def _note_failure(delivery: WebhookDelivery, status: int | None, error: str, now: datetime) -> None:
    pause = pause_after(delivery.attempts, secrets.randbelow(1_000) / 1_000)
    outcome = {"next_at": now + pause} if pause else {"status": Status.DEAD}
    # Where another worker has claimed it since, because this one took too long, that one's counts.
    mine = _waiting(delivery).filter(attempts=delivery.attempts)
    noted = mine.update(last_status=status, last_error=error, **outcome)
    logger.warning(
        "event %s to endpoint %s, attempt %s: %s",
        delivery.event_id,
        delivery.endpoint_id,
        delivery.attempts,
        status or "no answer",
    )
    if noted and pause and pause <= SOON:
        later("webhooks.deliver", at=now + pause)


def _waiting(delivery: WebhookDelivery) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(pk=delivery.pk, status=Status.WAITING)


def _let_rest(endpoint: WebhookEndpoint, now: datetime) -> None:
    """Nothing more is sent to it for a moment, longer where it was silent before. What has waited
    for longer than PATIENCE becomes a dead letter without an attempt of its own."""
    rest = REST if endpoint.rests_until is None else LONG_REST
    endpoint.rests_until = now + rest
    endpoint.save(update_fields=["rests_until"])
    old = endpoint.deliveries.filter(
        status=Status.WAITING, since__lte=now - PATIENCE, next_at__lte=now
    )
    old.update(status=Status.DEAD, last_error="端点长时间没有应答")


def _switch_off(endpoint: WebhookEndpoint, now: datetime) -> None:
    day = timezone.localtime(now)
    note = f"{day:%Y-%m-%d %H:%M} 端点应答410（已不存在），自动停用"
    WebhookEndpoint.objects.filter(pk=endpoint.pk, enabled=True).update(enabled=False, note=note)
    logger.warning("endpoint %s answered 410: switched off", endpoint.pk)


def _words(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return f"应答{answer.status}：不跟随重定向"
    text = answer.body.decode("utf-8", "replace").replace("\0", "")
    shown = " ".join(text.split())[:100]
    return f"应答{answer.status}" + (f"：{shown}" if shown else "")
