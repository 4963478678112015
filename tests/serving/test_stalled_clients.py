"""Clients that send half a request, or read no answer, hold connections and nothing else."""

from collections.abc import Iterator

import pytest

from tests.support.slow_wsgi import LARGE
from tests.support.web_server import WebServer, ask, read, request, wait_until

pytestmark = pytest.mark.outages

CROWD = 200
LISTENING = 1  # socket of one worker
HALF_A_HEADER = request("/healthz")[:-20]
HALF_A_BODY = (
    b"POST /api/auth/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b'Content-Length: 60000\r\n\r\n{"username": "'
)


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """Closes after three seconds what the service closes after thirty."""
    place = tmp_path_factory.mktemp("impatient")
    server = WebServer(place, SILENCE="3", WEB_CONCURRENCY="1")
    yield server
    server.end()


@pytest.mark.parametrize(
    "sent",
    [HALF_A_HEADER, HALF_A_BODY, request("/large")],
    ids=["half a header", "half a body", "reads nothing"],
)
def test_others_are_answered_while_a_crowd_stalls(server: WebServer, sent: bytes):
    crowd = [server.connect(receive_buffer=4096) for _ in range(CROWD)]
    try:
        for client in crowd:
            client.sendall(sent)

        for _ in range(10):
            assert server.ask("/healthz").status == 200
            assert server.ask("/slow").body == b"slow"
    finally:
        for client in crowd:
            client.close()


def test_a_client_that_asks_often_at_once_and_reads_nothing_gets_the_first_answer_only(
    server: WebServer,
):
    crowd = [server.connect(receive_buffer=4096) for _ in range(20)]
    for client in crowd:
        client.sendall(request("/large") * 50)

    assert server.ask("/slow").body == b"slow"

    answer = read(crowd[0])
    assert (answer.status, answer.ends, len(answer.body)) == (200, True, LARGE)
    for client in crowd:
        client.close()


def test_a_client_that_pauses_in_its_request_is_answered_in_the_end(server: WebServer):
    with server.connect() as client:
        client.sendall(HALF_A_HEADER)
        assert server.ask("/healthz").status == 200

        client.sendall(request("/healthz")[-20:])

        assert read(client).status == 200


def test_a_client_that_pauses_while_it_reads_gets_all_of_its_answer(server: WebServer):
    with server.connect(receive_buffer=4096) as client:
        client.sendall(request("/large"))
        assert server.ask("/healthz").status == 200

        assert len(read(client).body) == LARGE


def test_connections_on_which_nothing_moves_are_closed(impatient: WebServer):
    all_sent = [b"", HALF_A_HEADER, HALF_A_BODY, request("/large")]
    wait_until(lambda: impatient.sockets() == LISTENING, "who asked whether it is there, stays")
    crowd = [impatient.connect(receive_buffer=4096) for _ in all_sent]
    for client, sent in zip(crowd, all_sent, strict=True):
        client.sendall(sent)
    wait_until(lambda: impatient.sockets() > LISTENING, "nobody was not let in")

    wait_until(lambda: impatient.sockets() == LISTENING, "a connection is kept")

    for client in crowd:
        client.close()


def test_answers_without_end_that_nobody_reads_give_their_threads_back(impatient: WebServer):
    crowd = [impatient.connect(receive_buffer=4096) for _ in range(4)]  # as many as threads
    for client in crowd:
        client.sendall(request("/endless"))

    assert impatient.ask("/slow").body == b"slow"

    for client in crowd:
        client.close()


def test_an_answer_that_takes_longer_than_silence_may_last_is_waited_for(impatient: WebServer):
    with impatient.connect() as client:
        assert ask(client, "/slower").body == b"slow"
