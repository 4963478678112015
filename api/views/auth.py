"""/api/auth/ and /api/account/: logging in and out, registering."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.serializers import parsed
from api.serializers.auth import LoggedIn, LoginRequest, Registered, RegisterRequest
from api.services import accounts
from utils.addresses import address_of
from utils.auth import AccountRequest
from utils.limits import logins as login_limits
from utils.response import success


class AuthView(APIView):
    """An account's token: a new one for name and password, or none any more."""

    def get_authenticators(self) -> list[Any]:
        if self.request is not None and self.request.method == "POST":
            return []
        return super().get_authenticators()

    def post(self, request: Request) -> Response:
        asked = parsed(LoginRequest, request.data)
        login_limits.count_attempt(
            login_limits.API,
            name=asked["username"],
            address=address_of(request),
        )
        return success(LoggedIn(accounts.log_in(**asked)).data)

    def delete(self, request: AccountRequest) -> Response:
        accounts.log_out(request.auth)
        return success("退出成功")


class AccountView(APIView):
    """A new account."""

    authentication_classes = []

    def post(self, request: Request) -> Response:
        asked = parsed(RegisterRequest, request.data)
        login_limits.count_attempt(
            login_limits.REGISTER,
            name=asked["username"],
            address=address_of(request),
        )
        return success(Registered(accounts.register(**asked)).data)
