"""How a text of the environment is read, for whoever starts before Django does: gunicorn's own
configuration. Django's settings have more of it, in luffy/settings/environment.py."""

import os
import re

from django.core.exceptions import ImproperlyConfigured

LARGEST_PORT = 65_535
MOST_PROCESSES = MOST_THREADS = 1_000


def whole_number(name: str, text: str, *, at_least: int, at_most: int) -> int:
    """The number that the text of the variable `name` says. Raises ImproperlyConfigured, which does
    not repeat the text: it may be another variable's that got here by mistake."""
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,30}\s*", text):
        raise ImproperlyConfigured(f"{name} must be a whole number.")
    value = int(text)
    if value < at_least:
        raise ImproperlyConfigured(f"{name} must be at least {at_least}.")
    if value > at_most:
        raise ImproperlyConfigured(f"{name} must be at most {at_most}.")
    return value


def number(name: str, default: int, *, at_least: int, at_most: int) -> int:
    """The whole number in the environment variable `name`."""
    return whole_number(
        name, os.environ.get(name, str(default)), at_least=at_least, at_most=at_most
    )


def address(bind: str, port: str, default_port: int) -> list[str]:
    """Where to serve: what the environment variable `bind` says, or else the loopback, at the
    port of `port`. Raises ImproperlyConfigured for what cannot be one."""
    places = os.environ.get(bind, "").strip()
    if not places:
        own = number(port, default_port, at_least=1, at_most=LARGEST_PORT)
        return [f"127.0.0.1:{own}"]
    named = [place.strip() for place in places.split(",")]
    for place in named:
        found = re.fullmatch(r"unix:.+|fd://[0-9]+|(?:\[[0-9a-fA-F:.]+\]|[^\s:/]*):([0-9]+)", place)
        if not found or not (found[1] is None or 1 <= int(found[1][:9]) <= LARGEST_PORT):
            raise ImproperlyConfigured(
                f"{bind} must be as in 0.0.0.0:8000 or unix:/run/luffy.sock, "
                f"its port from 1 to {LARGEST_PORT}."
            )
    return named
