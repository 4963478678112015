"""What a server answers while it is told to stop, to start anew, or is robbed of a worker."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.serving.test_stalled_clients import HALF_A_HEADER
from tests.support.web_server import PATIENCE, WebServer, ask, read, request, wait_until

pytestmark = pytest.mark.outages

CLIENTS = 4  # of each kind
GRACE = 30  # seconds after which a worker that does not end is killed


@pytest.fixture
def long_listener(tmp_path: Path) -> Iterator[WebServer]:
    """One that listens to kept connections for twenty seconds while it stops, instead of two."""
    server = WebServer(tmp_path, LAST_SILENCE="20")
    yield server
    server.end()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[WebServer]:
    """One that a test may stop."""
    server = WebServer(tmp_path, WEB_CONCURRENCY="1")
    yield server
    server.end()


def keeps_its_connection(server: WebServer, over: Event) -> int:
    """Asks again and again, and connects anew where the server has said that the connection ends.
    Gives how often it was answered; raises for an answer that did not come."""
    answered = 0
    while not over.is_set():
        with server.connect() as connection:
            ends = False
            while not ends and not over.is_set():
                _, ends, body = ask(connection, "/slow")
                assert body == b"slow"
                answered += 1
    return answered


def connects_anew(server: WebServer, over: Event) -> int:
    answered = 0
    while not over.is_set():
        assert server.ask("/slow").body == b"slow"
        answered += 1
    return answered


def answered_while(
    server: WebServer, kinds: list[Callable[[WebServer, Event], int]], happens: Callable[[], None]
) -> int:
    """How many requests were answered while clients were at work and that happened, and a moment
    longer. Raises if one was not."""
    over = Event()
    with ThreadPoolExecutor(len(kinds) * CLIENTS) as pool:
        work = [pool.submit(kind, server, over) for kind in kinds for _ in range(CLIENTS)]
        try:
            happens()
            time.sleep(1)
        finally:
            over.set()
        return sum(one.result(PATIENCE) for one in work)


def test_new_workers_take_over_and_no_request_is_lost(server: WebServer):
    old = server.workers()

    def hang_up() -> None:
        server.send(signal.SIGHUP)
        wait_until(lambda: not old & server.workers(), "old workers go on")
        wait_until(lambda: len(server.workers()) == 2, "there are not two new ones")

    assert answered_while(server, [keeps_its_connection, connects_anew], hang_up) >= 2 * CLIENTS


def test_a_worker_that_was_killed_is_replaced(server: WebServer):
    killed = min(server.workers())

    server.kill(killed)

    wait_until(lambda: killed not in server.workers(), "it lives")
    wait_until(lambda: len(server.workers()) == 2, "nobody took its place")
    for _ in range(10):
        assert server.ask("/healthz").status == 200


def test_what_was_asked_is_answered_before_the_server_ends(long_listener: WebServer):
    def until_told_to_end() -> int:
        with long_listener.connect() as connection:
            for answered in range(1, 10_000):
                if ask(connection, "/slow").ends:
                    return answered
        return 0

    kept, slow = long_listener.connect(), long_listener.connect()
    assert not ask(kept, "/slow").ends
    slow.sendall(request("/slower"))
    with ThreadPoolExecutor(3 * CLIENTS) as pool:  # more than threads
        work = [pool.submit(until_told_to_end) for _ in range(3 * CLIENTS)]
        time.sleep(1)
        long_listener.send(signal.SIGTERM)

        time.sleep(3)
        assert ask(kept, "/slow").ends  # its client could not know
        assert all(one.result(PATIENCE) for one in work)
        assert read(slow).body == b"slow"
    assert long_listener.process.wait(PATIENCE) == 0
    kept.close()
    slow.close()


def test_stalled_clients_do_not_hold_up_the_end(own_server: WebServer):
    crowd = [own_server.connect(receive_buffer=4096) for _ in range(40)]
    for number, client in enumerate(crowd):
        client.sendall([HALF_A_HEADER, request("/large")][number % 2])
    assert own_server.ask("/healthz").status == 200

    began = time.monotonic()
    own_server.send(signal.SIGTERM)

    assert own_server.process.wait(PATIENCE) == 0
    assert time.monotonic() - began < GRACE - 5
    for client in crowd:
        client.close()


def test_workers_end_with_their_master(own_server: WebServer):
    workers = own_server.workers()

    own_server.send(signal.SIGKILL)

    wait_until(lambda: not any(map(own_server.lives, workers)), "a worker goes on")
