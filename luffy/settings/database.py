"""The database of DATABASE_URL, or of its parts, DATABASE_HOST, DATABASE_NAME and so on; and a
replica of it, for what may be some seconds old (DATABASE_REPLICA_URL)."""

import re
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg.pq import Conninfo

from luffy.settings.environment import LONGEST_WAIT, VAR_DIR, env, number
from utils.environment import LARGEST_PORT, whole_number
from utils.replica import REPLICA

LONGEST_NAME = 63  # of PostgreSQL
# What libpq takes no other values for.
CHOICES = {
    "sslmode": {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
    "target_session_attrs": {
        *("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    },
}
NUMBERS = {
    *("connect_timeout", "keepalives", "keepalives_count", "keepalives_idle"),
    *("keepalives_interval", "tcp_user_timeout"),
}


def database() -> dict[str, Any]:
    """The database of the environment: connections stay open, are checked before use, and never
    wait for longer than the timeouts (seconds) of the environment.

    Raises ImproperlyConfigured, which never repeats a password.
    """
    url, parts = env.str("DATABASE_URL", default=""), of_parts()
    if url and parts:
        raise ImproperlyConfigured(
            "DATABASE_URL and DATABASE_HOST are both set: leave one of them empty."
        )
    config = parts or of_url(url or f"sqlite:///{VAR_DIR}/db.sqlite3")
    config |= {"CONN_MAX_AGE": number("DATABASE_MAX_AGE", 600), "CONN_HEALTH_CHECKS": True}
    config.setdefault("OPTIONS", {})
    match config.get("ENGINE"):
        case "django.db.backends.sqlite3":
            check_sqlite(config)
            # IMMEDIATE: a transaction waits for other writers when it begins, and cannot fail later
            # because one was first.
            config["OPTIONS"] = {
                "timeout": 5,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            }
        case _:
            limit_postgresql(config, "DATABASE_URL")
    return config


def replica() -> dict[str, Any] | None:
    """The replica of DATABASE_REPLICA_URL; None where it is not set. Its connections are not
    checked before use: what fails there is read from the database itself (utils/replica.py).

    Raises ImproperlyConfigured, which never repeats a password.
    """
    name = "DATABASE_REPLICA_URL"
    url = env.str(name, default="")
    if not url:
        return None
    config = of_url(url, name)
    if not url.startswith("p") or DATABASE["ENGINE"] != "luffy.postgresql":
        raise ImproperlyConfigured(f"{name} must be a PostgreSQL's, and so must the database be.")
    config |= {"CONN_MAX_AGE": DATABASE["CONN_MAX_AGE"], "TEST": {"MIRROR": "default"}}
    config.setdefault("OPTIONS", {})
    limit_postgresql(config, name)
    return config


def of_url(url: str, name: str = "DATABASE_URL") -> dict[str, Any]:
    """What the URL says that the environment variable `name` has."""
    if not re.match(r"(postgres|postgresql|psql|pgsql)://|sqlite:///|sqlite://:memory:$", url):
        raise ImproperlyConfigured(f"{name} must begin with postgres:// or sqlite:///.")
    place, mark, query = url.partition("?")
    try:
        # django-environ takes a + of the password for a space, and port 0 for none.
        config: dict[str, Any] = env.db_url_config(place.replace("+", "%2B") + mark + query)
        if place.startswith("p") and re.search(r":0+(/|$)", place):
            raise ValueError("port 0")
    except ValueError:  # may quote the password
        raise ImproperlyConfigured(
            f"{name} must be as in postgres://user:password@host:5432/name, with %-signs for what "
            "a URL cannot hold."
        ) from None
    return config


def of_parts() -> dict[str, Any] | None:
    """The PostgreSQL of DATABASE_HOST and the others, each of which may hold any character; None
    where they are not set."""
    host, name = env.verbatim("DATABASE_HOST"), env.verbatim("DATABASE_NAME")
    user, password = env.verbatim("DATABASE_USER"), env.verbatim("DATABASE_PASSWORD")
    port = env.verbatim("DATABASE_PORT", "5432")
    if not any((host, name, user, password)):
        return None
    if not (host and name):
        missing = "DATABASE_NAME" if host else "DATABASE_HOST"
        raise ImproperlyConfigured(f"{missing} is not set, but others of DATABASE_… are.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": host,
        "PORT": whole_number("DATABASE_PORT", port, at_least=1, at_most=LARGEST_PORT),
        "NAME": name,
        "USER": user,
        "PASSWORD": password,
    }


def check_sqlite(config: dict[str, Any]) -> None:
    """Raises ImproperlyConfigured for what would fail with the first request."""
    if config["OPTIONS"]:
        raise ImproperlyConfigured("DATABASE_URL cannot have options behind a ? for SQLite.")
    VAR_DIR.mkdir(exist_ok=True)
    name: str = config["NAME"]
    if not (name.startswith((":memory:", "file:")) or Path(name).absolute().parent.is_dir()):
        raise ImproperlyConfigured("DATABASE_URL names a file in a directory that is not there.")


def limit_postgresql(config: dict[str, Any], url: str) -> None:
    """Gives the connections their limits. `url` is the environment variable's name."""
    check_postgresql(config, url)
    config |= {"ENGINE": "luffy.postgresql", "OPTIONS": postgresql() | config["OPTIONS"]}


def check_postgresql(config: dict[str, Any], url: str) -> None:
    """Raises ImproperlyConfigured for what would fail with the first request."""
    for port in filter(None, str(config["PORT"]).split(",")):
        whole_number(f"The port of {url}", port, at_least=1, at_most=LARGEST_PORT)
    if not 0 < len(config["NAME"]) <= LONGEST_NAME:
        raise ImproperlyConfigured(
            f"The database's name must have 1 to {LONGEST_NAME} characters, as in "
            "postgres://user:password@host:5432/name."
        )
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    for name, value in config["OPTIONS"].items():
        # Django's own, written in capitals, have come into `config` itself.
        if name not in known:
            raise ImproperlyConfigured(f"{url} cannot have the option {name!r}.")
        if name in NUMBERS and not isinstance(value, int):
            raise ImproperlyConfigured(f"{url}: {name} must be a whole number.")
        if name in CHOICES and value not in CHOICES[name]:
            choices = ", ".join(sorted(CHOICES[name]))
            raise ImproperlyConfigured(f"{url}: {name} must be one of {choices}.")
    if re.search("statement_timeout", str(config["OPTIONS"].get("options", ""))):
        raise ImproperlyConfigured(
            f"{url} sets statement_timeout: say it with DATABASE_STATEMENT_TIMEOUT, so that "
            "the service knows how long to wait."
        )
    for name in {"AUTOCOMMIT", "ATOMIC_REQUESTS"} & config.keys():
        raise ImproperlyConfigured(f"{url} cannot have the option {name!r}.")


def postgresql() -> dict[str, Any]:
    """The options of a connection to PostgreSQL that the URL does not give."""
    statement = number("DATABASE_STATEMENT_TIMEOUT", 5, at_most=LONGEST_WAIT)
    connect = number("DATABASE_CONNECT_TIMEOUT", 2, at_least=1, at_most=LONGEST_WAIT)
    return {
        "statement_timeout": statement or None,
        # PostgreSQL gives up first, with an error; this is for a server that does not answer.
        "patience": statement + 1 if statement else None,
        "connect_timeout": connect,
        "tcp_user_timeout": 5_000,  # ms, after which a lost network is an error
    }


DATABASE = database()
_replica = replica()
DATABASES = {"default": DATABASE} | ({REPLICA: _replica} if _replica else {})
DATABASE_ROUTERS = ["utils.replica.Router"] if _replica else []
