"""Which bodies the server keeps for the application, and which it throws away as they come."""

import pytest
from waitress.adjustments import Adjustments

from luffy.serving.channel import Request

LIMIT = 64 * 1024


def received(path: str, length: int) -> Request:
    """A request as the server has it once all of it has come."""
    request = Request(Adjustments())
    request.received(f"POST {path} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())
    for _ in range(0, length, 1024):
        request.received(b"x" * min(1024, length - request.body_bytes_received))
    assert request.completed
    return request


@pytest.mark.parametrize(
    ("path", "length", "kept"),
    [
        ("/api/order/", LIMIT, LIMIT),
        ("/api/order/", LIMIT + 1, 0),
        ("/", LIMIT + 1, 0),
        ("/administration/", LIMIT + 1, 0),
        ("/admin/api/course/1/change/", LIMIT + 1, LIMIT + 1),
    ],
)
def test_a_body_is_kept_that_the_application_might_take(path: str, length: int, kept: int):
    request = received(path, length)

    assert len(request.get_body_stream().read()) == kept
    assert request.headers["CONTENT_LENGTH"] == str(length)  # by which it is refused


def test_of_a_body_in_chunks_nothing_is_kept():
    request = Request(Adjustments())
    request.received(b"POST /admin/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    request.received(b"5\r\nhello\r\n0\r\n\r\n")

    assert request.completed
    assert request.get_body_stream().read() == b""
    assert request.headers["TRANSFER_ENCODING"] == "chunked"


def test_what_comes_after_a_body_that_was_thrown_away_is_the_next_request():
    request = Request(Adjustments())
    head = f"POST /api/order/ HTTP/1.1\r\nContent-Length: {LIMIT + 1}\r\n\r\n".encode()
    assert request.received(head) == len(head)

    taken = request.received(b"x" * (LIMIT + 1) + b"GET /healthz HTTP/1.1\r\n\r\n")

    assert taken == LIMIT + 1
    assert request.completed
