"""An event as it is sent: Standard Webhooks' headers, signature and body (docs/webhooks.md)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from standardwebhooks.webhooks import Webhook

from api.models import ShopEvent, WebhookEndpoint

TEST = "webhook.test"


@dataclass(frozen=True, slots=True)
class Message:
    """`id` is the event's, however often it is sent, and to whomever."""

    id: str
    body: str


def of_event(event: ShopEvent) -> Message:
    """What is told of the event: the same bytes each time."""
    return Message(f"evt_{event.pk}", _body(event.kind, event.at, event.data))


def of_test(number: str, *, now: datetime) -> Message:
    """A message that tells nothing, to see whether it arrives."""
    return Message(f"test_{number}", _body(TEST, now, {}))


def headers(message: Message, endpoint: WebhookEndpoint, *, now: datetime) -> dict[str, str]:
    """Those that the message is sent with at `now`. While a secret is rotated there are two
    signatures, the new secret's first."""
    at = now.astimezone(UTC)  # the package would take another zone's clock for UTC's
    secrets = [endpoint.secret]
    if endpoint.old_secret and endpoint.old_secret_until and now < endpoint.old_secret_until:
        secrets.append(endpoint.old_secret)
    signatures = [Webhook(secret).sign(message.id, at, message.body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "luffy-webhooks/1",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _body(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    told = {"type": kind, "timestamp": at.astimezone(UTC).isoformat(), "data": data}
    return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
