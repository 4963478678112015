"""A consumer of the shop's webhooks: it checks the signature, takes each event once, and answers
before it does anything slow.

    pip install standardwebhooks==1.1.0
    WEBHOOK_SECRET=whsec_… python webhook_consumer.py 9000
"""

import json
import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

MOST_BYTES = 1_000_000


class Inbox:
    """What arrived, by its id: the same event again is found here, and not taken again."""

    def __init__(self, path: str) -> None:
        self._path = path
        with self._open() as database:
            database.execute("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, body TEXT)")

    def take(self, event_id: str, body: str) -> bool:
        """Keeps it; False where it was kept before. Do your own work in this transaction, or read
        the table from a worker: what is not committed is sent again."""
        with self._open() as database:
            kept = database.execute("INSERT OR IGNORE INTO inbox VALUES (?, ?)", (event_id, body))
            return kept.rowcount == 1

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=5)


def receive(secret: str, inbox: Inbox, headers: dict[str, str], body: bytes) -> int:
    """What became of a request, as the HTTP status of the answer."""
    try:
        # The signature is over the bytes as they came, with the id and the time; not older than
        # five minutes. Never parse before it is right.
        event: dict[str, Any] = Webhook(secret).verify(body, headers)
    except (WebhookVerificationError, ValueError):
        return 401
    event_id = {name.lower(): value for name, value in headers.items()}["webhook-id"]
    if inbox.take(event_id, json.dumps(event)):
        print(event_id, event["type"], event["data"], flush=True)  # noqa: T201  # your own work
    return 204  # also for what came before: it was taken


def served(port: int, secret: str, inbox: Inbox) -> ThreadingHTTPServer:
    """A server, to be started with `serve_forever`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > MOST_BYTES:
                self.send_error(413)
                return
            body = self.rfile.read(length)
            self.send_response(receive(secret, inbox, dict(self.headers), body))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    served(int(sys.argv[1]), os.environ["WEBHOOK_SECRET"], Inbox("inbox.sqlite3")).serve_forever()
