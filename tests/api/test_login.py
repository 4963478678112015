"""/api/auth/: logging in and out."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import (
    MD5PasswordHasher,
    ScryptPasswordHasher,
    make_password,
)
from django.db.models import QuerySet
from rest_framework.test import APIClient

from api.models import Account, UserAuthToken
from api.services import accounts
from tests.conftest import Customer
from tests.support.factories import AccountFactory

URL = "/api/auth/"
PASSWORD = "correct horse"
REFUSED = {"code": 1001, "data": None, "error": "用户名或密码错误"}
TOO_MANY = {"code": 1429, "data": None, "error": "请求过于频繁，请稍后再试"}
NOT_AUTHENTICATED = {"code": 1001, "data": None, "error": "认证失败"}


@pytest.fixture
def carol(db) -> Account:
    return AccountFactory(username="carol", password=make_password(PASSWORD))


@pytest.fixture
def log_in(anonymous: APIClient) -> Callable[..., Any]:
    def attempt(username: str, password: str, **headers: str) -> Any:
        return anonymous.post(URL, {"username": username, "password": password}, **headers)

    return attempt


@pytest.fixture
def hashed() -> Iterator[list[str]]:
    """The passwords that are hashed, in the order in which it happens."""
    passwords: list[str] = []
    encode = MD5PasswordHasher.encode

    def noted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        passwords.append(password)
        return encode(self, password, salt)

    with patch.object(MD5PasswordHasher, "encode", noted):
        yield passwords


def with_token(token: str) -> Customer:
    customer = Customer(raise_request_exception=False)
    customer.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return customer


def test_name_and_password_give_a_token_that_lets_in(carol, log_in):
    answer = log_in("carol", PASSWORD)

    assert answer.status_code == 200
    token = answer.json()["data"]["token"]
    assert answer.json() == {
        "code": 1000,
        "data": {"username": "carol", "token": token},
        "error": None,
    }
    assert with_token(token).get("/api/shoppingcar/").json()["code"] == 1000


def test_a_token_has_at_least_256_random_bits_and_fits_its_column(carol, log_in):
    tokens = {log_in("carol", PASSWORD).json()["data"]["token"] for _ in range(3)}

    assert len(tokens) == 3
    assert {len(token) for token in tokens} == {43}


def test_a_new_login_replaces_the_old_token(carol, log_in):
    old = log_in("carol", PASSWORD).json()["data"]["token"]
    new = log_in("carol", PASSWORD).json()["data"]["token"]

    assert with_token(old).get("/api/shoppingcar/").status_code == 401
    assert with_token(new).get("/api/shoppingcar/").status_code == 200
    assert UserAuthToken.objects.filter(user=carol).count() == 1


def test_a_login_leaves_the_tokens_of_others_alone(carol, alice, log_in):
    log_in("carol", PASSWORD)

    assert alice.get("/api/shoppingcar/").status_code == 200


@pytest.mark.parametrize(
    ("username", "password"),
    [("carol", "wrong"), ("nobody", PASSWORD), ("CAROL", PASSWORD), ("carol", f" {PASSWORD}")],
)
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(carol, log_in, username, password):
    answer = log_in(username, password)

    assert answer.status_code == 200
    assert answer.json() == REFUSED
    assert not UserAuthToken.objects.exists()


def test_a_refused_login_leaves_the_token_as_it_was(carol, log_in):
    token = log_in("carol", PASSWORD).json()["data"]["token"]

    assert log_in("carol", "wrong").json() == REFUSED

    assert with_token(token).get("/api/shoppingcar/").status_code == 200


@pytest.mark.parametrize("username", ["carol", "nobody"])
def test_a_wrong_name_takes_as_many_hashes_as_a_wrong_password(carol, log_in, hashed, username):
    log_in(username, "wrong")

    assert hashed == ["wrong"]


def test_an_account_without_a_usable_password_takes_a_hash_too(db, log_in, hashed):
    AccountFactory(username="carol", password="!")

    assert log_in("carol", "!").json() == REFUSED
    assert len(hashed) == 1


def test_a_login_renews_a_hash_that_today_s_hasher_would_not_make(carol, log_in, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]

    assert log_in("carol", "wrong").json() == REFUSED
    carol.refresh_from_db()
    assert carol.password.startswith("md5$")

    assert log_in("carol", PASSWORD).json()["code"] == 1000
    carol.refresh_from_db()
    assert carol.password.startswith("scrypt$")
    assert log_in("carol", PASSWORD).json()["code"] == 1000


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "username: 该字段是必填项。"),
        ({"username": "carol"}, "password: 该字段是必填项。"),
        ({"username": "", "password": PASSWORD}, "username: 该字段不能为空。"),
        ({"username": None, "password": PASSWORD}, "username: 该字段不能为 null。"),
        ({"username": 7.5, "password": PASSWORD}, "username: 不是有效的字符串。"),
        ({"username": True, "password": PASSWORD}, "username: 不是有效的字符串。"),
        ({"username": "carol", "password": ["a"]}, "password: 不是有效的字符串。"),
        ({"username": "c" * 65, "password": "x"}, "username: 请确保这个字段不能超过 64 个字符。"),
        (
            {"username": "carol", "password": "x" * 129},
            "password: 请确保这个字段不能超过 128 个字符。",
        ),
        ({"username": "ca\0rol", "password": PASSWORD}, "username: 包含不允许的字符"),
        ({"username": "carol", "password": "\ud800"}, "password: 包含不允许的字符"),
    ],
)
def test_a_malformed_login_names_the_field(carol, anonymous, hashed, body, error):
    answer = anonymous.generic("POST", URL, json.dumps(body), content_type="application/json")

    assert answer.status_code == 400
    assert answer.json() == {"code": 1400, "data": None, "error": error}
    assert hashed == []


def test_a_name_and_a_password_of_digits_may_come_as_numbers(anonymous, db):
    AccountFactory(username="13800138000", password=make_password("20181126"))

    answer = anonymous.post(URL, {"username": 13800138000, "password": 20181126})

    assert answer.json()["data"]["username"] == "13800138000"


@pytest.mark.parametrize("body", ["[]", "null", '"carol"', "7", "{", ""])
def test_a_body_that_is_no_object_is_refused_without_the_names_of_types(anonymous, body):
    answer = anonymous.generic("POST", URL, body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["error"] in {
        "请求体必须是JSON对象",
        "请求体不是合法的JSON",
        "username: 该字段是必填项。",
    }


def test_a_name_gets_so_many_attempts_a_minute_from_an_address(carol, log_in, settings, hashed):
    settings.LOGIN_ATTEMPTS_PER_MINUTE = 3
    for _ in range(3):
        assert log_in("carol", "wrong", REMOTE_ADDR="192.0.2.9").json() == REFUSED
    hashed.clear()

    answer = log_in("carol", PASSWORD, REMOTE_ADDR="192.0.2.9")

    assert answer.status_code == 429
    assert answer.json() == TOO_MANY
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert hashed == []
    assert not UserAuthToken.objects.exists()
    assert log_in("nobody", "wrong", REMOTE_ADDR="192.0.2.9").json() == REFUSED
    assert log_in("carol", PASSWORD, REMOTE_ADDR="192.0.2.1").json()["code"] == 1000


def test_an_address_gets_so_many_attempts_a_minute_for_any_name(carol, log_in, settings):
    settings.LOGIN_ATTEMPTS_PER_MINUTE = 1
    for n in range(10):
        assert log_in(f"nobody-{n}", "wrong").json() == REFUSED

    assert log_in("carol", PASSWORD).json() == TOO_MANY
    assert log_in("carol", PASSWORD, REMOTE_ADDR="192.0.2.9").json()["code"] == 1000


def test_ten_attempts_a_minute_are_let_in_unless_the_settings_say_otherwise(carol, log_in):
    codes = [log_in("carol", "wrong").json()["code"] for _ in range(11)]

    assert codes == [1001] * 10 + [1429]


def test_logging_out_ends_the_token_of_this_account_alone(alice, bob):
    answer = alice.delete(URL)

    assert answer.json() == {"code": 1000, "data": "退出成功", "error": None}
    assert alice.get("/api/shoppingcar/").json() == NOT_AUTHENTICATED
    assert alice.delete(URL).status_code == 401
    assert bob.get("/api/shoppingcar/").status_code == 200


def test_logging_out_needs_a_token(anonymous):
    answer = anonymous.delete(URL)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert answer.json() == NOT_AUTHENTICATED


def test_logging_out_with_a_token_that_a_login_has_just_replaced_keeps_the_new_one(carol):
    accounts.renew_token(carol)
    old = UserAuthToken.objects.get(user=carol)  # as the request that is logging out has read it
    new = accounts.renew_token(carol)

    accounts.log_out(old)

    assert with_token(new).get("/api/shoppingcar/").status_code == 200


def test_a_login_whose_row_another_logout_takes_away_half_way_gives_a_token(carol, log_in):
    """Between looking for the account's row of tokens and writing it, the row goes."""
    accounts.renew_token(carol)
    looked_for = QuerySet.get

    def and_then_it_is_gone(self: QuerySet, *args: Any, **kwargs: Any) -> Any:
        found = looked_for(self, *args, **kwargs)
        if self.model is UserAuthToken:
            UserAuthToken.objects.all().delete()
        return found

    with patch.object(QuerySet, "get", and_then_it_is_gone):
        token = log_in("carol", PASSWORD).json()["data"]["token"]

    assert with_token(token).get("/api/shoppingcar/").status_code == 200


# --- A password that changes while somebody logs in -----------------------------------------------


@pytest.fixture
def meanwhile(monkeypatch) -> Callable[..., None]:
    """Does something just after the password of a log-in was checked, so often."""
    check = Account.check_password

    def arrange(event: Callable[[], Any], times: int = 1) -> None:
        pending = [event] * times

        def checked(account: Account, raw: str) -> bool:
            right = check(account, raw)
            if pending:
                pending.pop()()
            return right

        monkeypatch.setattr(Account, "check_password", checked)

    return arrange


def change_password(account: Account, raw: str) -> None:
    Account.objects.filter(pk=account.pk).update(password=make_password(raw))
    UserAuthToken.objects.filter(user=account).delete()


def test_a_login_with_the_old_password_gives_no_token_after_the_change(carol, log_in, meanwhile):
    meanwhile(lambda: change_password(carol, "battery staple"))

    assert log_in("carol", PASSWORD).json() == REFUSED
    assert not UserAuthToken.objects.exists()
    assert log_in("carol", "battery staple").json()["code"] == 1000


def test_a_login_goes_on_when_another_one_renews_the_hash(carol, log_in, meanwhile):
    renewed = make_password(PASSWORD)
    meanwhile(lambda: Account.objects.filter(pk=carol.pk).update(password=renewed))

    assert log_in("carol", PASSWORD).json()["code"] == 1000


@pytest.mark.parametrize(("times", "code"), [(2, 1000), (3, 1503)])
def test_a_hash_may_change_twice_while_somebody_logs_in(carol, log_in, meanwhile, times, code):
    def renew() -> None:
        Account.objects.filter(pk=carol.pk).update(password=make_password(PASSWORD))

    meanwhile(renew, times)

    assert log_in("carol", PASSWORD).json()["code"] == code
    assert UserAuthToken.objects.exists() == (code == 1000)


def test_renewing_a_hash_does_not_bring_the_old_password_back(carol, log_in, settings, monkeypatch):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    new = make_password("battery staple")
    encode = ScryptPasswordHasher.encode

    def slowly(self: Any, password: str, *args: Any, **kwargs: Any) -> str:
        if password == PASSWORD:
            Account.objects.filter(pk=carol.pk).update(password=new)
        return encode(self, password, *args, **kwargs)

    monkeypatch.setattr(ScryptPasswordHasher, "encode", slowly)

    assert log_in("carol", PASSWORD).json() == REFUSED
    carol.refresh_from_db()
    assert carol.password == new
