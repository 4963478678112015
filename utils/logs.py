"""Logging to the console, with tokens hidden."""

import logging
import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_QUERY = re.compile(r"\?[^\s\"']+")  # the whole query: `token` can be percent-encoded
_TOKEN = re.compile(
    r"(token=)[^&\s\"']+"  # of a query, or where somebody meant one
    # of a header that gunicorn refuses
    r"|(authorization\W+(?:(?:token|bearer|jwt)\W+)?)[^\s\"']+",
    re.IGNORECASE,
)


class HideTokens(logging.Formatter):
    """Puts `…` in place of the token wherever a URL or its header is logged, in a traceback too
    (contract §2)."""

    def format(self, record: logging.LogRecord) -> str:
        return _TOKEN.sub(r"\1\2…", _QUERY.sub("?…", super().format(record)))


LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def level_of(text: str) -> str:
    """The level that LOG_LEVEL names; nothing said is INFO."""
    level = text.strip().upper() or "INFO"
    if level not in LEVELS:
        raise ImproperlyConfigured(f"LOG_LEVEL must be one of {', '.join(LEVELS)}.")
    return level


PASSED_ON: dict[str, Any] = {"handlers": [], "level": "NOTSET", "propagate": True}


def to_console(level: str, loggers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The configuration of all logging (dictConfig): what is of this level or above, one line each
    to the console, tokens hidden; the loggers named pass theirs on to it."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": HideTokens,
                "fmt": "{asctime} {levelname} {name}: {message}",
                "datefmt": "%Y-%m-%d %H:%M:%S%z",  # gunicorn's master uses system time
                "style": "{",
            },
        },
        "handlers": {
            # Whatever levels loggers have of their own, what they pass on is held to this one.
            "console": {"class": "logging.StreamHandler", "formatter": "line", "level": level},
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": loggers,
    }
