"""What the environment, or a `.env` file beside manage.py, says. A value that cannot work stops the
start with a sentence that says what to set."""

import re
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
ENV_FILE = Path(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))
if ENV_FILE.is_file():
    env.read_env(ENV_FILE)

LARGEST_NUMBER = 10**9  # 31 years in seconds; Redis fails half-way through a write on far more
ON, OFF = {"on", "true", "yes", "1"}, {"off", "false", "no", "0"}


def number(name: str, default: int, *, at_least: int = 0) -> int:
    """The whole number in the environment variable `name`."""
    try:
        value: int = env.int(name, default=default)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number.") from error
    if value < at_least:
        raise ImproperlyConfigured(f"{name} must be at least {at_least}.")
    if value > LARGEST_NUMBER:
        raise ImproperlyConfigured(f"{name} must be at most {LARGEST_NUMBER}.")
    return value


def switch(name: str, default: bool) -> bool:
    """Whether the environment variable `name` says on. Anything else than on or off
    is refused: a typing error must not switch HTTPS off."""
    value: str = env.str(name, default="").strip().lower()
    if value not in {"", *ON, *OFF}:
        raise ImproperlyConfigured(f"{name} must be on or off.")
    return value in ON if value else default


HOST = r"\[[0-9a-fA-F:]+\]|[^/:\s]+", "shop.example.com"
ORIGIN = r"https?://[^/?#*\s]+", "https://shop.example.com"
ORIGINS = r"https?://(\*\.)?[^/?#*\s]+", "https://*.example.com"


def several(name: str, default: list[str], form: tuple[str, str]) -> list[str]:
    """The values in the environment variable `name`, comma-separated, each of the form: a pattern
    and an example. Django's own checks would find a wrong one, but a server does not run
    them."""
    values = [value.strip() for value in env.list(name, default=default)]
    pattern, example = form
    for value in values:
        if not re.fullmatch(pattern, value):
            raise ImproperlyConfigured(f"{name} needs values as in {example}: {value!r}")
    return values
