"""Hosts, HTTPS, Django's apps and middleware, the API's framework, limits, logs."""

import re

from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured

from luffy.settings.environment import (
    BASE_DIR,
    HOST,
    ON_THIS_MACHINE,
    ORIGIN,
    ORIGINS,
    VAR_DIR,
    env,
    folder,
    number,
    several,
    switch,
)
from utils.logs import PASSED_ON, SILENT, form_of, level_of, to_console

DEBUG = switch("DEBUG", False)
SECRET_KEY: str = env.str("SECRET_KEY", default="")
if not SECRET_KEY.strip():
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
# How many proxies of our own a request passes: so many entries of X-Forwarded-For, from the end,
# can be believed (utils/addresses.py). BEHIND_PROXY=on says 1.
TRUSTED_PROXIES = number("TRUSTED_PROXIES", int(switch("BEHIND_PROXY", False)))
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
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
    "django_tasks",
    "django_tasks_db",
    "api",
]

MIDDLEWARE = [
    "utils.request_log.RequestLogMiddleware",  # outside all others: it tells of every answer
    "utils.middleware.HeadMiddleware",  # outside the others, whose answers have bodies
    "utils.content_security.ContentSecurityMiddleware",  # outside the others: it sees every answer
    "luffy.health.HealthMiddleware",
    "corsheaders.middleware.CorsMiddleware",  # so that other origins can read errors
    "utils.middleware.ApiEnvelopeMiddleware",  # outside the others: it sees all their answers
    "utils.middleware.OutageMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "utils.page_middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",  # reads the body, but only just before the view
    "utils.page_middleware.AuthenticationMiddleware",
    "utils.middleware.BodyLimitMiddleware",
    "utils.page_middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "luffy.urls"
WSGI_APPLICATION = "luffy.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "api" / "theme"],  # what replaces a template of the admin's theme
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"desk": "api.admin.desk.tags"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

FORM_RENDERER = "utils.forms.Renderer"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [(LANGUAGE_CODE, "简体中文")]  # a menu of all of them is made for each page of the desk
TIME_ZONE = "Asia/Shanghai"  # coupons begin and end at midnight here
USE_TZ = True

# What the theme's date filters accept: dates as one types them, and as the theme's calendar writes
# them in Chinese.
FORMAT_MODULE_PATH = "luffy.formats"
DATE_INPUT_FORMATS = ["%Y-%m-%d", "%Y/%m/%d"]

LOCALE_PATHS = [BASE_DIR / "locale"]  # Chinese for what the admin's theme says in English

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
# Where the pictures of courses are: a path of this host, or the address of another one.
MEDIA_URL: str = env.str("MEDIA_URL", default="/media/").rstrip("/") + "/"
if not re.fullmatch(r"(https?://[^/\s?#]+)?/[^\s?#]*|[^\s?#:/][^\s?#:]*", MEDIA_URL):
    raise ImproperlyConfigured("MEDIA_URL must be as in /media/ or https://cdn.example.com/media/.")
# Where those that the desk uploads are kept: what stands at MEDIA_URL is to be this folder.
MEDIA_ROOT = folder("MEDIA_ROOT", VAR_DIR / "media")
SHOP = switch("SHOP", True)  # the learner's pages at /
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
# For a name from an address; ten times as many for a name, and from an address. More answer 429
# (utils/limits/logins.py).
LOGIN_ATTEMPTS_PER_MINUTE = number("LOGIN_ATTEMPTS_PER_MINUTE", 10, at_least=1)

# Of one account, or from one address without an account, or refused tokens from one address; in
# each worker process.
REQUESTS_PER_MINUTE = number("REQUESTS_PER_MINUTE", 600, at_least=1)
MOST_BYTES = 64 * 1024  # of a request body; the desk's people may send more

# The front ends of other origins that may call the API from a browser.
CORS_ALLOWED_ORIGINS = several("CORS_ALLOWED_ORIGINS", [], ORIGIN)
# On a developer's machine also those that run there: whatever port a development server takes.
CORS_ALLOWED_ORIGIN_REGEXES = [ON_THIS_MACHINE] if DEBUG else []
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    *default_headers,
    *("if-match", "if-none-match", "idempotency-key", "x-request-id"),
]
CORS_EXPOSE_HEADERS = [
    *("ETag", "Retry-After", "WWW-Authenticate"),
    *("X-Error-Name", "X-Error-Field", "X-Request-Id"),
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["utils.auth.LuffyAuth"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_PARSER_CLASSES": ["utils.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "utils.response.AlwaysJSON",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_THROTTLE_CLASSES": ["utils.limits.requests.RequestThrottle"],
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
    "ENUM_NAME_OVERRIDES": {
        "ChangeCode": "api.serializers.car.CHANGE_CODES",
        "OrderStatus": "api.models.order.Order.status_choices",
        "EnrolledStatus": "api.models.order.EnrolledCourse.status_choices",
        "IdleCode": "api.serializers.quote.IDLE_CODES",
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",  # the package's own files
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},  # nothing of another host
}


# --- Logs: to the console, a line for each request and event, without tokens ----------------------

LOGGING = to_console(
    level_of(env.str("LOG_LEVEL", default="")),
    form_of(env.str("LOG_FORMAT", default=""), default="text" if DEBUG else "json"),
    {
        "django": PASSED_ON,
        # Of each request utils/request_log.py has a line; Django's own would be a second one.
        "django.server": SILENT,
        "django.request": {"level": "ERROR", "filters": ["with_traceback"]},
        "django.db.backends": {"level": "INFO"},  # its DEBUG lines hold tokens as parameters
        # A scanner's wrong Host is a 400 in the access log, and not worth a traceback.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
)
