"""A front end: asks the service over HTTP, and looks at each answer's envelope (contract §1)."""

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Any

PATIENCE = 40  # seconds: longer than any fault lasts, so that no request is forgotten half-way


class Broken(Exception):
    """A promise that the service has not kept."""


class Came(Enum):
    DONE = "done"  # 1000
    REFUSED = "refused"  # it says so, and has changed nothing
    OUT_OF_REACH = "out of reach"  # 1503: nobody knows, where an answer was lost inside
    LOST = "lost"  # no answer


@dataclass(frozen=True)
class Answer:
    came: Came
    code: int = 0
    data: Any = None

    @property
    def known(self) -> bool:
        return self.came in (Came.DONE, Came.REFUSED)


class Tally:
    """What came of all requests, from all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.answers: Counter[str] = Counter()
        self.codes: Counter[int] = Counter()
        self.deeds: Counter[str] = Counter()

    def answer(self, answer: Answer) -> None:
        with self._lock:
            self.answers[answer.came.value] += 1
            self.codes[answer.code] += 1

    def deed(self, what: str, number: int = 1) -> None:
        with self._lock:
            self.deeds[what] += number


class FrontEnd:
    def __init__(self, port: int, tally: Tally, token: str = "") -> None:
        self._port, self._tally = port, tally
        self.token = token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """`If_Match=` sends the header If-Match. Raises Broken for what the contract forbids."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Content-Type"] = "application/json"
        if self.token:
            sent["Authorization"] = f"Token {self.token}"
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            answer = _judged(f"{method} {path} {body}", response, response.read())
        except (OSError, http.client.HTTPException):
            answer = Answer(Came.LOST)
            time.sleep(0.2)  # nobody may be there
        finally:
            connection.close()
        self._tally.answer(answer)
        return answer

    def log_in(self, username: str, password: str) -> bool:
        answer = self.ask("POST", "/api/auth/", {"username": username, "password": password})
        if answer.came is Came.DONE:
            self.token = answer.data["token"]
        elif answer.came is Came.REFUSED:
            raise Broken(f"{username} cannot log in: {answer}")
        return answer.came is Came.DONE


def _judged(asked: str, response: http.client.HTTPResponse, body: bytes) -> Answer:
    seen = f"{asked}: HTTP {response.status} {body[:500]!r}"
    try:
        envelope = json.loads(body)
    except ValueError:
        raise Broken(f"no JSON: {seen}") from None
    if not isinstance(envelope, dict) or set(envelope) != {"code", "data", "error"}:
        raise Broken(f"no envelope: {seen}")
    code, data, error = envelope["code"], envelope["data"], envelope["error"]
    if (code == 1000) is not (error is None) or (code != 1000 and data is not None):
        raise Broken(f"neither success nor failure: {seen}")
    if response.status not in (200, 401) and code != 1000 + response.status:
        raise Broken(f"status and code differ: {seen}")
    if response.status >= 500 and response.status != 503:
        raise Broken(f"a crash: {seen}")
    if response.status in (400, 401, 404, 405, 413, 415, 429):
        raise Broken(f"refused, though there was nothing wrong with it: {seen}")
    if code in (1503, 1409):  # the same request is still at work
        return Answer(Came.OUT_OF_REACH, code)
    return Answer(Came.DONE if code == 1000 else Came.REFUSED, code, data)
