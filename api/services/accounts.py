"""Accounts: registering, logging in and out, changing the password (contract §2)."""

from collections.abc import Callable
from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import Q

from api.errors import LoginRefused, PasswordRefused, UsernameTaken
from api.models import Account, UserAuthToken
from utils import tokens
from utils.exceptions import Contention, ShopError
from utils.usernames import key as name_key

_ATTEMPTS = 3  # a password hardly changes twice while somebody logs in


class LoggedIn(NamedTuple):
    """The account and its token: nobody can read that one anywhere afterwards."""

    account: Account
    token: str


def register(*, username: str, password: str) -> Account:
    """A new account, its password hashed. Raises UsernameTaken, also for a name that only looks
    like one that is taken."""
    account = Account(username=username, name_key=name_key(username))
    account.set_password(password)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError as error:
        if is_taken(username):
            raise UsernameTaken from error
        raise
    return account


def is_taken(username: str, *, but_by: int = 0) -> bool:
    """Whether another account has this name, or one that looks like it."""
    alike = Q(username=username) | Q(name_key=name_key(username))
    return Account.objects.filter(alike).exclude(pk=but_by).exists()


def log_in(*, username: str, password: str) -> LoggedIn:
    """A fresh token for the account, in the place of its earlier one.

    Raises LoginRefused, the same and after about the same time for an unknown name and for a
    wrong password: neither tells whether the name exists.
    """
    return _proven(lambda: _named(username), password, LoginRefused, then=renew_token)


def change_password(account: Account, *, old: str, new: str) -> LoggedIn:
    """The new password, and a fresh token: the account's earlier one ends with the old password.
    Raises PasswordRefused."""

    def change(account: Account) -> str:
        account.set_password(new)
        account.save(update_fields=["password"])
        return renew_token(account)

    mine = Account.objects.filter(pk=account.pk)
    return _proven(mine.first, old, PasswordRefused, then=change)


def renew_token(account: Account) -> str:
    """A fresh token for the account; its earlier one is worth nothing any more."""
    token = tokens.new_token()
    # One statement: whoever logs in or out at the same moment comes before it or after it.
    UserAuthToken.objects.bulk_create(
        [UserAuthToken(user=account, token=tokens.stored(token))],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["token"],
    )
    return token


def revoke_token(account: Account) -> bool:
    """The account has to log in again. False if it had no token."""
    deleted, _ = UserAuthToken.objects.filter(user=account).delete()
    return deleted > 0


def log_out(auth: UserAuthToken) -> None:
    """The token is worth nothing any more. A newer one of the account stays."""
    UserAuthToken.objects.filter(pk=auth.pk, token=auth.token).delete()


def _named(username: str) -> Account | None:
    """By the exact name, or else by one that looks like it: who registered as Alex types alex."""
    alike = Account.objects.filter(Q(username=username) | Q(name_key=name_key(username)))
    found = {account.username: account for account in alike}
    return found.get(username) or next(iter(found.values()), None)


def _proven(
    find: Callable[[], Account | None],
    password: str,
    refusal: type[ShopError],
    *,
    then: Callable[[Account], str],
) -> LoggedIn:
    """What `then` does for the account whose password this is, under the lock of its row and only
    while the password that was checked is the account's still: a check takes long."""
    for _ in range(_ATTEMPTS):
        account = find()
        if account is None:
            make_password(password)  # as long as checking one takes
            raise refusal
        if not account.check_password(password):
            raise refusal
        with transaction.atomic():
            if _is_still(account):
                return LoggedIn(account, then(account))
    raise Contention


def _is_still(account: Account) -> bool:
    """Locks the account's row, if it has the same password as when it was read."""
    same = Account.objects.filter(pk=account.pk, password=account.password)
    return same.select_for_update(no_key=True).first() is not None
