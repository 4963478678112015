"""Accounts: registering, logging in and out (contract §2)."""

import secrets

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from api.errors import LoginRefused, UsernameTaken
from api.models import Account, UserAuthToken

_TOKEN_BYTES = 32  # 43 characters


def register(*, username: str, password: str) -> Account:
    """A new account, its password hashed. Raises UsernameTaken."""
    account = Account(username=username)
    account.set_password(password)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError as error:
        if Account.objects.filter(username=username).exists():
            raise UsernameTaken from error
        raise
    return account


def log_in(*, username: str, password: str) -> UserAuthToken:
    """A fresh token for the account, in the place of its earlier one.

    Raises LoginRefused, the same and after about the same time for an unknown name and for a
    wrong password: neither tells whether the name exists.
    """
    account = Account.objects.filter(username=username).first()
    if account is None:
        make_password(password)  # as long as checking one takes
        raise LoginRefused
    if not account.check_password(password):
        raise LoginRefused
    return renew_token(account)


def renew_token(account: Account) -> UserAuthToken:
    """A fresh token for the account; its earlier one is worth nothing any more."""
    auth, _ = UserAuthToken.objects.update_or_create(
        user=account, defaults={"token": secrets.token_urlsafe(_TOKEN_BYTES)}
    )
    return auth


def revoke_token(account: Account) -> bool:
    """The account has to log in again. False if it had no token."""
    deleted, _ = UserAuthToken.objects.filter(user=account).delete()
    return deleted > 0


def log_out(auth: UserAuthToken) -> None:
    """The token is worth nothing any more. A newer one of the account stays."""
    UserAuthToken.objects.filter(pk=auth.pk, token=auth.token).delete()
