"""The service, with pages that take their time. A server of the tests serves it."""

import itertools
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from luffy.serving import worker
from luffy.wsgi import application as service
from tests.support.page_faults import most_in_a_loop_of_calls

SLOW, SLOWER = 0.1, 5.0  # seconds
LARGE = 3_000_000  # more than the kernel takes for a client that reads nothing
worker.SILENCE = int(os.environ.get("SILENCE", worker.SILENCE))
worker.LAST_SILENCE = int(os.environ.get("LAST_SILENCE", worker.LAST_SILENCE))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    match environ["PATH_INFO"]:
        case "/slow" | "/slower" as page:
            time.sleep(SLOW if page == "/slow" else SLOWER)
            start_response("200 OK", [("Content-Length", "4")])
            return [b"slow"]
        case "/large":
            start_response("200 OK", [("Content-Length", str(LARGE))])
            return [b"x" * LARGE]
        case "/deep":
            start_response("200 OK", [])
            return [str(most_in_a_loop_of_calls()).encode()]
        case "/endless":
            start_response("200 OK", [])
            return itertools.repeat(b"x" * 65536)
        case _:
            return service(environ, start_response)
