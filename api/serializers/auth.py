"""The requests and answers of /api/auth/ and /api/account/."""

from typing import Any, cast

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework import serializers

from api.models import Account
from api.serializers.fields import TextField

LONGEST_PASSWORD = 128


class LoginRequest(serializers.Serializer[Any]):
    """POST /api/auth/."""

    username = TextField(max_length=64)
    password = TextField(max_length=LONGEST_PASSWORD, trim_whitespace=False)


class RegisterRequest(serializers.Serializer[Any]):
    """POST /api/account/: Django's validators judge the password."""

    username = TextField(min_length=3, max_length=64)
    password = TextField(max_length=LONGEST_PASSWORD, trim_whitespace=False)

    def validate_username(self, username: str) -> str:
        if not username.isprintable():  # line ends, zero-width spaces: names would look alike
            raise serializers.ValidationError(TextField.default_error_messages["unreadable"])
        return username

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            validate_password(asked["password"], cast(Any, Account(username=asked["username"])))
        except ValidationError as error:
            raise serializers.ValidationError({"password": error.messages}) from error
        return asked


class LoggedIn(serializers.Serializer[Any]):
    """Who has logged in, and the token for all further requests."""

    username = serializers.CharField(source="account.username")
    token = serializers.CharField()


class Registered(serializers.Serializer[Any]):
    """The new account's name."""

    username = serializers.CharField()
