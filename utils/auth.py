"""Who is asking: the token of an account (contract §2)."""

import re

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from api.models import Account, UserAuthToken

_TOKEN = re.compile(r"[!-~]{1,64}")  # the column's length; anything else cannot be one of ours
_SCHEMES = ("token", "bearer")


class AccountRequest(Request):
    """A request that LuffyAuth let in, for type hints."""

    auth: UserAuthToken


class LuffyAuth(BaseAuthentication):
    """`Authorization: Token …`, `Authorization: Bearer …` or `?token=…`, in this order."""

    def authenticate(self, request: Request) -> tuple[Account, UserAuthToken]:
        """The account and its token; a missing, malformed or unknown token is a 401."""
        token = _from_header(request) or request.query_params.get("token", "")
        if not _TOKEN.fullmatch(token):
            raise AuthenticationFailed
        auth = UserAuthToken.objects.select_related("user").filter(token=token).first()
        if auth is None:
            raise AuthenticationFailed
        return auth.user, auth

    def authenticate_header(self, request: Request) -> str:
        return "Token"


def _from_header(request: Request) -> str:
    """The token of the Authorization header; other schemes (a proxy's Basic) are not ours."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() in _SCHEMES else ""
