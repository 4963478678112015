"""`manage.py metrics`: shows an operator's Prometheus what the processes of this machine have
counted, and what waits in the tables.

A process and a port of its own, and no path of the web server: no proxy can show it to the world,
and where the web does not answer, this does.
"""

import threading
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone
from prometheus_client import CollectorRegistry, Metric, generate_latest, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.services import waiting
from utils.metrics import requests  # noqa: F401  its numbers begin at zero, too
from utils.metrics.values import begin_at_zero


class Tables(Collector):
    """Read by one asker at a time, each over a connection that is closed again: every answer has a
    thread of its own."""

    def __init__(self) -> None:
        self._one = threading.Lock()

    def describe(self) -> list[Metric]:
        return []  # or the registry would read the tables to know their names

    def collect(self) -> Iterator[Metric]:
        with self._one:
            try:
                yield from waiting.read(now=timezone.now())
            finally:
                connection.close()


class Command(BaseCommand):
    help = "Serves metrics for Prometheus at METRICS_BIND, until it is ended"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="print them, and end")

    def handle(self, *, once: bool, **options: Any) -> None:
        if not settings.METRICS_DIR:
            raise CommandError("METRICS_DIR is not set: nothing is counted.")
        begin_at_zero()
        registry = CollectorRegistry()
        MultiProcessCollector(registry, settings.METRICS_DIR)  # type: ignore[no-untyped-call]  # no types
        registry.register(Tables())
        if once:
            self.stdout.write(generate_latest(registry).decode(), ending="")
        else:
            self._serve(registry)

    def _serve(self, registry: CollectorRegistry) -> None:
        host, port = settings.METRICS_BIND
        try:
            _, serving = start_http_server(port, host, registry)
        except OSError as error:
            raise CommandError(f"METRICS_BIND: {host}:{port}: {error.strerror}.") from None
        self.stdout.write(f"Metrics at http://{host}:{port}/metrics")
        self.stdout.flush()
        serving.join()
