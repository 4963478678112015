from django.contrib.auth import hashers
from django.db import models


class Account(models.Model):
    """A customer of the shop; staff of the admin are Django's own users."""

    username = models.CharField("用户名", max_length=64, unique=True)
    # A hash made by set_password, never the password itself.
    password = models.CharField("密码", max_length=128)
    # The settlement that was ordered last, while Redis still has to be cleared up after it.
    ordered_settlement = models.CharField(max_length=32, null=True, editable=False)
    # Names that look alike have the same; null where an older account has it already.
    name_key = models.CharField(max_length=64, unique=True, null=True, editable=False)

    class Meta:
        verbose_name = "账户"
        verbose_name_plural = "账户"

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


class UserAuthToken(models.Model):
    """The token that an account signs its requests with."""

    user = models.OneToOneField("Account", on_delete=models.CASCADE)
    token = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name = "用户Token"
        verbose_name_plural = "用户Token"

    def __str__(self) -> str:
        # The account, not the token: this text ends up in logs and in the admin's history.
        return str(self.user)
