"""Logging to the console: each record on a line of its own, with tokens hidden, as text or JSON.

Both say of what is at work its request's id; JSON also who asked, and the `fields` that a record
was given as `extra={"fields": …}`.
"""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from utils import scope

_QUERY = re.compile(r"\?[^\s\"']+")  # the whole query: `token` can be percent-encoded
_TOKEN = re.compile(
    r"(token=)[^&\s\"']+"  # of a query, also of a mistyped one
    # of a header in gunicorn's errors
    r"|(authorization\W+(?:(?:token|bearer|jwt)\W+)?)[^\s\"']+",
    re.IGNORECASE,
)


# Line ends, the terminal's colours, whatever turns the direction of writing, half characters.
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


# Nothing that would be written otherwise, but for what follows a header's name.
_HARMLESS = re.compile(r"[A-Za-z0-9 _./:,<>()*+-]*")
_in_json = json.JSONEncoder(ensure_ascii=False, default=str).encode


class OneLine(logging.Formatter):
    """A record is a line: what a client puts into a path, a header or a name cannot begin another
    one, nor colour the terminal. Only a traceback has lines of its own, and they are indented.

    Puts `…` in place of the token wherever a URL or its header is logged, in a traceback too
    (contract §2)."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = escaped(record.message)
        if at_work := scope.current():
            record.message += f" [{at_work.request_id}]"
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        message, *traceback = super().format(record).split("\n")
        text = "\n".join([message, *(f"  {escaped(line)}" for line in traceback)])
        return without_tokens(text)


class JsonLine(logging.Formatter):
    """A record is a JSON object on a line; as in OneLine, no token and no control character is in
    any of its texts."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _shown(record.getMessage()),
        }
        if at_work := scope.current():
            said["request_id"] = at_work.request_id
            if at_work.account_id is not None:
                said["account_id"] = at_work.account_id
            if at_work.staff_id is not None:
                said["staff_id"] = at_work.staff_id
        for name, value in getattr(record, "fields", {}).items():
            said[name] = _shown(value) if isinstance(value, str) else value
        if record.exc_info:
            lines = self.formatException(record.exc_info).split("\n")
            said["exception"] = "\n".join(map(_shown, lines))
        return _in_json(said)


class WithTraceback(logging.Filter):
    """Of what Django says of an answer, only what has an error to show: of the rest the request has
    its own line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return bool(record.exc_info)


def without_tokens(text: str) -> str:
    """The text with `…` in the place of a URL's query and of tokens."""
    return _TOKEN.sub(r"\1\2…", _QUERY.sub("?…", text))


def _shown(text: str) -> str:
    if _HARMLESS.fullmatch(text) and "authorization" not in text.lower():
        return text  # most are, and every request has eight of them
    return without_tokens(escaped(text))


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


FORMS: dict[str, dict[str, Any]] = {
    "text": {
        "()": OneLine,
        "fmt": "{asctime} {levelname} {name}: {message}",
        "datefmt": "%Y-%m-%d %H:%M:%S%z",  # gunicorn's master uses system time
        "style": "{",
    },
    "json": {"()": JsonLine},
}


def form_of(text: str, *, default: str) -> str:
    """The form that LOG_FORMAT names."""
    form = text.strip().lower() or default
    if form not in FORMS:
        raise ImproperlyConfigured(f"LOG_FORMAT must be one of {', '.join(FORMS)}.")
    return form


PASSED_ON: dict[str, Any] = {"handlers": [], "level": "NOTSET", "propagate": True}
SILENT: dict[str, Any] = {"handlers": [], "level": "CRITICAL", "propagate": False}


def to_console(level: str, form: str, loggers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The configuration of all logging (dictConfig): what is of this level or above, one line each
    to the console, tokens hidden; the loggers named pass theirs on to it."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": FORMS[form]},
        "filters": {
            "outages": {"()": "utils.outages.OutageInOneLine"},
            "with_traceback": {"()": WithTraceback},
        },
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
