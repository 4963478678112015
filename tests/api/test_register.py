"""/api/account/: registering."""

import json
from importlib import import_module
from typing import Any
from unittest.mock import Mock

import pytest
from django.apps import apps
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection
from rest_framework.test import APIClient

from api.models import Account, UserAuthToken
from tests.support.factories import AccountFactory

URL = "/api/account/"
PASSWORD = "correct horse"
NO_SEPARATORS = "不能包含空格、逗号、顿号或分号"
TAKEN = {"code": 1002, "data": None, "error": "用户名已存在"}


def register(client: APIClient, username: Any = "dave", password: Any = PASSWORD) -> Any:
    body = json.dumps({"username": username, "password": password})
    return client.generic("POST", URL, body, content_type="application/json")


def test_it_makes_an_account_that_can_log_in(anonymous):
    answer = register(anonymous)

    assert answer.status_code == 200
    assert answer.json() == {"code": 1000, "data": {"username": "dave"}, "error": None}
    logged_in = anonymous.post("/api/auth/", {"username": "dave", "password": PASSWORD}).json()
    assert logged_in["data"]["username"] == "dave"


def test_the_password_is_kept_as_a_hash_and_no_token_is_given_yet(anonymous):
    register(anonymous)

    account = Account.objects.get()
    assert PASSWORD not in account.password
    assert check_password(PASSWORD, account.password)
    assert not UserAuthToken.objects.exists()


def test_spaces_around_the_name_do_not_count_and_those_of_the_password_do(anonymous):
    assert register(anonymous, " dave ", " correct horse ").json()["data"] == {"username": "dave"}
    assert Account.objects.get(username="dave").check_password(" correct horse ")


@pytest.mark.parametrize(
    "username",
    [
        "ab",
        "a" * 64,
        "张三",
        "o'neill",
        "%_*",
        "алиса",
        "luffy路飞",
        "ルフィ子",
        "ｂｏｂ",
        "josé",
        "Łukasz",
        "nguyễn",
    ],
)
def test_a_name_has_2_to_64_characters_that_can_be_seen(anonymous, username):
    assert register(anonymous, username).json()["data"] == {"username": username}


@pytest.mark.parametrize(
    ("username", "error"),
    [
        ("a", "username: 请确保这个字段至少包含 2 个字符。"),
        ("  a  ", "username: 请确保这个字段至少包含 2 个字符。"),
        ("a" * 65, "username: 请确保这个字段不能超过 64 个字符。"),
        ("", "username: 该字段不能为空。"),
        (None, "username: 该字段不能为 null。"),
        (1.5, "username: 不是有效的字符串。"),
        (True, "username: 不是有效的字符串。"),
        ({"a": 1}, "username: 不是有效的字符串。"),
        ("da\0ve", "username: 包含不允许的字符"),
        ("\ud800dave", "username: 包含不允许的字符"),
        ("da\nve", f"username: {NO_SEPARATORS}"),
        ("da\x1bve", "username: 包含不允许的字符"),
        ("alex\u3164", "username: 包含不允许的字符"),  # a letter of Hangul that is not seen
        ("al\u034fex", "username: 包含不允许的字符"),
        ("alex\ufe0f", "username: 包含不允许的字符"),
        ("a\u202eb", "username: 包含不允许的字符"),
        ("a b", f"username: {NO_SEPARATORS}"),
        ("a,b", f"username: {NO_SEPARATORS}"),
        ("a；b", f"username: {NO_SEPARATORS}"),
        ("a､b", f"username: {NO_SEPARATORS}"),
        ("\u0430lex", "username: 不能混用容易混淆的文字"),  # a Cyrillic a
        ("αlex", "username: 不能混用容易混淆的文字"),
        ("路飞\u0430", "username: 不能混用容易混淆的文字"),
        ("user\u0661", "username: 不能混用容易混淆的文字"),  # an Arabic 1
        ("ɑlex", "username: 包含不允许的字符"),  # a letter of phonetics
        ("ᴀlex", "username: 包含不允许的字符"),
        ("ꞵob", "username: 包含不允许的字符"),
        ("a\u01c0ex", "username: 包含不允许的字符"),  # a click
        ("ᎪᏞᎬᏘ", "username: 包含不允许的字符"),  # Cherokee
        ("㎨" * 30, "username: 太长"),
        ("da\u200bve", "username: 包含不允许的字符"),
        ("da\u3000ve", f"username: {NO_SEPARATORS}"),
    ],
)
def test_another_name_is_malformed_and_makes_nothing(anonymous, username, error):
    answer = register(anonymous, username)

    assert answer.status_code == 400
    assert answer.json() == {"code": 1400, "data": None, "error": error}
    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("kx3-vq9", "password: 密码太短了，至少需要8个字符。"),
        ("83719465028", "password: 密码只包含数字。"),
        ("password1", "password: 这个密码太常见了。"),
        ("davydave-dave", "password: 密码跟 用户名 太相似了。"),
        ("", "password: 该字段不能为空。"),
        ("x" * 129, "password: 请确保这个字段不能超过 128 个字符。"),
        (12345678901, "password: 不是有效的字符串。"),
        ("correct\0horse", "password: 包含不允许的字符"),
    ],
)
def test_a_weak_password_is_refused_in_chinese_and_makes_nothing(anonymous, password, error):
    answer = register(anonymous, "davydave", password)

    assert answer.status_code == 400
    assert answer.json() == {"code": 1400, "data": None, "error": error}
    assert not Account.objects.exists()


def test_a_taken_name_is_refused_and_its_account_stays_as_it_is(anonymous):
    taken = AccountFactory(username="dave", password="!")

    answer = register(anonymous)

    assert answer.status_code == 200
    assert answer.json() == TAKEN
    assert Account.objects.values_list("pk", "username", "password").get() == (
        taken.pk,
        "dave",
        "!",
    )


def test_a_name_that_is_taken_half_way_is_refused_too(anonymous, monkeypatch):
    set_password = Account.set_password

    def while_another_registers(account: Account, raw: str) -> None:
        set_password(account, raw)
        AccountFactory(username="dave", password="!")

    monkeypatch.setattr(Account, "set_password", while_another_registers)

    assert register(anonymous).json() == TAKEN
    assert Account.objects.get().password == "!"


@pytest.mark.parametrize("twin", ["DAVE", "Dave", "ｄａｖｅ", "ＤＡＶＥ", "𝐝𝐚𝐯𝐞"])
def test_a_name_that_looks_like_a_taken_one_is_taken_both_ways(anonymous, twin):
    for first, second in (("dave", twin), (twin, "dave")):
        Account.objects.all().delete()
        assert register(anonymous, first).json()["code"] == 1000

        assert register(anonymous, second).json() == TAKEN
        assert Account.objects.get().username == first


@pytest.mark.parametrize(
    ("taken", "twin"),
    [
        ("coco", "\u0441\u043e\u0441\u043e"),
        ("BOBA", "\u0412\u041e\u0412\u0410"),  # capitals, whose small letters differ
        ("KOT", "\u041a\u041e\u0422"),
        ("MAX", "\u039c\u0391\u03a7"),
        ("alice", "al\u0131ce"),
        ("ono", "\u0585\u0578\u0585"),
    ],
)
def test_a_name_all_of_look_alikes_is_taken_too(anonymous, taken, twin):
    register(anonymous, taken)

    assert register(anonymous, twin).json() == TAKEN


def test_a_name_of_digits_may_come_as_a_number(anonymous):
    assert register(anonymous, 13800138000).json()["data"] == {"username": "13800138000"}


def test_the_name_as_it_was_typed_logs_in_and_so_does_one_that_looks_like_it(anonymous):
    register(anonymous, "Dave")

    for typed in ("Dave", "dave", "ＤＡＶＥ"):
        answer = anonymous.post("/api/auth/", {"username": typed, "password": PASSWORD}).json()
        assert answer["data"]["username"] == "Dave"


def test_older_accounts_that_look_alike_each_log_in_by_their_exact_name(anonymous, db):
    hashed = make_password(PASSWORD)
    AccountFactory(username="DAVE", name_key="dave", password=hashed)
    AccountFactory(username="dave", name_key=None, password=hashed)

    for typed in ("DAVE", "dave"):
        answer = anonymous.post("/api/auth/", {"username": typed, "password": PASSWORD}).json()
        assert answer["data"]["username"] == typed


def test_the_migration_gives_the_oldest_of_those_that_look_alike_the_key(db, monkeypatch):
    names = ["DAVE", "erin", "dave", "Erin", "㎨" * 60]
    for name in names:
        AccountFactory(username=name)
    migration = import_module("api.migrations.0009_account_name_key")
    monkeypatch.setattr(migration, "BATCH", 2)

    migration.fill(apps, Mock(connection=connection))

    keys = Account.objects.order_by("pk").values_list("name_key", flat=True)
    assert list(keys) == ["dave", "erin", None, None, None]


def test_registering_is_limited_for_an_address_apart_from_logging_in(anonymous, settings):
    settings.LOGIN_ATTEMPTS_PER_MINUTE = 2
    for name in ("dave-1", "dave-2"):
        assert register(anonymous, name).json()["code"] == 1000

    answer = register(anonymous, "dave-3")

    assert answer.status_code == 429
    assert answer.json()["code"] == 1429
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert not Account.objects.filter(username="dave-3").exists()
    logged_in = anonymous.post("/api/auth/", {"username": "dave-1", "password": PASSWORD})
    assert logged_in.json()["code"] == 1000


@pytest.mark.parametrize("method", ["delete", "put"])
def test_an_account_is_neither_replaced_nor_deleted(alice, method):
    answer = getattr(alice, method)(URL)

    assert answer.status_code == 405
    assert answer.json()["code"] == 1405
