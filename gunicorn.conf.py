"""gunicorn's configuration; `gunicorn luffy.wsgi` finds this file by itself."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from utils.environment import MOST_PROCESSES, MOST_THREADS, address, number
from utils.logs import PASSED_ON, SILENT, form_of, level_of, to_console

try:
    bind = address("BIND", "PORT", 8000)
    workers = number("WEB_CONCURRENCY", 2, at_least=1, at_most=MOST_PROCESSES)
    threads = number("WEB_THREADS", 4, at_least=1, at_most=MOST_THREADS)
    level = level_of(os.environ.get("LOG_LEVEL", ""))
    form = form_of(os.environ.get("LOG_FORMAT", ""), default="json")
except ImproperlyConfigured as error:
    sys.exit(f"ImproperlyConfigured: {error}")  # the sentence, and no traceback
worker_class = "luffy.serving.worker.Worker"
worker_connections = 2_000  # of each worker; one that stalls is closed after 30 seconds
timeout = 30  # seconds without a sign of life of a worker's loop, which no answer holds up
graceful_timeout = 30  # seconds that a worker has for what it has begun
control_socket_disable = True  # the image's user has no home to put it in

# Of each request utils/request_log.py has a line.
logconfig_dict = to_console(
    level,
    form,
    {
        "gunicorn.error": PASSED_ON,
        "gunicorn.access": SILENT,
        # It warns of each request that waits for a thread.
        "waitress.queue": {"level": "ERROR"},
    },
)


def on_starting(server: Any) -> None:
    """Says what is wrong with Django's settings before workers would fail for it, each with a
    traceback. A child reads them: workers that are started anew later shall read new ones."""
    child = os.fork()
    if not child:
        try:
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "luffy.settings")
            settings.configured or settings.DEBUG  # noqa: B018  reads them
        except ImproperlyConfigured as error:
            os.write(sys.stderr.fileno(), f"ImproperlyConfigured: {error}\n".encode())
            os._exit(1)
        finally:
            os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(1)
