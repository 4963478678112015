"""/api/auth/ and /api/account/: logging in and out, registering, one's own account."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.serializers import parsed
from api.serializers.auth import (
    AccountShown,
    LoggedIn,
    LoginRequest,
    PasswordRequest,
    RegisterRequest,
)
from api.services import accounts
from utils.addresses import address_of
from utils.auth import AccountRequest
from utils.limits import logins as login_limits
from utils.response import success


class OpenToVisitors(APIView):
    """POST is for those who have no token yet."""

    def get_authenticators(self) -> list[Any]:
        if self.request is not None and self.request.method == "POST":
            return []
        return super().get_authenticators()


class AuthView(OpenToVisitors):
    """An account's token: a new one for name and password, or none any more."""

    def post(self, request: Request) -> Response:
        asked = parsed(LoginRequest, request.data)
        _count(login_limits.API, asked["username"], request)
        return success(LoggedIn(accounts.log_in(**asked)).data)

    def delete(self, request: AccountRequest) -> Response:
        accounts.log_out(request.auth)
        return success("退出成功")


class AccountView(OpenToVisitors):
    """A new account, or one's own."""

    def post(self, request: Request) -> Response:
        asked = parsed(RegisterRequest, request.data)
        _count(login_limits.REGISTER, asked["username"], request)
        return success(AccountShown(accounts.register(**asked)).data)

    def get(self, request: AccountRequest) -> Response:
        return success(AccountShown(request.auth.user).data)

    def patch(self, request: AccountRequest) -> Response:
        account = request.auth.user
        asked = parsed(PasswordRequest, request.data, context={"username": account.username})
        _count(login_limits.API, account.username, request)
        changed = accounts.change_password(
            account, old=asked["old_password"], new=asked["password"]
        )
        return success(LoggedIn(changed).data)


def _count(door: str, name: str, request: Request) -> None:
    login_limits.count_attempt(door, name=name, address=address_of(request))
