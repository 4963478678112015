"""Sentry and OpenTelemetry, where they are switched on: what is sent to them is chosen here, field
by field, so that no version of their packages can send more.

Their packages are extras: nothing of them is imported where they are off.
"""

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from utils import scope
from utils.logs import escaped, without_tokens
from utils.metrics.requests import endpoint_of, method_of

_OF_AN_EVENT = (
    *("event_id", "timestamp", "level", "platform", "logger", "transaction", "release"),
    *("environment", "server_name", "sdk"),
)
_OF_A_FRAME = (
    *("filename", "abs_path", "function", "module", "lineno", "in_app"),
    *("pre_context", "context_line", "post_context"),
)


def start() -> None:
    """Begins to tell whoever is to be told."""
    if settings.SENTRY_DSN:
        _start_sentry()
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        _start_opentelemetry()


def _start_sentry() -> None:
    import sentry_sdk
    from sentry_sdk.integrations.django import DjangoIntegration

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        integrations=[DjangoIntegration(middleware_spans=False)],
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=as_sent,
    )


def as_sent(event: dict[str, Any], _: Any = None) -> dict[str, Any]:
    """What Sentry gets of an event: what crashed, where in the program, and in which request; of
    the error's text the first line, because a database says the values in those that follow."""
    sent = {name: event[name] for name in _OF_AN_EVENT if name in event}
    errors = event.get("exception", {}).get("values", [])
    if errors:
        sent["exception"] = {"values": [_error(error) for error in errors]}
    if entry := event.get("logentry"):
        sent["logentry"] = {"message": _line(entry.get("formatted") or entry.get("message"))}
    if request := event.get("request"):
        path = _line(urlsplit(request.get("url") or "").path)
        sent["request"] = {"method": request.get("method"), "url": path}
    if at_work := scope.current():
        sent["tags"] = {"request_id": at_work.request_id}
    return sent


def _error(error: dict[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames", [])
    kept = [{name: frame[name] for name in _OF_A_FRAME if name in frame} for frame in frames]
    return {
        "type": error.get("type"),
        "module": error.get("module"),
        "value": _line(error.get("value")),
        "stacktrace": {"frames": kept},
    }


def _line(text: str | None) -> str:
    first, _, _ = (text or "").partition("\n")
    return without_tokens(escaped(first))


def _start_opentelemetry() -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or "luffy"})
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


class SpanMiddleware:
    """A span of OpenTelemetry's for each request, which goes on with the trace of the client."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        from opentelemetry import propagate, trace

        self.get_response = get_response
        self._continued = propagate.extract
        self._tracer = trace.get_tracer("luffy")
        self._server = trace.SpanKind.SERVER
        self._failed = trace.Status(trace.StatusCode.ERROR)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        headers = {name: request.headers.get(name, "") for name in ("traceparent", "tracestate")}
        method = method_of(request)
        with self._tracer.start_as_current_span(
            method, context=self._continued(headers), kind=self._server
        ) as span:
            answer = self.get_response(request)
            endpoint = endpoint_of(request)
            span.update_name(f"{method} {endpoint}")
            span.set_attributes(_attributes(method, endpoint, answer.status_code))
            if answer.status_code >= 500:
                span.set_status(self._failed)
            return answer


def _attributes(method: str, endpoint: str, status: int) -> dict[str, str | int]:
    told: dict[str, str | int] = {
        "http.request.method": method,
        "http.route": endpoint,
        "http.response.status_code": status,
    }
    if at_work := scope.current():
        told["luffy.request_id"] = at_work.request_id
        told["luffy.sql_queries"] = at_work.sql
        told["luffy.redis_round_trips"] = at_work.redis
    return told
