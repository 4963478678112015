"""What is told to Sentry and to an OpenTelemetry collector: by their usual variables."""

import re
from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured

from luffy.settings.environment import env
from luffy.settings.web import MIDDLEWARE


def needs(name: str, *modules: str) -> None:
    """Raises ImproperlyConfigured unless what the variable `name` switches on is installed."""
    try:
        there = all(find_spec(module) for module in modules)
    except ModuleNotFoundError:  # of a module in a package that is not there
        there = False
    if not there:
        raise ImproperlyConfigured(
            f"{name} is set, but what it needs is not installed: "
            "pip install --requirement requirements-extras.txt"
        )


SENTRY_DSN: str = env.str("SENTRY_DSN", default="").strip()
if SENTRY_DSN:
    if not re.fullmatch(r"https?://[^/@\s]+@[^/@\s]+/\S*[0-9]+", SENTRY_DSN):
        raise ImproperlyConfigured("SENTRY_DSN must be as in https://key@sentry.example.com/1.")
    needs("SENTRY_DSN", "sentry_sdk")

OTEL_EXPORTER_OTLP_ENDPOINT: str = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="").strip()
if OTEL_EXPORTER_OTLP_ENDPOINT:
    if not re.fullmatch(r"https?://[^/?#\s]+[^?#\s]*", OTEL_EXPORTER_OTLP_ENDPOINT):
        raise ImproperlyConfigured(
            "OTEL_EXPORTER_OTLP_ENDPOINT must be as in http://127.0.0.1:4318."
        )
    needs(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "opentelemetry.sdk.trace",
        "opentelemetry.exporter.otlp.proto.http",
    )
    # Inside the one that gives the request its id.
    MIDDLEWARE.insert(1, "utils.telemetry.SpanMiddleware")
