"""gunicorn's worker with waitress inside (docs/adr/0007).

gunicorn starts the processes, replaces those that end and passes signals on. In each of them one
thread of waitress's reads all requests and writes all answers; what has come in whole is answered
by one of WEB_THREADS threads. So a client that stalls holds a connection, and no thread.
"""

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from gunicorn.workers import base
from waitress import wasyncore
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher

from luffy.serving.channel import Channel
from utils.call_stack import with_room

SILENCE = 30  # seconds without a byte from or to a client until its connection is closed
SWIFT = 1e-5  # seconds until a thread that works gives way to the loop of a worker that stops
LAST_SILENCE = 2  # the same in a worker that stops
LOOP = 0.5  # seconds until the loop looks whether it shall stop
LOOK = 1.0  # seconds between looks at what stands still
OTHER_FILES = 500  # beside connections: of threads to servers, of large bodies, of modules
MOST_HEADER_BYTES = 32 * 1024


class Threads(ThreadedTaskDispatcher):
    def start_new_thread(self, target: Callable[[int], None], thread_no: int) -> None:
        super().start_new_thread(with_room(target), thread_no)


class Worker(base.Worker):
    """`alive` says whether it takes new connections; answers of one that does not end theirs."""

    alive: bool

    def run(self) -> None:
        """Serves until it is told to stop, or gunicorn's master is gone."""
        self._connections: dict[int, Any] = {}  # waitress's map: by file descriptor
        self._next_look = 0.0
        threads = Threads()
        threads.set_thread_count(self.cfg.threads)
        servers = self._servers(threads)
        while self.alive and self.ppid == os.getppid():
            self._turn(silent_since=time.time() - SILENCE)
        self.alive = False
        self._stop(servers)

    def served(self) -> None:
        """Counts an answer; gunicorn's max_requests may let the worker end."""
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False

    def _servers(self, threads: ThreadedTaskDispatcher) -> list[Any]:
        """One for each address, all in one loop and with the same threads."""
        from django.conf import settings  # a new worker reads them anew, after the fork

        options = {
            "asyncore_use_poll": True,
            "backlog": self.cfg.backlog,
            "channel_timeout": SILENCE,
            "clear_untrusted_proxy_headers": False,  # Django reads them where it trusts the proxy
            "connection_limit": connections_within(self.cfg.worker_connections),
            "ident": None,  # no header that says which server this is
            "max_request_body_size": settings.DESK_UPLOAD_MOST_BYTES + 1,
            "max_request_header_size": MOST_HEADER_BYTES,
        }
        servers = [
            create_server(
                self.wsgi,
                map=self._connections,
                _dispatcher=threads,
                sockets=[listener.sock],
                **options,
            )
            for listener in self.sockets
        ]
        for server in servers:
            server.worker, server.channel_class = self, Channel
        return servers

    def _turn(self, *, silent_since: float) -> None:
        """One turn of the loop. Every second the master is told that the worker lives, and
        connections on which nothing has moved since then are closed."""
        wasyncore.loop(timeout=LOOP, use_poll=True, map=self._connections, count=1)
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK
        self.notify()
        for channel in self._channels():
            # waitress itself would wait for those that have an answer under way and read nothing.
            if channel.last_activity < silent_since and not channel.waits_for_the_application:
                channel.handle_close()

    def _channels(self) -> Iterator[Channel]:
        yield from [one for one in self._connections.values() if isinstance(one, Channel)]

    def _stop(self, servers: list[Any]) -> None:
        """Answers what has been asked, also on connections that are kept: their clients may be
        sending already."""
        for server in servers:
            _stop_listening(server)
        began = time.time()
        while any(self._channels()) and time.time() < began + self.cfg.graceful_timeout:
            now = time.time()
            over = now > began + LAST_SILENCE
            self._turn(silent_since=now - (LAST_SILENCE if over else SILENCE))


def _stop_listening(server: Any) -> None:
    """Takes the connections that the kernel has made already, which would be lost with the last
    worker. No thread may come in between: whoever connects after the last look is lost."""
    sys.setswitchinterval(SWIFT)
    before = -1
    while len(server.active_channels) > before:
        before = len(server.active_channels)
        server.handle_accept()
    wasyncore.dispatcher.close(server)  # what wakes the loop when an answer is ready stays


def connections_within(most: int) -> int:
    """How many connections a worker may hold: as many as that, or what its limit of open files
    leaves. The limit is raised as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < most + OTHER_FILES:
        wanted = most + OTHER_FILES
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return most if soft == resource.RLIM_INFINITY else max(min(most, soft - OTHER_FILES), 50)
