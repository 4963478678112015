"""Who is asking: the token of an account (contract §2)."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from api.models import Account, UserAuthToken
from utils import scope, tokens
from utils.limits.requests import RefusedTokens

_SCHEMES = ("token", "bearer", "jwt")
_NOBODY = ("", "null", "undefined")  # JavaScript's words, sent while nobody is logged in


class AccountRequest(Request):
    """A request that LuffyAuth let in, for type hints."""

    auth: UserAuthToken


class LuffyAuth(BaseAuthentication):
    """`Authorization: Token …` (or `Bearer`, `jwt`, or the token alone), or else `?token=…`."""

    def authenticate(self, request: Request) -> tuple[Account, UserAuthToken]:
        """The account and its token; a missing, malformed or unknown token is a 401, and too
        many of them a 429."""
        token = _given(request)
        refused = RefusedTokens(request, token)
        refused.check()
        auth = _find(token)
        if auth is None:
            refused.add()
            raise AuthenticationFailed
        scope.belongs_to(account_id=auth.user_id)
        return auth.user, auth

    def authenticate_header(self, request: Request) -> str:
        return "Token"


class OptionalAuth(LuffyAuth):
    """Lets in who has no token; a wrong one is a 401 as everywhere."""

    # REST framework's types let an authentication pass, and LuffyAuth never does.
    def authenticate(self, request: Request) -> tuple[Account, UserAuthToken] | None:  # type: ignore[override]
        return super().authenticate(request) if _given(request) else None


def _given(request: Request) -> str:
    ways = (_from_header(request), request.query_params.get("token", ""))
    return next((token for token in ways if token not in _NOBODY), "")


def _find(token: str) -> UserAuthToken | None:
    """One query, or none for what cannot be a token."""
    ways = tokens.may_be_stored_as(token)
    return UserAuthToken.objects.stored_as(*ways) if ways else None


def _from_header(request: Request) -> str:
    """The token of the Authorization header; other schemes (a proxy's Basic) are not ours."""
    first, _, rest = request.headers.get("Authorization", "").strip().partition(" ")
    if first.lower() in _SCHEMES:
        return rest.strip()
    return "" if rest else first
