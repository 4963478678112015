"""/api/auth/ and /api/account/."""

from api.errors import LoginRefused, UsernameTaken
from api.schema.answers import Operation, describe
from api.serializers.auth import LoggedIn, LoginRequest, Registered, RegisterRequest
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
        data=Registered,
        example={"username": "wupeiqi"},
        refusals=[UsernameTaken],
        public=True,
    ),
)
