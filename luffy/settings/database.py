"""The database of DATABASE_URL."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from luffy.settings.environment import VAR_DIR, env, number


def database() -> dict[str, Any]:
    """The database of DATABASE_URL: connections stay open, are checked before use, and never wait
    for longer than the timeouts (seconds) of the environment."""
    url = env.str("DATABASE_URL", default="") or f"sqlite:///{VAR_DIR}/db.sqlite3"
    try:
        config: dict[str, Any] = env.db_url_config(url)
    except ValueError:  # may quote the password
        raise ImproperlyConfigured(
            "DATABASE_URL must be as in postgres://user:password@host:5432/name, with %-signs for "
            "what a URL cannot hold."
        ) from None
    engine = config.get("ENGINE")
    config |= {"CONN_MAX_AGE": number("DATABASE_MAX_AGE", 600), "CONN_HEALTH_CHECKS": True}
    options = config.setdefault("OPTIONS", {})
    if engine == "django.db.backends.sqlite3":
        VAR_DIR.mkdir(exist_ok=True)
        # IMMEDIATE: a transaction waits for other writers when it begins, and cannot fail later
        # because one was first.
        options |= {
            "timeout": 5,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    elif engine == "django.db.backends.postgresql":
        config["ENGINE"] = "luffy.postgresql"
        config["OPTIONS"] = postgresql() | options
    else:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// or sqlite:///.")
    return config


def postgresql() -> dict[str, Any]:
    """The options of a connection to PostgreSQL that the URL does not give."""
    statement = number("DATABASE_STATEMENT_TIMEOUT", 5)
    return {
        "statement_timeout": statement or None,
        # PostgreSQL gives up first, with an error; this is for a server that does not answer.
        "patience": statement + 1 if statement else None,
        "connect_timeout": number("DATABASE_CONNECT_TIMEOUT", 2, at_least=1),
        "tcp_user_timeout": 5_000,  # ms, after which a lost network is an error
    }


DATABASES = {"default": database()}
