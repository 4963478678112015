"""The Redis of REDIS_URL: cars, settlements, counts of attempts to log in."""

import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from django.core.exceptions import ImproperlyConfigured
from redis.connection import parse_url

from luffy.settings.environment import LONGEST_WAIT, env, number, switch
from luffy.settings.web import DEBUG
from utils.redis.connections import BY_SCHEME, once_more
from utils.redis.counted import CountedConnection, CountedSSLConnection

EMBEDDED_REDIS = "embedded"
REDIS_URL_FORM = (
    "REDIS_URL must be as in redis://:password@host:6379/0 or "
    "redis+sentinel://:password@host:26379,host:26379/service/0, with %-signs for what a URL "
    "cannot hold."
)
# What may follow the ?. Anything else would fail with the first request, or change what is read.
REDIS_URL_OPTIONS = {
    *("db", "client_name", "health_check_interval", "socket_keepalive"),
    *("socket_timeout", "socket_connect_timeout", "max_connections", "timeout"),
    *("sentinel_username", "sentinel_password"),
    *("ssl_ca_certs", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname"),
    *("ssl_ciphers", "ssl_keyfile", "ssl_min_version", "ssl_password"),
}
MOST_CONNECTIONS = 10_000  # as many as a Redis takes; the pool makes room for all at once
# Of the options, those that are numbers, and those that are files.
REDIS_URL_NUMBERS = {
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    "max_connections": 1,
    "timeout": 0,
    "health_check_interval": 0,
}
REDIS_URL_FILES = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")


class Sentinels(NamedTuple):
    """Those of a redis+sentinel:// URL: their addresses, the service, and how to log in to them;
    `url` has what is left, for the service's servers, their address apart."""

    addresses: list[tuple[str, int]]
    service: str
    login: dict[str, str]
    url: str


def sentinels(url: str) -> Sentinels | None:
    """None where the URL names a Redis itself. Raises ValueError for what cannot be read."""
    if not re.match(r"rediss?\+sentinel://", url):
        return None
    host = r"(?:\[[0-9a-fA-F:]+\]|[^\s:,@/?\[\]]+)(?::[0-9]{1,5})?"
    form = (
        rf"(rediss?)\+sentinel://([^/@]*@)?({host}(?:,{host})*)/([^/?]+)(?:/([0-9]+))?(?:\?(.*))?"
    )
    match = re.fullmatch(form, url)
    if not match:
        raise ValueError("no sentinels, or no service")
    scheme, login, hosts, service, database, query = match.groups()
    options = dict(parse_qsl(query or ""))
    sentinel_login = {
        name: options.pop(f"sentinel_{name}")
        for name in ("username", "password")
        if f"sentinel_{name}" in options
    }
    addresses = [re.fullmatch(r"\[?(.*?)\]?(?::([0-9]+))?", one) for one in hosts.split(",")]
    return Sentinels(
        [(one[1], int(one[2] or 26379)) for one in addresses if one],
        unquote(service),
        sentinel_login,
        f"{scheme}://{login or ''}{quote(service)}/{database or 0}?{urlencode(options)}",
    )


def checked(url: str) -> dict[str, Any]:
    """What the URL says. Raises ImproperlyConfigured, which does not repeat the password."""
    try:
        found = sentinels(url)
        # redis-py has no types here.
        place: dict[str, Any] = parse_url(found.url if found else url)  # type: ignore[no-untyped-call]
        if not (found or re.fullmatch(r"unix://.*|[^/]*//[^/]*(/[0-9]*)?(\?.*)?", url)):
            raise ValueError("the database is no number, and would be taken for 0")
        if not found and urlsplit(url).port == 0:
            raise ValueError("port 0 would be taken for 6379")
    except ValueError:
        raise ImproperlyConfigured(REDIS_URL_FORM) from None
    known = REDIS_URL_OPTIONS | {"sentinels"} if found else REDIS_URL_OPTIONS
    for name, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True):
        if name not in known or (name.startswith("ssl_") and not url.startswith("rediss")):
            raise ImproperlyConfigured(
                f"REDIS_URL cannot have the option {name!r}. It may have "
                f"{', '.join(sorted(REDIS_URL_OPTIONS))}; those of ssl with rediss://."
            )
    _check_values(place)
    return place


def _check_values(place: dict[str, Any]) -> None:
    for name, at_least in REDIS_URL_NUMBERS.items():
        most = MOST_CONNECTIONS if name == "max_connections" else LONGEST_WAIT
        if name in place and not at_least <= place[name] <= most:
            raise ImproperlyConfigured(f"REDIS_URL: {name} must be from {at_least} to {most}.")
    for name in REDIS_URL_FILES:
        if name in place and not Path(place[name]).exists():
            raise ImproperlyConfigured(f"REDIS_URL: {name} names a file that is not there.")
    if place.get("ssl_cert_reqs", "none") not in ("none", "optional", "required"):
        raise ImproperlyConfigured(
            "REDIS_URL: ssl_cert_reqs must be one of none, optional, required."
        )


REDIS_URL: str = env.str("REDIS_URL", default="") or EMBEDDED_REDIS
if REDIS_URL == EMBEDDED_REDIS and not DEBUG:
    raise ImproperlyConfigured(
        "REDIS_URL is not set, and the embedded Redis forgets every shopping car at exit. "
        "Give the service a Redis, as in redis://127.0.0.1:6379/0, or set DEBUG=on."
    )
REDIS_CLUSTER = switch("REDIS_CLUSTER", False)
_place = {} if REDIS_URL == EMBEDDED_REDIS else checked(REDIS_URL)
if REDIS_CLUSTER and (
    REDIS_URL == EMBEDDED_REDIS or "path" in _place or _place.get("db") or sentinels(REDIS_URL)
):
    raise ImproperlyConfigured(
        "REDIS_CLUSTER is on: REDIS_URL must name one of the cluster's nodes, as in "
        "redis://:password@host:6379/0. A cluster has no other database than 0."
    )


def redis_cache(url: str, *, cluster: bool = False) -> dict[str, Any]:
    """The one connection pool for the Redis at `url`, as django-redis wants it, or on a cluster one
    for each node: bounded, with timeouts (seconds)."""
    pool: dict[str, Any] = {
        "max_connections": number(
            "REDIS_MAX_CONNECTIONS", 100, at_least=1, at_most=MOST_CONNECTIONS
        ),
        "socket_connect_timeout": number(
            "REDIS_CONNECT_TIMEOUT", 1, at_least=1, at_most=LONGEST_WAIT
        ),
        "socket_timeout": number("REDIS_TIMEOUT", 2, at_least=1, at_most=LONGEST_WAIT),
    }
    options: dict[str, Any] = {
        "CLIENT_CLASS": "django_redis.client.DefaultClient",
        "CONNECTION_POOL_CLASS": "redis.BlockingConnectionPool",
        "CONNECTION_POOL_KWARGS": pool,
        # Not pickle, which runs what it reads: whoever can write to Redis could run code here.
        "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
    }
    location = url
    if cluster:
        options["CONNECTION_FACTORY"] = "utils.redis.cluster.ClusterConnectionFactory"
        is_secret = url.startswith("rediss:")
        pool["connection_class"] = CountedSSLConnection if is_secret else CountedConnection
    elif url == EMBEDDED_REDIS:
        from utils.redis.embedded import EmbeddedConnection

        pool["connection_class"] = EmbeddedConnection
        location = "redis://embedded"
    else:
        pool |= {"connection_class": BY_SCHEME[url.partition(":")[0]], "retry": once_more()}
        if found := sentinels(url):
            options |= _through(found, pool)
            location = found.url
    if not cluster:
        pool["timeout"] = 1  # seconds to wait for a free connection of the pool
    return {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": location, "OPTIONS": options}


def _through(found: Sentinels, pool: dict[str, Any]) -> dict[str, Any]:
    # Each sentinel is asked once: the next one may know.
    patience = {"retry": once_more()} | {k: v for k, v in pool.items() if k.startswith("socket_")}
    return {
        "CONNECTION_FACTORY": "utils.redis.sentinel.SentinelConnectionFactory",
        "CONNECTION_POOL_CLASS": "utils.redis.connections.SentinelPool",
        "SENTINELS": found.addresses,
        "SENTINEL_KWARGS": found.login | patience,
        "SERVICE": found.service,
    }


CACHES = {
    "default": redis_cache(REDIS_URL, cluster=REDIS_CLUSTER),
    # Counts of requests (utils/limits/requests.py), in each process apart.
    "process": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}
