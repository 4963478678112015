"""Settings of every place the service runs in. What differs between places comes from the
environment (or a `.env` file beside manage.py); README.md has the table. A value that cannot work
stops the start with a sentence that says what to set.
"""

import re
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from redis.connection import parse_url

from utils.logs import PASSED_ON, to_console

BASE_DIR = Path(__file__).resolve().parent.parent
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
    """Whether the environment variable `name` says on. A slip must not switch HTTPS off."""
    value: str = env.str(name, default="").strip().lower()
    if value not in {"", *ON, *OFF}:
        raise ImproperlyConfigured(f"{name} must be on or off.")
    return value in ON if value else default


def key_template(name: str, default: str, *, ids: int) -> str:
    """A template of Redis key names: each `%s` takes an id (contract: user id, course id)."""
    template: str = env.str(name, default=default)
    if template.replace("%s", "").count("%") or template.count("%s") != ids:
        raise ImproperlyConfigured(f"{name} must hold exactly {ids} times %s: {template!r}")
    if re.search(r"%s\d*%s", template):  # account 1's course 11 would be account 11's course 1
        raise ImproperlyConfigured(f"{name} must keep the two %s apart: {template!r}")
    return template


def apart(*templates: str) -> bool:
    """Whether no key of one template can be a key of another, whatever the ids."""
    patterns = [re.escape(template).replace("%s", "[0-9]+") for template in templates]
    keys = [template.replace("%s", "1") for template in templates]
    return all(sum(bool(re.fullmatch(pattern, key)) for pattern in patterns) == 1 for key in keys)


def in_one_slot(*templates: str) -> bool:
    """Whether a Redis Cluster keeps an account's keys of these templates together: where they have
    the same hash tag, the first {…}, and in it the account's %s, which is a template's first."""
    tagged = [re.match(r"[^{%]*\{([^}%]*%s[^}%]*)\}", template) for template in templates]
    return len({match and match[1] for match in tagged}) == 1 and None not in tagged


HOST = r"\[[0-9a-fA-F:]+\]|[^/:\s]+", "shop.example.com"
ORIGIN = r"https?://[^/?#*\s]+", "https://shop.example.com"
ORIGINS = r"https?://(\*\.)?[^/?#*\s]+", "https://*.example.com"


def several(name: str, default: list[str], form: tuple[str, str]) -> list[str]:
    """The values in the environment variable `name`, comma-separated, each of the form: a pattern
    and an example. Django would only say what is wrong with them where its checks run, which a
    server does not."""
    values = [value.strip() for value in env.list(name, default=default)]
    pattern, example = form
    for value in values:
        if not re.fullmatch(pattern, value):
            raise ImproperlyConfigured(f"{name} needs values as in {example}: {value!r}")
    return values


# --- The place ------------------------------------------------------------------------------------

DEBUG = switch("DEBUG", False)
SECRET_KEY: str = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Give the service 50 or more random characters, "
            "or set DEBUG=on on a developer's machine."
        )
    SECRET_KEY = "django-insecure-only-for-a-developer's-own-machine"  # noqa: S105

ALLOWED_HOSTS = several("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"] if DEBUG else [], HOST)

# --- HTTPS: on in production, where a proxy in front ends TLS and says so in a header -------------

HTTPS = switch("HTTPS", not DEBUG)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
BEHIND_PROXY = switch("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = number("HSTS_SECONDS", 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = switch("HSTS_INCLUDE_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = switch("HSTS_PRELOAD", False)
CSRF_TRUSTED_ORIGINS = several("CSRF_TRUSTED_ORIGINS", [], ORIGINS)

# --- The application ------------------------------------------------------------------------------

INSTALLED_APPS = [
    # The admin's theme, whose templates come before Django's own.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "luffy.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "import_export",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "api",
]

MIDDLEWARE = [
    "luffy.health.HealthMiddleware",
    "corsheaders.middleware.CorsMiddleware",  # a front end must read errors too
    "utils.middleware.ApiEnvelopeMiddleware",  # sees what every other one answers
    "utils.middleware.BodyLimitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "luffy.urls"
WSGI_APPLICATION = "luffy.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"  # a day is a day here: coupons begin and end at its midnight
USE_TZ = True

# What the theme's date filters read: as one types a date, and as the Chinese calendar writes it.
DATE_INPUT_FORMATS = ["%Y-%m-%d", "%Y/%m/%d"]

LOCALE_PATHS = [BASE_DIR / "locale"]  # Chinese for what the admin's theme says in English

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": validator}
    for validator in (
        "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "utils.passwords.MinimumLengthValidator",
        "django.contrib.auth.password_validation.CommonPasswordValidator",
        "django.contrib.auth.password_validation.NumericPasswordValidator",
    )
]

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
# For a name, and from an address; more answer 429 (utils/login_limits.py).
LOGIN_ATTEMPTS_PER_MINUTE = number("LOGIN_ATTEMPTS_PER_MINUTE", 10, at_least=1)

# Of one account, or from one address without an account, in each worker process.
REQUESTS_PER_MINUTE = number("REQUESTS_PER_MINUTE", 600, at_least=1)
API_MOST_BYTES = 64 * 1024  # of a request body

# The front ends of other origins that may call the API from a browser.
CORS_ALLOWED_ORIGINS = several("CORS_ALLOWED_ORIGINS", [], ORIGIN)
CORS_URLS_REGEX = r"^/api/"
CORS_EXPOSE_HEADERS = ["Retry-After", "WWW-Authenticate"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["utils.auth.LuffyAuth"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_PARSER_CLASSES": ["utils.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "utils.response.AlwaysJSON",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_THROTTLE_CLASSES": ["utils.throttling.RequestThrottle"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.generator.Schema",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS would answer outside the envelope
    "EXCEPTION_HANDLER": "utils.exceptions.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Luffy: the settlement centre",
    "DESCRIPTION": "What a front end of the course shop needs, from logging in to settling. "
    "Every answer is an envelope: `code` 1000 is success, any other says in `error` what is wrong.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "COMPONENT_SPLIT_PATCH": False,  # what a PATCH leaves out is an error here
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",  # the package's own files
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},  # none: another host's
}

# --- The admin's theme ----------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "路飞学城优惠券工作台",
    "SITE_HEADER": "路飞学城",
    "SITE_SUBHEADER": "优惠券工作台",
    "SITE_SYMBOL": "confirmation_number",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [lambda request: static("api/desk.css")],
    "SIDEBAR": {"navigation": "api.admin.navigation.sidebar"},
    "DASHBOARD_CALLBACK": "api.admin.home.dashboard",
}

# --- The database ---------------------------------------------------------------------------------


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
        # IMMEDIATE: a writer waits for its turn, instead of failing when it finds it is not alone.
        options |= {
            "timeout": 5,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    elif engine == "django.db.backends.postgresql":
        statement = number("DATABASE_STATEMENT_TIMEOUT", 5)
        config["ENGINE"] = "luffy.postgresql"
        options |= {
            # PostgreSQL gives up first, and says so; this is for one that says nothing.
            "patience": statement + 1 if statement else None,
            "connect_timeout": number("DATABASE_CONNECT_TIMEOUT", 2, at_least=1),
            "tcp_user_timeout": 5_000,  # ms: a network that went silent is an error, not a wait
            "options": f"-c statement_timeout={statement * 1000}",
        }
    else:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// or sqlite:///.")
    return config


DATABASES = {"default": database()}

# --- Redis ----------------------------------------------------------------------------------------

EMBEDDED_REDIS = "embedded"
REDIS_URL: str = env.str("REDIS_URL", default="") or EMBEDDED_REDIS
if REDIS_URL == EMBEDDED_REDIS and not DEBUG:
    raise ImproperlyConfigured(
        "REDIS_URL is not set, and the embedded Redis forgets every shopping car at exit. "
        "Give the service a Redis, as in redis://127.0.0.1:6379/0, or set DEBUG=on."
    )
REDIS_CLUSTER = switch("REDIS_CLUSTER", False)
if REDIS_URL != EMBEDDED_REDIS:
    try:
        _place = parse_url(REDIS_URL)  # type: ignore[no-untyped-call]
        if not re.fullmatch(r"unix://.*|[^/]*//[^/]*(/[0-9]*)?(\?.*)?", REDIS_URL):
            raise ValueError("the database is no number, and would be taken for 0")
    except ValueError:  # may quote the password
        raise ImproperlyConfigured(
            "REDIS_URL must be as in redis://:password@host:6379/0, with %-signs for what a URL "
            "cannot hold."
        ) from None
if REDIS_CLUSTER and (REDIS_URL == EMBEDDED_REDIS or "path" in _place or _place.get("db")):
    raise ImproperlyConfigured(
        "REDIS_CLUSTER is on: REDIS_URL must name one of the cluster's nodes, as in "
        "redis://:password@host:6379/0. A cluster has no other database than 0."
    )


def redis_cache() -> dict[str, Any]:
    """The one Redis connection pool, as django-redis wants it, or on a cluster one for each node:
    bounded, with timeouts (seconds)."""
    pool: dict[str, Any] = {
        "max_connections": number("REDIS_MAX_CONNECTIONS", 100, at_least=1),
        "socket_connect_timeout": number("REDIS_CONNECT_TIMEOUT", 1, at_least=1),
        "socket_timeout": number("REDIS_TIMEOUT", 2, at_least=1),
    }
    options = {"CLIENT_CLASS": "django_redis.client.DefaultClient", "CONNECTION_POOL_KWARGS": pool}
    if REDIS_CLUSTER:
        options["CONNECTION_FACTORY"] = "utils.redis_cluster.ClusterConnectionFactory"
    else:
        options["CONNECTION_POOL_CLASS"] = "redis.BlockingConnectionPool"
        pool["timeout"] = 1  # seconds to wait for a free connection of the pool
    if REDIS_URL == EMBEDDED_REDIS:
        from fakeredis import FakeRedisConnection

        pool["connection_class"] = FakeRedisConnection
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://embedded" if REDIS_URL == EMBEDDED_REDIS else REDIS_URL,
        "OPTIONS": options,
    }


CACHES = {
    "default": redis_cache(),
    # Counts of requests (utils/throttling.py), each process its own. The oldest go when it is full.
    "process": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}

# --- The shop -------------------------------------------------------------------------------------

SHOPPING_CAR_KEY = key_template("SHOPPING_CAR_KEY", "luffy_shopping_car_%s_%s", ids=2)
SHOPPING_CAR_INDEX_KEY = key_template("SHOPPING_CAR_INDEX_KEY", "luffy_car_index_%s", ids=1)
PAYMENT_KEY = key_template("PAYMENT_KEY", "luffy_payment_%s_%s", ids=2)
PAYMENT_COUPON_KEY = key_template("PAYMENT_COUPON_KEY", "luffy_payment_coupon_%s", ids=1)
if not apart(SHOPPING_CAR_KEY, SHOPPING_CAR_INDEX_KEY, PAYMENT_KEY, PAYMENT_COUPON_KEY):
    raise ImproperlyConfigured(
        "SHOPPING_CAR_KEY, SHOPPING_CAR_INDEX_KEY, PAYMENT_KEY and PAYMENT_COUPON_KEY must not "
        "make the same key: a settlement would overwrite a car."
    )
if REDIS_CLUSTER and not (
    in_one_slot(SHOPPING_CAR_KEY, SHOPPING_CAR_INDEX_KEY)
    and in_one_slot(PAYMENT_KEY, PAYMENT_COUPON_KEY)
):
    raise ImproperlyConfigured(
        "REDIS_CLUSTER is on: an account's keys must share a slot. Give SHOPPING_CAR_KEY and "
        "SHOPPING_CAR_INDEX_KEY the same hash tag around the account's %s, and PAYMENT_KEY and "
        "PAYMENT_COUPON_KEY too, as in luffy_payment_{%s}_%s and luffy_payment_coupon_{%s}."
    )
SHOPPING_CAR_MOST = number("SHOPPING_CAR_MOST", 100, at_least=1)  # courses in one car
PAYMENT_TTL = number("PAYMENT_TTL", 7 * 24 * 3600)  # seconds a settlement lives; 0: for ever

# --- Logs: to the console, without tokens ---------------------------------------------------------

LOGGING = to_console(
    {
        "django": PASSED_ON,
        "django.server": PASSED_ON,
        "django.db.backends": {"level": "INFO"},  # its DEBUG lines hold tokens as parameters
        # A scanner's wrong Host is a 400 in the access log, and not worth a traceback.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    }
)
