"""What a start needs from the environment: what cannot work is said at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from django.core.exceptions import ImproperlyConfigured
from redis.crc import key_slot

from api.gateways.local import keys
from luffy.settings.environment import HOST, number, several, switch
from luffy.settings.redis import sentinels
from luffy.settings.shop import apart, in_one_slot, key_template
from utils.logs import PASSED_ON, level_of, to_console

MANAGE = Path(__file__).parents[2] / "manage.py"
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": "fN3!kq8zL0w^pYx2#tR7vJ5sBhD9mQ4cUe6gA1iOKXWZPVTSRM",
    "ALLOWED_HOSTS": "shop.example",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "HTTPS": "on",
    "HSTS_SECONDS": "31536000",
    "HSTS_INCLUDE_SUBDOMAINS": "on",
    "HSTS_PRELOAD": "on",
}
CLUSTER = PRODUCTION | {
    "REDIS_CLUSTER": "on",
    "SHOPPING_CAR_KEY": "luffy_shopping_car_{%s}_%s",
    "SHOPPING_CAR_INDEX_KEY": "luffy_car_index_{%s}",
    "PAYMENT_KEY": "luffy_payment_{%s}_%s",
    "PAYMENT_COUPON_KEY": "luffy_payment_coupon_{%s}",
}


def check(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check` in this environment and no other."""
    return subprocess.run(
        [sys.executable, MANAGE, "check", *options],
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "luffy.settings",
            "ENV_FILE": os.devnull,  # not the developer's
        }
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def assert_refused(run: subprocess.CompletedProcess[str], reason: str) -> None:
    assert run.returncode != 0
    assert f"ImproperlyConfigured: {reason}" in run.stderr


def test_a_production_environment_passes_djangos_deployment_check():
    run = check("--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert run.returncode == 0, run.stderr
    assert "no issues" in run.stdout


def test_a_developers_machine_needs_no_more_than_debug():
    run = check(DEBUG="on")

    assert run.returncode == 0, run.stderr


def test_debug_is_off_unless_it_is_said_otherwise():
    environment = {name: PRODUCTION[name] for name in PRODUCTION if name != "DEBUG"}
    run = check("--deploy", "--fail-level", "WARNING", **environment)

    assert run.returncode == 0, run.stderr  # security.W018 would say that DEBUG is on


def test_production_without_a_secret_key_does_not_start():
    assert_refused(check(**PRODUCTION | {"SECRET_KEY": ""}), "SECRET_KEY is not set.")


@pytest.mark.parametrize("url", ["", "embedded"])
def test_production_without_a_redis_does_not_start(url: str):
    assert_refused(check(**PRODUCTION | {"REDIS_URL": url}), "REDIS_URL is not set")


def test_a_payment_ttl_that_cannot_work_does_not_start():
    assert_refused(
        check(**PRODUCTION | {"PAYMENT_TTL": "a week"}), "PAYMENT_TTL must be a whole number."
    )


def test_a_key_template_that_cannot_work_does_not_start():
    assert_refused(
        check(**PRODUCTION | {"PAYMENT_KEY": "luffy_payment_%s"}),
        "PAYMENT_KEY must hold exactly 2 times %s",
    )


def test_a_redis_url_that_cannot_work_does_not_start_and_is_not_repeated():
    run = check(**PRODUCTION | {"REDIS_URL": "redis://:hush-hush@127.0.0.1:port/0"})

    assert_refused(run, "REDIS_URL must be as in redis://:password@host:6379/0")
    assert "hush" not in run.stderr


def test_a_redis_cluster_starts_where_an_account_s_keys_share_a_slot():
    run = check("--deploy", "--fail-level", "WARNING", **CLUSTER)

    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:6379/1", "redis://127.0.0.1:6379?db=2", "unix:///run/redis.sock"]
)
def test_a_redis_cluster_that_is_no_cluster_s_url_does_not_start(url: str):
    assert_refused(check(**CLUSTER | {"REDIS_URL": url}), "REDIS_CLUSTER is on: REDIS_URL must")


def test_a_redis_cluster_is_never_the_embedded_redis():
    environment = CLUSTER | {"DEBUG": "on", "REDIS_URL": ""}

    assert_refused(check(**environment), "REDIS_CLUSTER is on: REDIS_URL must name one of")


@pytest.mark.parametrize(
    "template",
    [
        {"SHOPPING_CAR_KEY": "luffy_shopping_car_%s_%s"},
        {"SHOPPING_CAR_INDEX_KEY": "luffy_car_index_%s"},
        {"PAYMENT_KEY": "luffy_payment_%s_%s"},
        {"PAYMENT_COUPON_KEY": "luffy_payment_coupon_%s"},
    ],
    ids=lambda template: next(iter(template)),
)
def test_a_redis_cluster_that_would_part_an_account_s_keys_does_not_start(template):
    assert_refused(check(**CLUSTER | template), "REDIS_CLUSTER is on: an account's keys must share")


@pytest.mark.parametrize("url", ["127.0.0.1", "mysql://luffy@127.0.0.1/luffy"])
def test_a_database_url_that_cannot_work_does_not_start(url: str):
    assert_refused(check(**PRODUCTION | {"DATABASE_URL": url}), "DATABASE_URL must begin with")


def test_a_database_url_that_cannot_be_read_does_not_start_and_is_not_repeated():
    run = check(**PRODUCTION | {"DATABASE_URL": "postgres://luffy:hush-hush@db:port/luffy"})

    assert_refused(run, "DATABASE_URL must be as in postgres://user:password@host:5432/name")
    assert "hush" not in run.stderr


def test_a_redis_database_that_is_no_number_is_not_taken_for_0():
    run = check(**PRODUCTION | {"REDIS_URL": "redis://127.0.0.1:6379/luffy"})

    assert_refused(run, "REDIS_URL must be as in redis://:password@host:6379/0")


@pytest.mark.parametrize("option", ["foo=bar", "decode_responses=True", "ssl_cert_reqs=none"])
def test_a_redis_option_that_would_break_every_request_does_not_start(option: str):
    run = check(**PRODUCTION | {"REDIS_URL": f"redis://:hush-hush@127.0.0.1:6379/0?{option}"})

    assert_refused(run, f"REDIS_URL cannot have the option '{option.partition('=')[0]}'.")
    assert "hush" not in run.stderr


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://127.0.0.1:26379",
        "redis+sentinel://127.0.0.1:26379/",
        "redis+sentinel:///luffy/0",
        "redis+sentinel://127.0.0.1:26379,/luffy/0",
        "redis+sentinel://127.0.0.1:26379/luffy/first",
        "redis+sentinel://127.0.0.1:port/luffy/0",
    ],
)
def test_sentinels_that_cannot_be_read_do_not_start(url: str):
    assert_refused(check(**PRODUCTION | {"REDIS_URL": url}), "REDIS_URL must be as in")


def test_sentinels_are_read_from_the_url():
    hosts, options = "a:1,[::1]:2,b", "sentinel_password=q%40&ssl_cert_reqs=none"
    url = f"rediss+sentinel://me:p%40ss@{hosts}/Luffy_main/3?{options}"

    assert sentinels(url) == (
        [("a", 1), ("::1", 2), ("b", 26379)],
        "Luffy_main",
        {"password": "q@"},
        "rediss://me:p%40ss@Luffy_main/3?ssl_cert_reqs=none",
    )


def test_templates_that_make_the_same_key_do_not_start():
    run = check(**PRODUCTION | {"PAYMENT_KEY": "luffy_shopping_car_%s_%s"})

    assert_refused(run, "SHOPPING_CAR_KEY, SHOPPING_CAR_INDEX_KEY, PAYMENT_KEY and")


@pytest.mark.parametrize(
    ("templates", "they_are"),
    [
        (["car_%s_%s", "payment_%s_%s", "coupon_%s", "index_%s"], True),
        (["payment_%s_%s", "payment_coupon_%s"], True),
        (["payment_%s_%s", "payment_%s_%s"], False),
        (["payment_%s_%s", "payment_%s_1"], False),
        (["payment_1_%s", "payment_%s_%s"], False),
    ],
)
def test_templates_are_apart_if_no_ids_make_the_same_key(templates: list[str], they_are: bool):
    assert apart(*templates) is they_are


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", "https://shop.example"),
        ("ALLOWED_HOSTS", "shop.example:443"),
        ("CSRF_TRUSTED_ORIGINS", "shop.example"),
        ("CSRF_TRUSTED_ORIGINS", "https://shop.example/"),
    ],
)
def test_hosts_and_origins_that_cannot_match_do_not_start(name: str, value: str):
    assert_refused(check(**PRODUCTION | {name: value}), f"{name} needs values as in")


def test_spaces_around_hosts_do_not_count(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "shop.example, .example.com , [::1]")

    assert several("ALLOWED_HOSTS", [], HOST) == ["shop.example", ".example.com", "[::1]"]


def test_a_log_level_that_there_is_not_does_not_start():
    run = check(**PRODUCTION | {"LOG_LEVEL": "LOUD"})

    assert_refused(run, "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR.")


@pytest.mark.parametrize(
    ("text", "level"), [("", "INFO"), ("warning", "WARNING"), (" DEBUG ", "DEBUG")]
)
def test_a_log_level_is_taken_by_its_name(text: str, level: str):
    assert level_of(text) == level


def test_nothing_below_the_log_level_reaches_the_console():
    logs = to_console("WARNING", {"django": PASSED_ON})

    assert logs["handlers"]["console"]["level"] == logs["root"]["level"] == "WARNING"


@pytest.mark.parametrize("text", ["treu", "2", "on off"])
def test_a_switch_is_on_or_off(monkeypatch, text: str):
    monkeypatch.setenv("HTTPS", text)

    with pytest.raises(ImproperlyConfigured, match=r"^HTTPS must be on or off\.$"):
        switch("HTTPS", True)


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [("on", False, True), ("True", False, True), ("0", True, False), ("", True, True)],
)
def test_a_switch_is_taken_from_the_environment(monkeypatch, text: str, default: bool, value: bool):
    monkeypatch.setenv("HTTPS", text)

    assert switch("HTTPS", default) is value


@pytest.mark.parametrize("text", ["", "a week", "1.5", "1 day", "0x10"])
def test_a_number_is_a_whole_one(monkeypatch, text: str):
    monkeypatch.setenv("PAYMENT_TTL", text)

    with pytest.raises(ImproperlyConfigured, match=r"^PAYMENT_TTL must be a whole number\.$"):
        number("PAYMENT_TTL", 7)


def test_a_number_is_not_smaller_than_it_can_be(monkeypatch):
    monkeypatch.setenv("PAYMENT_TTL", "-1")

    with pytest.raises(ImproperlyConfigured, match=r"^PAYMENT_TTL must be at least 0\.$"):
        number("PAYMENT_TTL", 7)


def test_a_number_is_not_larger_than_redis_can_count(monkeypatch):
    monkeypatch.setenv("PAYMENT_TTL", str(10**9 + 1))

    with pytest.raises(ImproperlyConfigured, match=r"^PAYMENT_TTL must be at most 1000000000\.$"):
        number("PAYMENT_TTL", 7)


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("86400", 86400), ("1000000000", 10**9)])
def test_a_number_is_taken_from_the_environment(monkeypatch, text: str, value: int):
    monkeypatch.setenv("PAYMENT_TTL", text)

    assert number("PAYMENT_TTL", 7) == value


@pytest.mark.parametrize(
    "template",
    [
        "",
        "luffy_payment",
        "luffy_payment_%s",
        "luffy_payment_%s_%s_%s",
        "luffy_payment_%d_%d",
        "luffy_payment_%s_%s_%",
        "luffy_payment_%%s_%s",
        "luffy_payment_%(account)s_%s",
        "luffy_payment_{}_{}",
    ],
)
def test_a_key_template_takes_two_ids(monkeypatch, template: str):
    monkeypatch.setenv("PAYMENT_KEY", template)

    with pytest.raises(ImproperlyConfigured, match=r"^PAYMENT_KEY must hold exactly 2 times %s"):
        key_template("PAYMENT_KEY", "luffy_payment_%s_%s", ids=2)


@pytest.mark.parametrize("template", ["luffy_payment_%s%s", "luffy_payment_%s0%s"])
def test_a_key_template_keeps_the_ids_apart(monkeypatch, template: str):
    monkeypatch.setenv("PAYMENT_KEY", template)

    with pytest.raises(ImproperlyConfigured, match=r"^PAYMENT_KEY must keep the two %s apart"):
        key_template("PAYMENT_KEY", "luffy_payment_%s_%s", ids=2)


@pytest.mark.parametrize(
    "template", ["luffy_payment_%s_%s", "luffy_payment_{%s}_%s", "%s:%s", "支付%s-0-%s]*"]
)
def test_a_key_template_is_taken_from_the_environment(monkeypatch, template: str):
    monkeypatch.setenv("PAYMENT_KEY", template)

    assert key_template("PAYMENT_KEY", "luffy_payment_%s_%s", ids=2) == template


@pytest.mark.parametrize(
    ("templates", "share"),
    [
        (["payment_{%s}_%s", "coupon_{%s}"], True),
        (["{account-%s}:%s", "coupon:{account-%s}"], True),
        (["{{%s}_%s", "coupon_{{%s}"], True),  # both tags are {%s
        (["payment_%s_%s", "coupon_%s"], False),
        (["payment_{%s}_%s", "coupon_%s"], False),
        (["payment_%s_{%s}", "coupon_{%s}"], False),  # the course's
        (["payment_{%s_%s}", "coupon_{%s}"], False),
        (["{payment}_%s_%s", "{payment}_%s"], False),  # all accounts' keys on one node
        (["payment_{%s}_%s", "coupon_{a%s}"], False),
        (["payment_{}_{%s}_%s", "coupon_{}_{%s}"], False),  # only the first {} counts
        (["payment_{%s_%s", "coupon_{%s"], False),
    ],
)
def test_templates_share_a_slot_by_a_hash_tag_around_the_account(templates, share: bool):
    assert in_one_slot(*templates) is share


@pytest.mark.parametrize(("account", "course"), [(1, 1), (12, 3), (999, 10**9)])
def test_redis_agrees_about_what_shares_a_slot(account: int, course: int):
    for payment, coupon in (("payment_{%s}_%s", "coupon_{%s}"), ("{{%s}_%s", "coupon_{{%s}")):
        slots = {key_slot(key.encode()) for key in (payment % (account, course), coupon % account)}
        assert len(slots) == 1


# --- Payments -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A merchant's environment, with keys as they are."""
    pairs = keys.pairs(tmp_path_factory.mktemp("keys"))
    return PRODUCTION | {
        "PUBLIC_URL": "https://shop.example.com",
        "ALIPAY_APP_ID": "2021000000000001",
        "ALIPAY_SELLER_ID": "2088000000000001",
        "ALIPAY_PRIVATE_KEY": pairs.merchant_private.replace("\n", "\\n"),
        "ALIPAY_PUBLIC_KEY": pairs.gateway_public.replace("\n", "\\n"),
    }


def test_a_merchant_passes_djangos_deployment_check(merchant):
    run = check("--deploy", "--fail-level", "WARNING", **merchant)

    assert run.returncode == 0, run.stderr


def test_a_key_may_be_a_file_or_bare_base64(merchant, tmp_path):
    file = tmp_path / "private.pem"
    file.write_text(merchant["ALIPAY_PRIVATE_KEY"].replace("\\n", "\n"))
    bare = "".join(merchant["ALIPAY_PUBLIC_KEY"].split("\\n")[1:-2])

    run = check(**merchant | {"ALIPAY_PRIVATE_KEY": str(file), "ALIPAY_PUBLIC_KEY": bare})

    assert run.returncode == 0, run.stderr


PAYMENTS_REFUSED = [
    ({"ALIPAY_SELLER_ID": ""}, "Alipay is set in part: ALIPAY_SELLER_ID is missing."),
    ({"ALIPAY_SELLER_ID": "2088"}, "ALIPAY_SELLER_ID must be a partner id, 2088 and 12 digits"),
    ({"ALIPAY_APP_ID": "app"}, "ALIPAY_APP_ID must be the application's number"),
    ({"ALIPAY_PRIVATE_KEY": "-----BEGIN"}, "ALIPAY_PRIVATE_KEY must be an RSA private key"),
    ({"ALIPAY_PUBLIC_KEY": "A" * 300}, "ALIPAY_PUBLIC_KEY must be an RSA public key"),
    ({"ALIPAY_PUBLIC_KEY": "/no/such/file"}, "ALIPAY_PUBLIC_KEY is neither PEM nor the name of a"),
    ({"PUBLIC_URL": ""}, "PUBLIC_URL is not set, and no gateway could send its notifications."),
    ({"PUBLIC_URL": "http://shop.example.com"}, "PUBLIC_URL must be as in https://"),
    ({"PUBLIC_URL": "https://shop.example.com/?a=1"}, "PUBLIC_URL must be as in https://"),
    ({"ALIPAY_GATEWAY": "http://pay.example.com"}, "ALIPAY_GATEWAY must be as in https://"),
    ({"ALIPAY_GATEWAY": "https://[pay"}, "ALIPAY_GATEWAY is no address"),
    ({"FRONTEND_ORDER_URL": "https://www.example.com/"}, "FRONTEND_ORDER_URL must be as in"),
    ({"FRONTEND_ORDER_URL": "/order/%s"}, "FRONTEND_ORDER_URL must be as in"),
]


@pytest.mark.parametrize(("wrong", "reason"), PAYMENTS_REFUSED, ids=lambda value: str(value)[:60])
def test_a_merchant_that_cannot_work_does_not_start(merchant, wrong, reason):
    assert_refused(check(**merchant | wrong), reason)


def test_the_application_s_own_public_key_is_not_taken_for_alipays(merchant):
    private = merchant["ALIPAY_PRIVATE_KEY"].replace("\\n", "\n").encode()
    public = serialization.load_pem_private_key(private, None).public_key()
    own = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()

    assert_refused(
        check(**merchant | {"ALIPAY_PUBLIC_KEY": own}),
        "ALIPAY_PUBLIC_KEY is the application's own public key.",
    )


def test_a_gateway_on_this_machine_may_be_reached_by_http(merchant):
    run = check(**merchant | {"ALIPAY_GATEWAY": "http://127.0.0.1:9000/gateway.do"})

    assert run.returncode == 0, run.stderr


def wechat(merchant: dict[str, str]) -> dict[str, str]:
    """The same merchant at WeChat Pay only."""
    own = {name: value for name, value in merchant.items() if not name.startswith("ALIPAY")}
    return own | {
        "WECHATPAY_MCHID": "1900000001",
        "WECHATPAY_APPID": "wx0000000000000001",
        "WECHATPAY_SERIAL": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        "WECHATPAY_PRIVATE_KEY": merchant["ALIPAY_PRIVATE_KEY"],
        "WECHATPAY_APIV3_KEY": "0123456789abcdef0123456789abcdef",
        "WECHATPAY_PUBLIC_KEY_ID": "PUB_KEY_ID_0114232134912410000000000001",
        "WECHATPAY_PUBLIC_KEY": merchant["ALIPAY_PUBLIC_KEY"],
    }


def test_a_merchant_of_wechat_passes(merchant):
    run = check(**wechat(merchant))

    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"WECHATPAY_APIV3_KEY": ""}, "WeChat Pay is set in part: WECHATPAY_APIV3_KEY is missing."),
        ({"WECHATPAY_APIV3_KEY": "short"}, "WECHATPAY_APIV3_KEY must have exactly 32 characters."),
        ({"WECHATPAY_PUBLIC_KEY_ID": "5157F0"}, "WECHATPAY_PUBLIC_KEY_ID must be as in PUB_KEY_ID"),
        ({"WECHATPAY_MCHID": "shop"}, "WECHATPAY_MCHID must be the merchant's number"),
        ({"WECHATPAY_GATEWAY": "ftp://x"}, "WECHATPAY_GATEWAY must be as in https://"),
        ({"PUBLIC_URL": ""}, "PUBLIC_URL is not set, and no gateway could send"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_merchant_of_wechat_that_cannot_work_does_not_start(merchant, wrong, reason):
    assert_refused(check(**wechat(merchant) | wrong), reason)
