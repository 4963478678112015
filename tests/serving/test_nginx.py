"""The proxy of docker-compose.yml in front of the service, with its own configuration."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.redis_server import free_port
from tests.support.web_server import ROOT, WebServer, wait_until
from tests.unit.test_docs import text_of

pytestmark = pytest.mark.outages

BINARY = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Front(WebServer):
    """nginx in front of a server, to be asked as that one is."""

    def __init__(self, server: WebServer, place: Path) -> None:
        self.port, self.log = free_port(), place / "nginx.log"
        text = text_of("deploy/nginx.conf")
        for theirs, ours in {
            "server web:8000": f"server 127.0.0.1:{server.port}",
            "listen 8080": f"listen 127.0.0.1:{self.port}",
            "/srv/": f"{place}/",
            "/dev/stdout": str(self.log),
            "/dev/stderr": f"{place}/errors.log",
        }.items():
            assert theirs in text
            text = text.replace(theirs, ours)
        as_root = "user root;" if place.owner() == "root" else ""
        file = place / "nginx.conf"
        file.write_text(f"daemon off; pid {place}/nginx.pid; {as_root}\n{text}")
        self.process = subprocess.Popen([str(BINARY), "-c", str(file)], cwd=ROOT)
        wait_until(self._answers, "nginx did not start")


@pytest.fixture(scope="module")
def front(server: WebServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if BINARY is None:
        pytest.skip("no nginx")
    place = tmp_path_factory.mktemp("nginx")
    for folder, name in (("static", "desk.css"), ("media", "CRM.jpg")):
        (place / folder).mkdir()
        (place / folder / name).write_bytes(b"its content")
    front = Front(server, place)
    yield front
    front.end()


def test_a_request_is_passed_on_with_its_clients_address(front: Front, server: WebServer):
    assert front.ask("/healthz", "X-Forwarded-For: 198.51.100.20").status == 200

    # nginx's own client, whatever that one claims
    line = re.compile(r"GET /healthz 200 [\d.]+ms 127\.0\.0\.1 ")
    wait_until(lambda: line.search(server.log.read_text()), "no such line")
    assert "198.51.100.20" not in server.log.read_text()


def test_a_body_that_is_too_large_is_refused_as_the_service_refuses(front: Front):
    with front.connect() as connection:
        connection.sendall(
            b"POST /api/auth/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 65537\r\n\r\n"
        )
        answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()

    assert answer.startswith("HTTP/1.1 413 ")
    assert "X-Error-Name: body_too_large\r\n" in answer
    assert answer.endswith('{"code":1413,"data":null,"error":"请求体过大"}')


@pytest.mark.parametrize("path", ["/static/desk.css", "/media/CRM.jpg"])
def test_files_are_served(front: Front, path: str):
    assert front.ask(path).body == b"its content"


def test_its_log_has_no_query_and_no_control_character(front: Front):
    front.ask("/x%0ay%1b?token=s3cret")

    wait_until(lambda: r'"GET /x\x0Ay\x1B" 404' in front.log.read_text(), "it logs otherwise")
    assert "s3cret" not in front.log.read_text()
