"""What a start needs from the environment: what cannot work is said at once."""

import importlib
import logging
import os
import runpy
import subprocess
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.exceptions import ImproperlyConfigured
from redis.crc import key_slot

import luffy.settings
from api.management.commands.demo import served_at
from luffy.settings.database import database
from luffy.settings.environment import (
    HOST,
    ON_THIS_MACHINE,
    env,
    number,
    read_file,
    several,
    switch,
)
from luffy.settings.redis import checked, redis_cache, sentinels
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


def refusal(**environment: str) -> str:
    """What the settings do not start with, when they are read anew in this environment and no
    other; in this process, for a start of its own takes a second."""
    try:
        settings_with(**environment)
    except ImproperlyConfigured as error:
        return str(error)
    return ""


def settings_with(**environment: str) -> Any:
    """The settings, read anew in this environment and no other."""
    read = {name: module for name, module in sys.modules.items() if _is_of_settings(name)}
    try:
        for name in read:
            del sys.modules[name]
        with mock.patch.dict(os.environ, {"ENV_FILE": os.devnull} | environment, clear=True):
            return importlib.import_module("luffy.settings")
    finally:
        for name in [name for name in sys.modules if _is_of_settings(name)]:
            del sys.modules[name]
        sys.modules.update(read)
        luffy.settings = read["luffy.settings"]


def _is_of_settings(module: str) -> bool:
    return (module + ".").startswith("luffy.settings.")


def assert_refused(said: str, reason: str) -> None:
    assert said.startswith(reason)
    assert "\n" not in said


@pytest.mark.slow
def test_a_production_environment_passes_djangos_deployment_check():
    run = check("--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert run.returncode == 0, run.stderr
    assert "no issues" in run.stdout


@pytest.mark.slow
def test_a_developers_machine_needs_no_more_than_debug():
    run = check(DEBUG="on")

    assert run.returncode == 0, run.stderr


@pytest.mark.slow
def test_debug_is_off_unless_it_is_said_otherwise():
    environment = {name: PRODUCTION[name] for name in PRODUCTION if name != "DEBUG"}
    run = check("--deploy", "--fail-level", "WARNING", **environment)

    assert run.returncode == 0, run.stderr  # security.W018 would say that DEBUG is on


@pytest.mark.slow
def test_front_ends_of_this_machine_may_call_while_debug_is_on_and_not_otherwise():
    (pattern,) = settings_with(DEBUG="on").CORS_ALLOWED_ORIGIN_REGEXES

    assert pattern == ON_THIS_MACHINE
    assert settings_with(**PRODUCTION).CORS_ALLOWED_ORIGIN_REGEXES == []


def test_a_refusal_is_a_sentence_without_a_traceback():
    run = check(**PRODUCTION | {"SECRET_KEY": ""})

    assert run.returncode != 0
    assert run.stderr.startswith("ImproperlyConfigured: SECRET_KEY is not set.")
    assert run.stderr.count("\n") == 1


def test_production_without_a_secret_key_does_not_start():
    assert_refused(refusal(**PRODUCTION | {"SECRET_KEY": ""}), "SECRET_KEY is not set.")


@pytest.mark.parametrize("url", ["", "embedded"])
def test_production_without_a_redis_does_not_start(url: str):
    assert_refused(refusal(**PRODUCTION | {"REDIS_URL": url}), "REDIS_URL is not set")


def test_a_payment_ttl_that_cannot_work_does_not_start():
    assert_refused(
        refusal(**PRODUCTION | {"PAYMENT_TTL": "a week"}), "PAYMENT_TTL must be a whole number."
    )


@pytest.mark.parametrize("path", ["database", "not_installed.Backend", "django tasks.Backend"])
def test_a_backend_of_tasks_that_is_not_there_does_not_start(path: str):
    reason = "TASKS_BACKEND must be the class of an installed backend"
    assert_refused(refusal(**PRODUCTION | {"TASKS_BACKEND": path}), reason)


def test_a_key_template_that_cannot_work_does_not_start():
    assert_refused(
        refusal(**PRODUCTION | {"PAYMENT_KEY": "luffy_payment_%s"}),
        "PAYMENT_KEY must hold exactly 2 times %s",
    )


def test_a_redis_url_that_cannot_work_does_not_start_and_is_not_repeated():
    said = refusal(**PRODUCTION | {"REDIS_URL": "redis://:hush-hush@127.0.0.1:port/0"})

    assert_refused(said, "REDIS_URL must be as in redis://:password@host:6379/0")
    assert "hush" not in said


@pytest.mark.slow
def test_a_redis_cluster_starts_where_an_account_s_keys_share_a_slot():
    run = check("--deploy", "--fail-level", "WARNING", **CLUSTER)

    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:6379/1", "redis://127.0.0.1:6379?db=2", "unix:///run/redis.sock"]
)
def test_a_redis_cluster_that_is_no_cluster_s_url_does_not_start(url: str):
    assert_refused(refusal(**CLUSTER | {"REDIS_URL": url}), "REDIS_CLUSTER is on: REDIS_URL must")


def test_a_redis_cluster_is_never_the_embedded_redis():
    environment = CLUSTER | {"DEBUG": "on", "REDIS_URL": ""}

    assert_refused(refusal(**environment), "REDIS_CLUSTER is on: REDIS_URL must name one of")


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
    assert_refused(
        refusal(**CLUSTER | template), "REDIS_CLUSTER is on: an account's keys must share"
    )


@pytest.mark.parametrize("url", ["127.0.0.1", "mysql://luffy@127.0.0.1/luffy"])
def test_a_database_url_that_cannot_work_does_not_start(url: str):
    assert_refused(refusal(**PRODUCTION | {"DATABASE_URL": url}), "DATABASE_URL must begin with")


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ({"DATABASE_REPLICA_URL": "10.0.0.2"}, "DATABASE_REPLICA_URL must begin with postgres://"),
        ({"DATABASE_REPLICA_URL": "postgres://me:hush@h:port/db"}, "DATABASE_REPLICA_URL must be"),
        ({"DATABASE_REPLICA_URL": "postgres://h/db?foo=bar"}, "DATABASE_REPLICA_URL cannot have"),
        ({"DATABASE_REPLICA_URL": "sqlite:///db"}, "DATABASE_REPLICA_URL must be a PostgreSQL's"),
        (
            {"DATABASE_URL": "sqlite://:memory:", "DATABASE_REPLICA_URL": "postgres://h/db"},
            "DATABASE_REPLICA_URL must be a PostgreSQL's, and so must the database be.",
        ),
    ],
)
def test_a_replica_that_cannot_work_does_not_start(own: dict[str, str], sentence: str):
    said = refusal(**PRODUCTION | {"DATABASE_URL": "postgres://luffy@127.0.0.1/luffy"} | own)

    assert_refused(said, sentence)
    assert "hush" not in said


def test_a_database_url_that_cannot_be_read_does_not_start_and_is_not_repeated():
    said = refusal(**PRODUCTION | {"DATABASE_URL": "postgres://luffy:hush-hush@db:port/luffy"})

    assert_refused(said, "DATABASE_URL must be as in postgres://user:password@host:5432/name")
    assert "hush" not in said


def test_a_redis_database_that_is_no_number_is_not_taken_for_0():
    said = refusal(**PRODUCTION | {"REDIS_URL": "redis://127.0.0.1:6379/luffy"})

    assert_refused(said, "REDIS_URL must be as in redis://:password@host:6379/0")


@pytest.mark.parametrize("option", ["foo=bar", "decode_responses=True", "ssl_cert_reqs=none"])
def test_a_redis_option_that_would_break_every_request_does_not_start(option: str):
    said = refusal(**PRODUCTION | {"REDIS_URL": f"redis://:hush-hush@127.0.0.1:6379/0?{option}"})

    assert_refused(said, f"REDIS_URL cannot have the option '{option.partition('=')[0]}'.")
    assert "hush" not in said


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
    assert_refused(refusal(**PRODUCTION | {"REDIS_URL": url}), "REDIS_URL must be as in")


def test_sentinels_are_read_from_the_url():
    hosts, options = "a:1,[::1]:2,b", "sentinel_password=q%40&ssl_cert_reqs=none"
    url = f"rediss+sentinel://me:p%40ss@{hosts}/Luffy_main/3?{options}"

    assert sentinels(url) == (
        [("a", 1), ("::1", 2), ("b", 26379)],
        "Luffy_main",
        {"password": "q@"},
        "rediss://me:p%40ss@Luffy_main/3?ssl_cert_reqs=none",
    )


@pytest.mark.parametrize(
    "option",
    [
        *("socket_timeout=-1", "socket_timeout=0", "socket_timeout=1e12", "max_connections=0"),
        *("timeout=-1", "health_check_interval=-1", "max_connections=1000000000"),
        *("ssl_cert_reqs=never", "ssl_ca_certs=/nowhere", "ssl_keyfile=/nowhere"),
    ],
)
def test_a_redis_option_of_a_value_that_cannot_work_is_refused(option: str):
    with pytest.raises(ImproperlyConfigured, match=f"^REDIS_URL: {option.partition('=')[0]} "):
        checked(f"rediss://:hush-hush@127.0.0.1:6379/0?{option}")


@pytest.mark.parametrize("port", ["0", "99999"])
def test_a_redis_port_that_there_is_not_is_refused(port: str):
    with pytest.raises(ImproperlyConfigured, match=r"^REDIS_URL must be as in"):
        checked(f"redis://127.0.0.1:{port}/0")


def test_templates_that_make_the_same_key_do_not_start():
    said = refusal(**PRODUCTION | {"PAYMENT_KEY": "luffy_shopping_car_%s_%s"})

    assert_refused(said, "SHOPPING_CAR_KEY, SHOPPING_CAR_INDEX_KEY, PAYMENT_KEY and")


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
    assert_refused(refusal(**PRODUCTION | {name: value}), f"{name} needs values as in")


def test_spaces_around_hosts_do_not_count(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "shop.example, .example.com , [::1]")

    assert several("ALLOWED_HOSTS", [], HOST) == ["shop.example", ".example.com", "[::1]"]


def test_a_log_level_that_there_is_not_does_not_start():
    said = refusal(**PRODUCTION | {"LOG_LEVEL": "LOUD"})

    assert_refused(said, "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR.")


@pytest.mark.parametrize(
    ("text", "level"), [("", "INFO"), ("warning", "WARNING"), (" DEBUG ", "DEBUG")]
)
def test_a_log_level_is_taken_by_its_name(text: str, level: str):
    assert level_of(text) == level


def test_nothing_below_the_log_level_reaches_the_console():
    logs = to_console("WARNING", "text", {"django": PASSED_ON})

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


@pytest.mark.parametrize("text", ["", "a week", "1.5", "1 day", "0x10", "１", "9" * 5000])
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


# --- What would fail later, or keep waiting for ever ----------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("REDIS_TIMEOUT", "1000000000", lambda: redis_cache("redis://127.0.0.1/0")),
        ("REDIS_CONNECT_TIMEOUT", "1000000000", lambda: redis_cache("redis://127.0.0.1/0")),
        ("REDIS_MAX_CONNECTIONS", "1000000000", lambda: redis_cache("redis://127.0.0.1/0")),
        ("DATABASE_STATEMENT_TIMEOUT", "1000000000", database),
        ("DATABASE_CONNECT_TIMEOUT", "1000000000", database),
        ("DATABASE_CONNECT_TIMEOUT", "0", database),
    ],
)
def test_a_time_or_number_that_no_server_takes_is_refused(monkeypatch, name: str, text: str, read):
    monkeypatch.setenv("DATABASE_URL", "postgres://me@h/db")
    monkeypatch.setenv(name, text)

    with pytest.raises(ImproperlyConfigured, match=f"^{name} must be at (most|least) "):
        read()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DESK_SESSION_HOURS", "1000000", "DESK_SESSION_HOURS must be at most 8760."),
        ("REFUND_DAYS", "1000000", "REFUND_DAYS must be at most 36500."),  # no such day
        ("GATEWAY_TIMEOUT", "1000000000", "GATEWAY_TIMEOUT must be at most 2000000."),
        ("GATEWAY_CONNECT_TIMEOUT", "1000000000", "GATEWAY_CONNECT_TIMEOUT must be at most"),
        ("MEDIA_URL", "ftp://cdn.example/", "MEDIA_URL must be as in /media/ or https://"),
        ("MEDIA_ROOT", "media", "MEDIA_ROOT must be a folder, with its whole path: 'media'"),
        ("ARCHIVE_DIR", "archive", "ARCHIVE_DIR must be a folder, with its whole path: 'archive'"),
        ("MEDIA_ROOT", __file__, "MEDIA_ROOT must be a folder"),
        ("SECRET_KEY", "   ", "SECRET_KEY is not set."),
        ("SECRET_KEY", "$abc", "SECRET_KEY begins with $, and so stands for another variable"),
    ],
)
def test_other_values_that_cannot_work_do_not_start(name: str, value: str, sentence: str):
    said = refusal(**PRODUCTION | {name: value})

    assert_refused(said, sentence)
    assert "abc" not in said


def test_a_variable_may_stand_for_another_one(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "$OF_THE_PLATFORM")
    monkeypatch.setenv("OF_THE_PLATFORM", "redis://h/0")

    assert env.str("REDIS_URL") == "redis://h/0"


@pytest.mark.parametrize("value", ["$REDIS_URL", "$nobody", "$", "$$nobody"])
def test_a_variable_that_stands_for_none_is_refused(monkeypatch, value: str):
    monkeypatch.setenv("REDIS_URL", value)

    with pytest.raises(ImproperlyConfigured, match=r"^REDIS_URL begins with \$") as refused:
        env.str("REDIS_URL")
    assert "nobody" not in str(refused.value)


# --- The database ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgres://me:hush@h:0/db", "DATABASE_URL must be as in"),
        ("mysql://me:hush@h/db", "DATABASE_URL must begin with postgres:// or sqlite:///."),
        ("sqlite://db.sqlite3", "DATABASE_URL must begin with postgres:// or sqlite:///."),
        ("postgres://me:hush@h:99999/db", "DATABASE_URL must be as in"),
        ("postgres://me:hush@a:1,b:99999/db", "The port of DATABASE_URL must be at most 65535"),
        ("postgres://me:hush@h", "The database's name must have 1 to 63"),
        ("postgres://me:hush@h/", "The database's name must have 1 to 63"),
        (f"postgres://me:hush@h/{'x' * 64}", "The database's name must have 1 to 63"),
        ("postgres://me:hush@h/db?foo=bar", "DATABASE_URL cannot have the option 'foo'"),
        ("postgres://me:hush@h/db?patience=9", "DATABASE_URL cannot have the option 'patience'"),
        ("postgres://me:hush@h/db?autocommit=off", "DATABASE_URL cannot have the option 'AUTO"),
        ("postgres://me:hush@h/db?sslmode=on", "DATABASE_URL: sslmode must be one of allow, "),
        ("postgres://me:hush@h/db?connect_timeout=soon", "DATABASE_URL: connect_timeout must"),
        (
            "postgres://me:hush@h/db?options=-c%20statement_timeout%3D9",
            "DATABASE_URL sets statement_timeout: say it with DATABASE_STATEMENT_TIMEOUT",
        ),
        ("sqlite:////nowhere/at/all/db", "DATABASE_URL names a file in a directory that is not"),
        ("sqlite:///db?timeout=20", "DATABASE_URL cannot have options behind a ? for SQLite"),
    ],
)
def test_a_database_url_that_would_fail_with_the_first_request_is_refused(
    monkeypatch, url: str, sentence: str
):
    monkeypatch.setenv("DATABASE_URL", url)

    with pytest.raises(ImproperlyConfigured) as refused:
        database()
    assert str(refused.value).startswith(sentence)
    assert "hush" not in str(refused.value)


def test_a_plus_in_a_database_s_password_is_a_plus(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://me:a+b%2Bc%20d@h/db?options=-c+work_mem%3D5MB")

    config = database()
    assert config["PASSWORD"] == "a+b+c d"
    assert config["OPTIONS"]["options"] == "-c work_mem=5MB"


PARTS = {
    "DATABASE_HOST": "db.example.com",
    "DATABASE_NAME": "l u/f?f#y",
    "DATABASE_USER": "me@h:o",
    "DATABASE_PASSWORD": "$a:b@c/d?e#f%20g+h i'j\"k\\${l}价",
}


@pytest.fixture
def parts(monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    for name, value in PARTS.items():
        monkeypatch.setenv(name, value)


def test_the_parts_of_a_database_s_address_may_hold_any_character(parts: None):
    config = database()

    assert config["ENGINE"] == "luffy.postgresql"
    assert (config["HOST"], config["PORT"]) == ("db.example.com", 5432)
    assert [config[part] for part in ("NAME", "USER", "PASSWORD")] == [
        PARTS[f"DATABASE_{part}"] for part in ("NAME", "USER", "PASSWORD")
    ]
    assert config["OPTIONS"]["statement_timeout"] == 5


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DATABASE_URL", "postgres://me@h/db", "DATABASE_URL and DATABASE_HOST are both set"),
        ("DATABASE_HOST", "", "DATABASE_HOST is not set"),
        ("DATABASE_NAME", "", "DATABASE_NAME is not set"),
        ("DATABASE_PORT", "99999", "DATABASE_PORT must be at most 65535."),
        ("DATABASE_PORT", "tcp://10.0.0.1:5432", "DATABASE_PORT must be a whole number."),
    ],
)
def test_parts_that_make_no_address_are_refused(
    monkeypatch, parts: None, name: str, value: str, sentence: str
):
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=f"^{sentence}"):
        database()


# --- The file .env --------------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch) -> dict[str, str]:
    """The environment, empty, and only of this test."""
    environment: dict[str, str] = {}
    monkeypatch.setattr(type(env), "ENVIRON", environment)
    return environment


def test_a_file_with_a_mark_at_its_beginning_is_read(tmp_path: Path, environment):
    file = tmp_path / ".env"
    file.write_text("SECRET_KEY=价$\n\n  # a word\n  \nexport DEBUG='on'\r\n", "utf-8-sig")

    read_file(file)

    assert environment == {"SECRET_KEY": "价$", "DEBUG": "on"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("SECRET_KEY=机密hush".encode("gbk"), "must be saved as UTF-8."),
        ("SECRET_KEY=hush".encode("utf-16"), "must be saved as UTF-8."),
        (b"DEBUG=on\nSECRET_KEY: hush\n", ", line 2: must be as in NAME=value."),
        (b"DEBUG=on\n\nSECRET_KEY = hush\n", ", line 3: must be as in NAME=value."),
        (b"SECRET_KEY=hu\0sh\n", ", line 1: must be as in NAME=value."),
    ],
    ids=["GBK", "UTF-16", "a colon", "spaces", "NUL"],
)
def test_a_file_that_cannot_be_read_is_refused_and_no_line_of_it_is_shown(
    tmp_path: Path, environment, caplog, content: bytes, sentence: str
):
    file = tmp_path / ".env"
    file.write_bytes(content)

    with caplog.at_level(logging.DEBUG), pytest.raises(ImproperlyConfigured) as refused:
        read_file(file)

    assert str(refused.value) == f"{file}{' ' if sentence[0] == 'm' else ''}{sentence}"
    assert "hu" not in caplog.text.replace(str(file), "")
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    assert environment == {}


def test_a_file_that_is_not_there_does_not_start():
    assert_refused(refusal(**PRODUCTION | {"ENV_FILE": "/nowhere/.env"}), "ENV_FILE: /nowhere/.env")


def test_a_file_that_is_a_directory_is_refused(tmp_path: Path):
    with pytest.raises(ImproperlyConfigured, match="cannot be read: Is a directory"):
        read_file(tmp_path)


# --- gunicorn -------------------------------------------------------------------------------------

CONFIG = Path(__file__).parents[2] / "gunicorn.conf.py"


@pytest.fixture
def gunicorn(monkeypatch) -> Any:
    """Its configuration in an environment that says this and nothing else."""

    def configured(**said: str) -> dict[str, Any]:
        for name in ("BIND", "PORT", "WEB_CONCURRENCY", "WEB_THREADS", "LOG_LEVEL"):
            monkeypatch.delenv(name, raising=False)
        for name, value in said.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(CONFIG))

    return configured


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY must be at least 1."),
        ("WEB_CONCURRENCY", "auto", "WEB_CONCURRENCY must be a whole number."),
        ("WEB_CONCURRENCY", "", "WEB_CONCURRENCY must be a whole number."),
        ("WEB_THREADS", "0", "WEB_THREADS must be at least 1."),
        ("WEB_THREADS", "1000000", "WEB_THREADS must be at most 1000."),
        ("PORT", "99999", "PORT must be at most 65535."),
        ("PORT", "http", "PORT must be a whole number."),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR."),
        ("BIND", "0.0.0.0:99999", "BIND must be as in 0.0.0.0:8000"),
        ("BIND", "0.0.0.0:0", "BIND must be as in 0.0.0.0:8000"),
        ("BIND", "0.0.0.0", "BIND must be as in 0.0.0.0:8000"),
        ("BIND", "http://0.0.0.0:8000", "BIND must be as in 0.0.0.0:8000"),
        ("BIND", "127.0.0.1:8000,", "BIND must be as in 0.0.0.0:8000"),
    ],
)
def test_a_server_that_could_serve_nobody_does_not_start(
    gunicorn, name: str, value: str, sentence: str
):
    with pytest.raises(SystemExit) as refused:
        gunicorn(**{name: value})
    assert str(refused.value).startswith(f"ImproperlyConfigured: {sentence}")


def test_gunicorn_says_what_is_wrong_with_the_settings_and_starts_no_worker():
    run = subprocess.run(
        [sys.executable, "-m", "gunicorn", "luffy.wsgi"],
        cwd=MANAGE.parent,
        env={"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "BIND": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.returncode != 0
    assert "\nImproperlyConfigured: SECRET_KEY is not set." in f"\n{run.stderr}"
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("said", "bind"),
    [
        ({}, ["127.0.0.1:8000"]),
        ({"PORT": "80"}, ["127.0.0.1:80"]),
        ({"PORT": "80", "BIND": "127.0.0.1:8001"}, ["127.0.0.1:8001"]),
        ({"BIND": "[::1]:8000, unix:/run/luffy.sock"}, ["[::1]:8000", "unix:/run/luffy.sock"]),
        ({"BIND": ":8000"}, [":8000"]),
    ],
)
def test_a_server_is_bound_to_what_the_environment_says(gunicorn, said: dict[str, str], bind):
    config = gunicorn(**said)

    assert (config["bind"], config["workers"], config["threads"]) == (bind, 2, 4)


@pytest.mark.parametrize("place", ["127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1:", "8000"])
def test_the_demo_is_not_served_at_a_port_that_there_is_not(place: str):
    with pytest.raises(ArgumentTypeError, match=r"^PORT must be a whole number from 1 to 65535\.$"):
        served_at(place)


def test_a_server_without_a_host_to_answer_for_does_not_start(settings):
    settings.ALLOWED_HOSTS, settings.DEBUG = [], False

    with pytest.raises(ImproperlyConfigured, match=r"^ALLOWED_HOSTS is not set"):
        runpy.run_path(str(CONFIG.parent / "luffy" / "wsgi.py"))
