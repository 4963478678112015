"""A request, sent to Django in this process: how long it takes, and what it asks of the servers."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from time import perf_counter
from typing import Any, NamedTuple
from unittest import mock

from django.db import connection
from django.test import RequestFactory
from redis.connection import AbstractConnection


@dataclass(frozen=True)
class Call:
    """A request of an account."""

    method: str
    path: str
    token: str
    data: Any = None

    @cached_property
    def body(self) -> bytes:
        return b"" if self.data is None else json.dumps(self.data).encode()

    @cached_property
    def environ(self) -> dict[str, Any]:
        """The request as a WSGI server hands it over, without the body."""
        factory = RequestFactory(headers={"Authorization": f"Token {self.token}"})
        return factory.generic(self.method, self.path, self.body, "application/json").environ


class WrongAnswer(Exception):
    """The service answered with an error, so its time would mean nothing."""


def check(body: bytes) -> None:
    """Raises WrongAnswer unless the envelope says that all went well."""
    if not body.startswith(b'{"code":1000,'):
        raise WrongAnswer(body.decode()[:500])


def _start_response(*_: Any) -> Callable[[bytes], object]:
    return lambda _: None


class InProcess:
    """Django as gunicorn calls it, with the whole stack of middleware, in this process."""

    def __init__(self) -> None:
        from luffy.wsgi import application  # reads the settings

        self._application = application

    def seconds(self, call: Call) -> float:
        """How long the answer took, from the request to the last byte and what is done after it."""
        environ = {**call.environ, "wsgi.input": BytesIO(call.body)}
        began = perf_counter()
        response = self._application(environ, _start_response)
        body = b"".join(response)
        response.close()
        took = perf_counter() - began
        check(body)
        return took


class Asked(NamedTuple):
    """What a request asked of the servers."""

    round_trips: int
    queries: int


@contextmanager
def counted() -> Iterator[list[str]]:
    """Lists what this thread asks of Redis ("redis") and of the database ("sql"), as it happens.

    A pipeline is sent as one packed command, so what is sent is the round trips.
    """
    asked: list[str] = []
    send: Callable[..., None] = AbstractConnection.send_packed_command

    def send_and_note(self: AbstractConnection, *args: Any, **kwargs: Any) -> None:
        asked.append("redis")
        send(self, *args, **kwargs)

    def query_and_note(execute: Any, *args: Any) -> Any:
        asked.append("sql")
        return execute(*args)

    with (
        mock.patch.object(AbstractConnection, "send_packed_command", send_and_note),
        connection.execute_wrapper(query_and_note),
    ):
        yield asked


def asked_by(call: Call, django: InProcess) -> Asked:
    with counted() as asked:
        django.seconds(call)
    return Asked(asked.count("redis"), asked.count("sql"))
