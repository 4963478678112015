"""Counters and histograms, as the settings have them kept."""

import os
from collections.abc import Iterable, Sequence

import prometheus_client
from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Histogram, values

from utils.metrics.slots import Slots

OWN = CollectorRegistry()  # of this process: which numbers there are

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
if settings.METRICS_DIR:
    # prometheus_client has no other way to be told, neither where nor under which names.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.METRICS_DIR)
    values.ValueClass = values.MultiProcessValue(Slots(settings.METRICS_DIR).own)  # type: ignore[no-untyped-call]  # nor has it


_known: list[tuple[Counter, tuple[str, ...]]] = []


def counter(
    name: str, what: str, labels: Sequence[str], known: Iterable[tuple[str, ...]] = ()
) -> Counter:
    """A number that only grows. Its labels must have few values, whatever clients send; those that
    are `known` begin at zero, so that Prometheus sees the first of them as growth."""
    made = Counter(name, what, labels, registry=OWN)
    for values_of_labels in known:
        expect(made, *values_of_labels)
    return made


def expect(number: Counter, *labels: str) -> None:
    """Such a number is known from now on."""
    _known.append((number, labels))


def begin_at_zero() -> None:
    """Shows the numbers that are known before anything is counted."""
    for number, labels in _known:
        number.labels(*labels)


def histogram(name: str, what: str, labels: Sequence[str], buckets: Sequence[float]) -> Histogram:
    """How many there were, how much they came to, and how many were at most each of `buckets`."""
    return Histogram(name, what, labels, registry=OWN, buckets=buckets)
