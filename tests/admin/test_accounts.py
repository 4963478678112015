"""Accounts: a password goes in and never comes out; a token is revoked, and never shown."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from api.models import Account, UserAuthToken
from tests.support.factories import AccountFactory, CouponRecordFactory, UserAuthTokenFactory

pytestmark = pytest.mark.django_db
ADD = "/admin/api/account/add/"
GOOD = "a-Long-one-2026"


def url_of(account: Account, what: str = "change") -> str:
    return f"/admin/api/account/{account.pk}/{what}/"


def test_a_new_account_gets_the_hash_of_its_password(chief: Client) -> None:
    assert chief.post(ADD, {"username": "alice", "new_password": GOOD}).status_code == 302
    account = Account.objects.get()
    assert GOOD not in account.password
    assert account.check_password(GOOD)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": "alice", "new_password": ""}, "new_password"),
        ({"username": "alice", "new_password": "12345678"}, "new_password"),
        ({"username": "alice-liddell", "new_password": "alice-liddell"}, "new_password"),
        ({"username": "", "new_password": GOOD}, "username"),
        ({"username": "taken", "new_password": GOOD}, "username"),
        ({"username": "TAKEN", "new_password": GOOD}, "username"),
        ({"username": "two names", "new_password": GOOD}, "username"),
    ],
)
def test_an_error_stands_beside_its_field(
    chief: Client, fields: dict[str, str], field: str
) -> None:
    AccountFactory(username="taken", name_key="taken")
    answer = chief.post(ADD, fields)
    assert list(answer.context["adminform"].form.errors) == [field]
    assert Account.objects.count() == 1


def test_the_form_never_shows_password_or_hash(chief: Client) -> None:
    account = AccountFactory()
    account.set_password(GOOD)
    account.save()
    page = chief.get(url_of(account)).content.decode()
    assert account.password not in page
    assert "md5$" not in page


def test_left_empty_the_password_stays(chief: Client) -> None:
    account = AccountFactory()
    account.set_password(GOOD)
    account.save()
    chief.post(url_of(account), {"username": "renamed", "new_password": ""})
    account.refresh_from_db()
    assert account.username == "renamed"
    assert account.check_password(GOOD)
    chief.post(url_of(account), {"username": "renamed", "new_password": GOOD + "!"})
    account.refresh_from_db()
    assert account.check_password(GOOD + "!")


def test_a_new_password_ends_the_old_token_and_an_empty_one_does_not(chief: Client) -> None:
    account, other = UserAuthTokenFactory().user, UserAuthTokenFactory().user
    chief.post(url_of(account), {"username": account.username, "new_password": ""})
    assert UserAuthToken.objects.filter(user=account).exists()
    chief.post(url_of(account), {"username": account.username, "new_password": GOOD})
    assert list(UserAuthToken.objects.values_list("user", flat=True)) == [other.pk]


def act(browser: Client, account: Account, what: str) -> Any:
    return browser.post(url_of(account, what), {"_form_submitted": "True"})


def test_no_page_shows_a_token_or_the_end_of_one(chief: Client) -> None:
    token = UserAuthTokenFactory(token="another-program-s-plain-t0ken")
    change = f"/admin/api/userauthtoken/{token.pk}/change/"
    for page in (url_of(token.user), "/admin/api/userauthtoken/", change):
        assert "0ken" not in chief.get(page).content.decode()


def test_a_revoked_token_is_gone(chief: Client) -> None:
    token, other = UserAuthTokenFactory.create_batch(2)
    act(chief, token.user, "revoke_token")
    assert list(UserAuthToken.objects.all()) == [other]
    assert LogEntry.objects.get().get_change_message() == "吊销了Token"


def test_to_revoke_where_there_is_none_changes_nothing(chief: Client) -> None:
    act(chief, AccountFactory(), "revoke_token")
    assert not LogEntry.objects.exists()


def test_a_manager_of_coupons_reads_accounts_and_no_more(manager: Client) -> None:
    token = UserAuthTokenFactory()
    page = manager.get(url_of(token.user)).content.decode()
    assert token.user.username in page
    assert "new_password" not in page
    assert "revoke_token" not in page
    for what in ("revoke_token", "delete"):
        assert act(manager, token.user, what).status_code == 403
    assert manager.post(url_of(token.user), {"username": "x"}).status_code == 403
    assert UserAuthToken.objects.get() == token


def test_an_account_with_coupons_is_not_deleted_with_them(chief: Client) -> None:
    record = CouponRecordFactory()
    chief.post(url_of(record.account, "delete"), {"post": "yes"})
    assert Account.objects.filter(pk=record.account_id).exists()
