"""What the server makes of requests before the application does, and what it logs of them."""

import re

import pytest

from tests.support.page_faults import CALLS
from tests.support.web_server import WebServer, read, wait_until

pytestmark = pytest.mark.outages

TIMES = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} INFO luffy\.request: "


def logged(server: WebServer, line: str) -> str:
    """The one line of the log that this is in, once it is there."""

    def lines() -> list[str]:
        return [one for one in server.log.read_text().splitlines() if line in one]

    wait_until(lines, f"no line has {line}")
    (found,) = lines()
    return found


def test_the_log_has_the_clients_address_and_what_it_was_answered(server: WebServer):
    server.ask("/healthz?token=s3cret", "X-Forwarded-For: 203.0.113.9, 198.51.100.7")

    line = logged(server, "198.51.100.7")
    assert re.fullmatch(TIMES + r"GET /healthz 200 [\d.]+ms 198\.51\.100\.7 \[\w+\]", line)


def test_a_path_cannot_forge_a_line_of_the_log(server: WebServer):
    server.ask("/forged%0a2026-11-26%20INFO%20%1b[31m", "X-Forwarded-For: 198.51.100.8")

    line = logged(server, "198.51.100.8")
    path = r"/forged\\n2026-11-26 INFO \\x1b\[31m"
    assert re.fullmatch(TIMES + rf"GET {path} 404 [\d.]+ms 198\.51\.100\.8 \[\w+\]", line)


def test_what_is_no_request_is_refused_and_logged(server: WebServer):
    with server.connect() as connection:
        connection.sendall(b"GET /x\x1b[31m y HTTP/1.1\r\nX-Forwarded-For: 198.51.100.9\r\n\r\n")

        assert (answer := read(connection)).status == 400
    assert answer.ends
    assert re.fullmatch(TIMES + r"- - 400 198\.51\.100\.9", logged(server, ".100.9"))


def test_no_depth_of_a_call_makes_a_page_slow(server: WebServer):
    assert int(server.ask("/deep").body) < CALLS / 2


def test_an_answer_does_not_say_which_server_gave_it(server: WebServer):
    with server.connect() as connection:
        connection.sendall(b"HEAD / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))

    assert b"server:" not in answer.lower()


@pytest.mark.parametrize(
    ("length", "error"),
    [(64 * 1024, "该字段是必填项"), (64 * 1024 + 1, "请求体过大"), (1024 * 1024, "请求体过大")],
)
def test_a_body_that_is_too_large_is_refused_as_the_api_refuses(
    server: WebServer, length: int, error: str
):
    with server.connect() as connection:
        connection.sendall(
            b"POST /api/auth/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"X-Forwarded-Proto: https\r\n"
            + f"Content-Length: {length}\r\n\r\n".encode()
            + b"{}".ljust(length)
        )

        assert error in read(connection).body.decode()


def test_more_than_anybody_may_send_is_refused_at_once(server: WebServer):
    with server.connect() as connection:
        connection.sendall(
            b"POST /admin/api/coupon/1/issue/ HTTP/1.1\r\nContent-Length: 30000000\r\n\r\n"
        )

        assert read(connection).status == 413


def test_a_body_in_chunks_is_refused(server: WebServer):
    with server.connect() as connection:
        connection.sendall(
            b"POST /api/auth/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/json\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        )

        assert "Content-Length" in read(connection).body.decode()


def test_a_header_that_is_too_large_is_refused(server: WebServer):
    assert server.ask("/healthz", f"X-Large: {'x' * 20_000}").status == 200
    assert server.ask("/healthz", f"X-Large: {'x' * 40_000}").status == 431
