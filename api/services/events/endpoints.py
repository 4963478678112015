"""The addresses that are told what happens: their secrets, and whether they are told anything."""

import base64
import secrets
from datetime import datetime, timedelta

from django.core.cache import caches

from api.models import WebhookDelivery, WebhookEndpoint
from api.services.later import later

ROTATION = timedelta(hours=24)  # that an old secret still signs beside the new one
_REMEMBERED = 10  # seconds
_LISTENING = "webhooks:listening"


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64, as Standard Webhooks has it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def anybody_listens() -> bool:
    """Whether an endpoint is switched on. Remembered for some seconds in each process, so that an
    order costs no query where nobody listens; whatever is missed, the periodic job delivers."""
    found = caches["process"].get(_LISTENING)
    if found is None:
        found = WebhookEndpoint.objects.filter(enabled=True).exists()
        caches["process"].set(_LISTENING, found, _REMEMBERED)
    return bool(found)


def forget_who_listens() -> None:
    """After an endpoint was added or switched on or off."""
    caches["process"].delete(_LISTENING)


def rotate(endpoint: WebhookEndpoint, *, now: datetime) -> None:
    """Gives it a new secret; the old one signs beside it for ROTATION."""
    endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, now + ROTATION
    endpoint.secret = new_secret()
    endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])


def redeliver(ids: list[int], *, now: datetime) -> int:
    """Delivers these again, whether they were delivered or are dead letters; says how many. What
    still waits is left alone."""
    done = WebhookDelivery.objects.filter(pk__in=ids).exclude(status=WebhookDelivery.Status.WAITING)
    return _again(done.update(**_anew(now)))


def redeliver_dead(endpoint: WebhookEndpoint, *, now: datetime) -> int:
    """Delivers all dead letters of the endpoint again; says how many."""
    dead = endpoint.deliveries.filter(status=WebhookDelivery.Status.DEAD)
    return _again(dead.update(**_anew(now)))


def _anew(now: datetime) -> dict[str, object]:
    return {
        "status": WebhookDelivery.Status.WAITING,
        "attempts": 0,
        "since": now,
        "next_at": now,
        "delivered_at": None,
    }


def _again(number: int) -> int:
    if number:
        later("webhooks.deliver")
    return number
