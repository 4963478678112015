"""/api/auth/ and /api/account/."""

from api.errors import LoginRefused, PasswordRefused, UsernameTaken
from api.schema.answers import Operation, describe
from api.serializers.auth import (
    AccountShown,
    LoggedIn,
    LoginRequest,
    PasswordRequest,
    RegisterRequest,
)
from api.views.auth import AccountView, AuthView

describe(
    AuthView,
    post=Operation(
        "Log in: a new token, in the place of the account's earlier one",
        request=LoginRequest,
        body={"username": "alex", "password": "luffy-demo-2018"},
        data=LoggedIn,
        example={"username": "alex", "token": "xVnPTHLBIJ8mGzSyZ0kUO0mYoZhkzDAb1dGnUvbgD5Q"},
        refusals=[LoginRefused],
        public=True,
    ),
    delete=Operation("Log out: the token is worth nothing any more", data="退出成功"),
)

describe(
    AccountView,
    post=Operation(
        "Register",
        request=RegisterRequest,
        body={"username": "wupeiqi", "password": "a-long-way-2018"},
        data=AccountShown,
        example={"username": "wupeiqi"},
        refusals=[UsernameTaken],
        public=True,
    ),
    get=Operation("One's own account", data=AccountShown, example={"username": "alex"}),
    patch=Operation(
        "Change the password: a new token, and the earlier one is worth nothing any more",
        request=PasswordRequest,
        body={"old_password": "luffy-demo-2018", "password": "a-long-way-2018"},
        data=LoggedIn,
        example={"username": "alex", "token": "nQ0vJ5cB2x8mUu1rD4bq7hXwZs9kLyT3eRfGiPaOjVY"},
        refusals=[PasswordRefused],
    ),
)
