"""What a browser's test leaves under way at the server does not reach the next test."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.gate import Gate


class Slow:
    """An application whose answer stays under way until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.sent: list[bytes] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        def parts() -> Iterator[bytes]:
            self.begun.set()
            assert self.let_go.wait(10)
            yield b"done"

        return parts()

    def asked_through(self, gate: Gate) -> threading.Thread:
        """A request of a browser, in a server's thread."""

        thread = threading.Thread(target=lambda: self.sent.extend(asked(gate)))
        thread.start()
        assert self.begun.wait(10)
        return thread


def asked(gate: Gate) -> list[bytes]:
    """What a request is answered."""
    answer = gate({}, lambda status, headers: None)
    try:
        return list(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()


def test_a_closing_gate_waits_for_an_answer_that_is_still_being_made() -> None:
    slow = Slow()
    gate = Gate(slow)
    with gate.open():
        thread = slow.asked_through(gate)
        threading.Timer(0.05, slow.let_go.set).start()

    assert slow.sent == [b"done"]
    thread.join()


def test_a_closed_gate_lets_nothing_in() -> None:
    gate = Gate(lambda environ, start_response: [b"let in"])
    with gate.open():
        assert asked(gate) == [b"let in"]

    assert asked(gate) == []


def test_a_request_that_crashed_is_not_waited_for() -> None:
    def crashing(environ: Any, start_response: Any) -> Any:
        raise ValueError("a crash")

    gate = Gate(crashing)
    with gate.open(), pytest.raises(ValueError, match="a crash"):
        asked(gate)


def test_a_request_that_stays_fails_the_test_that_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.gate.PATIENCE", 0.05)
    slow = Slow()
    gate = Gate(slow)

    with pytest.raises(AssertionError, match="still under way"), gate.open():
        thread = slow.asked_through(gate)

    slow.let_go.set()
    thread.join()
