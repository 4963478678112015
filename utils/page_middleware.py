"""Django's middleware of sessions, people and messages, for pages alone: whoever calls the API has
a token, and no session."""

from typing import Any

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest

from utils.middleware import is_api


class _ForPages:
    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if is_api(request):
            return self.get_response(request)
        # Of the middleware that this is mixed into.
        return super().__call__(request)  # type: ignore[misc]


class SessionMiddleware(_ForPages, sessions.SessionMiddleware):
    pass


class AuthenticationMiddleware(_ForPages, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(_ForPages, messages.MessageMiddleware):
    pass
