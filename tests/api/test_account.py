"""/api/account/ of somebody who is logged in: who one is, and a new password."""

from typing import Any

import pytest
from django.contrib.auth.hashers import make_password

from api.models import Account, UserAuthToken
from api.services import accounts
from tests.conftest import Customer

URL, CAR = "/api/account/", "/api/shoppingcar/"
OLD, NEW = "correct horse", "battery staple"
REFUSED = {"code": 1003, "data": None, "error": "原密码错误"}


@pytest.fixture
def carol(client_of: Any) -> Customer:
    return client_of("carol", user__password=make_password(OLD))


def change(customer: Customer, old: Any = OLD, new: Any = NEW, **headers: str) -> Any:
    return customer.patch(URL, {"old_password": old, "password": new}, **headers)


def may_come_in(token: str) -> bool:
    return Customer().get(f"{CAR}?token={token}").status_code == 200


def test_an_account_reads_its_name_and_nothing_secret(carol):
    answer = carol.get(URL)

    assert answer.json() == {"code": 1000, "data": {"username": "carol"}, "error": None}


@pytest.mark.parametrize("method", ["get", "patch"])
def test_it_needs_a_token(anonymous, method: str):
    assert getattr(anonymous, method)(URL).status_code == 401


def test_a_new_password_ends_the_token_and_gives_another(carol):
    answer = change(carol)

    data = answer.json()["data"]
    assert answer.json()["code"] == 1000
    assert data.keys() == {"username", "token"}
    assert carol.get(CAR).status_code == 401
    assert may_come_in(data["token"])
    for password, code in ((OLD, 1001), (NEW, 1000)):
        logged_in = carol.post("/api/auth/", {"username": "carol", "password": password})
        assert logged_in.json()["code"] == code


def test_a_wrong_old_password_changes_nothing(carol):
    before = Account.objects.values().get()

    assert change(carol, "wrong").json() == REFUSED

    assert Account.objects.values().get() == before
    assert carol.get(CAR).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (OLD, "short", "password: 密码太短了，至少需要8个字符。"),
        (OLD, "carol-ca", "password: 密码跟 用户名 太相似了。"),
        (OLD, None, "password: 该字段不能为 null。"),
        ("", NEW, "old_password: 该字段不能为空。"),
        (7, NEW, "old_password: 不是有效的字符串。"),
    ],
)
def test_a_malformed_change_names_the_field(carol, old, new, error):
    answer = change(carol, old, new)

    assert answer.json() == {"code": 1400, "data": None, "error": error}
    assert Account.objects.get().check_password(OLD)


def test_guesses_at_the_old_password_count_as_log_ins(carol, settings):
    settings.LOGIN_ATTEMPTS_PER_MINUTE = 3
    for _ in range(2):
        assert change(carol, "wrong").json() == REFUSED
    carol.post("/api/auth/", {"username": "carol", "password": "wrong"})

    answer = change(carol)

    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 61
    assert Account.objects.get().check_password(OLD)


def test_of_two_changes_at_once_one_is_refused(carol, monkeypatch):
    check = Account.check_password
    elsewhere = make_password("somebody else's")
    pending = [elsewhere]

    def checked(account: Account, raw: str) -> bool:
        right = check(account, raw)
        if pending:
            Account.objects.update(password=pending.pop())
            UserAuthToken.objects.all().delete()
        return right

    monkeypatch.setattr(Account, "check_password", checked)

    assert change(carol).json() == REFUSED
    assert Account.objects.get().password == elsewhere
    assert not UserAuthToken.objects.exists()


def test_taking_a_token_away_says_whether_there_was_one(alice, bob):
    assert accounts.revoke_token(alice.account) is True
    assert accounts.revoke_token(alice.account) is False

    assert alice.get("/api/account/").status_code == 401
    assert bob.get("/api/account/").status_code == 200
