"""Logging to the console: each record on a line of its own, with tokens hidden."""

import logging
import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_QUERY = re.compile(r"\?[^\s\"']+")  # the whole query: `token` can be percent-encoded
_TOKEN = re.compile(
    r"(token=)[^&\s\"']+"  # of a query, also of a mistyped one
    # of a header in gunicorn's errors
    r"|(authorization\W+(?:(?:token|bearer|jwt)\W+)?)[^\s\"']+",
    re.IGNORECASE,
)


# Line ends, the terminal's colours, whatever turns the direction of writing, half characters.
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class OneLine(logging.Formatter):
    """A record is a line: what a client puts into a path, a header or a name cannot begin another
    one, nor colour the terminal. Only a traceback has lines of its own, and they are indented.

    Puts `…` in place of the token wherever a URL or its header is logged, in a traceback too
    (contract §2)."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = escaped(record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        message, *traceback = super().format(record).split("\n")
        text = "\n".join([message, *(f"  {escaped(line)}" for line in traceback)])
        return _TOKEN.sub(r"\1\2…", _QUERY.sub("?…", text))


def escaped(text: str) -> str:
    """The text with its control characters as they are written in a program: `\\n`, `\\x1b`."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


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
                "()": OneLine,
                "fmt": "{asctime} {levelname} {name}: {message}",
                "datefmt": "%Y-%m-%d %H:%M:%S%z",  # gunicorn's master uses system time
                "style": "{",
            },
        },
        "filters": {"outages": {"()": "utils.outages.OutageInOneLine"}},
        "handlers": {
            # Whatever levels loggers have of their own, what they pass on is held to this one.
            "console": {
                "class": "logging.StreamHandler",
                "filters": ["outages"],
                "formatter": "line",
                "level": level,
            },
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": loggers,
    }
