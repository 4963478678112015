"""The consumer of the documentation, run as it stands there, on a real delivery."""

import sqlite3
import threading
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from api.models import WebhookDelivery, WebhookEndpoint
from api.services.events import delivering, endpoints
from tests.support import orders
from tests.support.consumers import all_due, endpoint

pytestmark = pytest.mark.django_db
EXAMPLE = Path(__file__).parents[2] / "docs/examples/webhook_consumer.py"


@pytest.fixture
def example() -> Any:
    spec = util.spec_from_file_location("webhook_consumer", EXAMPLE)
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def subscribed(example: Any, tmp_path: Path, settings: Any) -> Iterator[Path]:
    """Serves it; gives its inbox."""
    settings.WEBHOOK_LOOPBACK = True
    path, secret = tmp_path / "inbox.sqlite3", endpoints.new_secret()
    server = example.served(0, secret, example.Inbox(str(path)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    endpoint(url=f"http://127.0.0.1:{server.server_address[1]}/", secret=secret)
    yield path
    server.shutdown()
    server.server_close()


def inbox(path: Path) -> list[str]:
    with sqlite3.connect(path) as database:
        return [row[0] for row in database.execute("SELECT id FROM inbox ORDER BY rowid")]


def test_it_takes_each_event_once_however_often_it_comes(subscribed: Path) -> None:
    orders.pay(orders.order())
    assert delivering.deliver() == 2
    first = inbox(subscribed)
    assert len(first) == 2
    ids = list(WebhookDelivery.objects.values_list("pk", flat=True))
    endpoints.redeliver(ids, now=timezone.now())
    all_due()
    assert delivering.deliver() == 2
    assert inbox(subscribed) == first


def test_it_refuses_what_was_signed_with_another_secret(subscribed: Path) -> None:
    orders.order()
    WebhookEndpoint.objects.update(secret=endpoints.new_secret())
    assert delivering.deliver() == 0
    assert WebhookDelivery.objects.get().last_status == 401
    assert inbox(subscribed) == []
