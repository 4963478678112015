"""The requests and answers of /api/auth/ and /api/account/."""

from typing import Any, cast

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework import serializers

from api.models import Account
from api.serializers.fields import DigitsOrTextField, TextField
from utils.usernames import fault_of

LONGEST_PASSWORD = 128


class LoginRequest(serializers.Serializer[Any]):
    """POST /api/auth/."""

    username = DigitsOrTextField(max_length=64)
    password = DigitsOrTextField(max_length=LONGEST_PASSWORD, trim_whitespace=False)


class RegisterRequest(serializers.Serializer[Any]):
    """POST /api/account/: Django's validators judge the password."""

    username = DigitsOrTextField(min_length=2, max_length=64)
    password = TextField(max_length=LONGEST_PASSWORD, trim_whitespace=False)

    def validate_username(self, username: str) -> str:
        if fault := fault_of(username):
            raise serializers.ValidationError(fault)
        return username

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        _judge(asked, "password", asked["username"])
        return asked


class PasswordRequest(serializers.Serializer[Any]):
    """PATCH /api/account/ of the account in the context: the old password, and the new one, judged
    as when registering."""

    old_password = TextField(max_length=LONGEST_PASSWORD, trim_whitespace=False)
    password = TextField(max_length=LONGEST_PASSWORD, trim_whitespace=False)

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        _judge(asked, "password", self.context["username"])
        return asked


def _judge(asked: dict[str, Any], field: str, username: str) -> None:
    try:
        validate_password(asked[field], cast(Any, Account(username=username)))
    except ValidationError as error:
        raise serializers.ValidationError({field: error.messages}) from error


class LoggedIn(serializers.Serializer[Any]):
    """Who has logged in, and the token for all further requests."""

    username = serializers.CharField(source="account.username")
    token = serializers.CharField()


class AccountShown(serializers.Serializer[Any]):
    """An account's name; nothing of it is secret."""

    username = serializers.CharField()
