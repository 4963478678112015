"""The service behind its real server."""

from collections.abc import Iterator

import pytest

from tests.support.web_server import WebServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """Two workers, behind a proxy."""
    server = WebServer(tmp_path_factory.mktemp("server"), BEHIND_PROXY="on")
    yield server
    server.end()
