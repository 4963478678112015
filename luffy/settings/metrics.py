"""Numbers for Prometheus: where the processes keep them, and where they are shown."""

import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from luffy.settings.environment import BASE_DIR, env
from utils.environment import LARGEST_PORT


def directory(text: str) -> Path | None:
    """The directory, which is made; None where nothing is said. Raises ImproperlyConfigured."""
    if not text.strip():
        return None
    path = BASE_DIR / text.strip()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = f"METRICS_DIR: {path} cannot be made: {error.strerror}."
        raise ImproperlyConfigured(why) from None
    return path


def place(text: str) -> tuple[str, int]:
    """A host's address and a port of it. Raises ImproperlyConfigured."""
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):([0-9]{1,5})", text.strip())
    if not found or not 1 <= int(found[2]) <= LARGEST_PORT:
        raise ImproperlyConfigured(
            f"METRICS_BIND must be as in 127.0.0.1:9464, its port from 1 to {LARGEST_PORT}."
        )
    return found[1].strip("[]"), int(found[2])


METRICS_DIR = directory(env.str("METRICS_DIR", default=""))
METRICS_BIND = place(env.str("METRICS_BIND", default="127.0.0.1:9464"))
