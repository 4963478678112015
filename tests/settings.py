"""The service's own settings, on the servers of TEST_DATABASE_URL and TEST_REDIS_URL, or on SQLite
in memory and the embedded Redis. Whatever else the environment says does not reach the tests."""

import os

from tests.support.redis_databases import redis_url_of

for _name in [
    "ALIPAY_APP_ID",
    "ALIPAY_GATEWAY",
    "ALIPAY_PRIVATE_KEY",
    "ALIPAY_PUBLIC_KEY",
    "ALIPAY_SELLER_ID",
    "ALLOWED_HOSTS",
    "ARCHIVE_DIR",
    "BEHIND_PROXY",
    "CLAIMS_PER_MINUTE",
    "CODE_GUESSES_PER_MINUTE",
    "CORS_ALLOWED_ORIGINS",
    "DATABASE_CONNECT_TIMEOUT",
    "DATABASE_HOST",
    "DATABASE_MAX_AGE",
    "DATABASE_NAME",
    "DATABASE_PASSWORD",
    "DATABASE_PORT",
    "DATABASE_STATEMENT_TIMEOUT",
    "DATABASE_USER",
    "DESK_SESSION_HOURS",
    "FRONTEND_ORDER_URL",
    "GATEWAY_CONNECT_TIMEOUT",
    "GATEWAY_TIMEOUT",
    "HTTPS",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "LOGIN_ATTEMPTS_PER_MINUTE",
    "MEDIA_URL",
    "METRICS_BIND",
    "METRICS_DIR",
    "ORDER_TTL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "PAYMENT_COUPON_KEY",
    "PAYMENT_KEY",
    "PAYMENT_TTL",
    "PUBLIC_URL",
    "REDIS_CLUSTER",
    "REFUND_DAYS",
    "REQUESTS_PER_MINUTE",
    "SECRET_KEY",
    "SENTRY_DSN",
    "SHOP",
    "SHOPPING_CAR_INDEX_KEY",
    "SHOPPING_CAR_KEY",
    "SHOPPING_CAR_MOST",
    "TASKS_BACKEND",
    "TRUSTED_PROXIES",
    "WEBHOOK_ALLOWED_HOSTS",
    "WEBHOOK_KEPT_DAYS",
    "WEBHOOK_TIMEOUT",
    "WECHATPAY_APIV3_KEY",
    "WECHATPAY_APPID",
    "WECHATPAY_GATEWAY",
    "WECHATPAY_MCHID",
    "WECHATPAY_PRIVATE_KEY",
    "WECHATPAY_PUBLIC_KEY",
    "WECHATPAY_PUBLIC_KEY_ID",
    "WECHATPAY_SERIAL",
]:
    os.environ.pop(_name, None)
os.environ["ENV_FILE"] = os.devnull
os.environ["DEBUG"] = "on"  # lets an embedded Redis start; Django's test runner turns DEBUG off
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or "sqlite://:memory:"
os.environ["REDIS_URL"] = "embedded"
if _url := os.environ.get("TEST_REDIS_URL"):
    _worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    _workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    os.environ["REDIS_URL"] = redis_url_of(_worker, _workers, _url)

from luffy.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; no secret is at stake
LOCAL_ALIPAY = LOCAL_WECHATPAY = (
    False  # a test that pays asks for its gateway: tests/support/gateways.py
)
WEBHOOK_LOOPBACK = False  # a test that serves a consumer says so
REQUESTS_PER_MINUTE = 1_000_000  # accounts of many tests share an id, and so their count
