from typing import Any

from django.contrib.auth import hashers
from django.db import models
from django.db.models.functions import Now

from api.models.compiled import Compiled


class Account(models.Model):
    """A customer of the shop; staff of the admin are Django's own users."""

    username = models.CharField("用户名", max_length=64, unique=True)
    # A hash made by set_password, never the password itself.
    password = models.CharField("密码", max_length=128)
    # The settlement that was ordered last, while Redis still has to be cleared up after it.
    ordered_settlement = models.CharField(max_length=32, null=True, editable=False)
    # Names that look alike have the same; null where an older account has it already.
    name_key = models.CharField(max_length=64, unique=True, null=True, editable=False)
    # Null for those from before this was kept. The database writes it, for whatever program
    # registers somebody.
    registered = models.DateTimeField("注册时间", null=True, db_default=Now(), editable=False)

    class Meta:
        verbose_name = "账户"
        verbose_name_plural = "账户"
        indexes = [models.Index(fields=["registered"], name="account_registered")]

    def __str__(self) -> str:
        return self.username

    @property
    def is_authenticated(self) -> bool:
        """REST framework asks this of request.user; an Account got there by its token."""
        return True

    def set_password(self, raw: str) -> None:
        """Put the hash of `raw` on the account; saving is up to the caller."""
        self.password = hashers.make_password(raw)

    def check_password(self, raw: str) -> bool:
        """Say whether `raw` is the password, renewing a hash that today's hasher would not make,
        unless another password has taken its place meanwhile."""

        def rehash(raw: str) -> None:
            renewed = hashers.make_password(raw)
            mine = Account.objects.filter(pk=self.pk, password=self.password)
            if mine.update(password=renewed):
                self.password = renewed

        return hashers.check_password(raw, self.password, setter=rehash)


class UserAuthTokenQuerySet(models.QuerySet["UserAuthToken"]):
    def stored_as(self, one: str, other: str) -> "UserAuthToken | None":
        """The token that the table holds in one of these two ways, with its account. One query."""
        rows = _TOKENS.rows(one, other, using=self.db)
        if not rows:
            return None
        width = len(UserAuthToken._meta.concrete_fields)
        auth: UserAuthToken = _instance(UserAuthToken, self.db, rows[0][:width])
        auth.user = _instance(Account, self.db, rows[0][width:])
        return auth


class UserAuthToken(models.Model):
    """The token that an account signs its requests with."""

    user = models.OneToOneField("Account", on_delete=models.CASCADE)
    token = models.CharField(max_length=64, unique=True)

    objects = UserAuthTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "用户Token"
        verbose_name_plural = "用户Token"

    def __str__(self) -> str:
        # The account, not the token: this text ends up in logs and in the admin's history.
        return str(self.user)


def _instance(model: Any, using: str, values: Any) -> Any:
    return model.from_db(using, [field.attname for field in model._meta.concrete_fields], values)


def _with_its_account(one: str, other: str) -> models.QuerySet[UserAuthToken, Any]:
    of_token = [field.attname for field in UserAuthToken._meta.concrete_fields]
    of_account = [f"user__{field.attname}" for field in Account._meta.concrete_fields]
    found = UserAuthToken.objects.filter(token__in=[one, other]).order_by("pk")
    return found.values_list(*of_token, *of_account)[:1]


_TOKENS = Compiled(_with_its_account)
