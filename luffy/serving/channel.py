"""A connection as waitress has it: reading requests, and answering them."""

import io

from django.conf import settings
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver
from waitress.task import ErrorTask, Task, WSGITask

DESK = "/admin/"  # where people of the desk upload files


class Nothing:
    """A buffer that keeps nothing."""

    def append(self, data: bytes) -> None: ...

    def __len__(self) -> int:
        return 0

    def getfile(self) -> io.BytesIO:
        return io.BytesIO()

    def close(self) -> None: ...


class Request(HTTPRequestParser):
    """A body that the application refuses by its headers is thrown away as it comes: none lies in
    memory or on the disk because somebody said that it would be large. The application then answers
    413 or 400 (utils/middleware.py)."""

    command = path = "-"  # of what cannot be read

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.chunked:
            self.headers["TRANSFER_ENCODING"] = "chunked"
            self.body_rcv = ChunkedReceiver(Nothing())
        elif self.content_length > settings.MOST_BYTES and not self.path.startswith(DESK):
            self.body_rcv = FixedStreamReceiver(self.content_length, Nothing())


class _Counted(Task):
    """Counts for gunicorn's max_requests."""

    def service(self) -> None:
        try:
            super().service()
        finally:
            # Where a crash left nothing written, another task answers 500.
            if self.wrote_header or not self.channel.connected:
                self.channel.server.worker.served()

    def build_response_header(self) -> bytes:
        """The connection ends where the worker does. It also ends where the client has sent several
        requests at once, which may send the rest again: their answers would have to be kept for
        a client that reads none of them."""
        if not self.channel.server.worker.alive or len(self.channel.requests) > 1:
            self.set_close_on_finish()
        header: bytes = super().build_response_header()
        return header


class Answer(_Counted, WSGITask):
    """What the application answers, and writes to the log."""


class Refusal(_Counted, ErrorTask):
    """What waitress answers by itself to what is no request, or is too large. The application knows
    nothing of it, so the log has it from here."""

    def service(self) -> None:
        from utils.request_log import tell_unread  # a new worker reads it anew, after the fork

        super().service()
        request = self.channel.requests[0]
        environ = {
            "HTTP_X_FORWARDED_FOR": request.headers.get("X_FORWARDED_FOR", ""),
            "PATH_INFO": request.path,
            "REMOTE_ADDR": self.channel.addr[0],
            "REQUEST_METHOD": request.command,
        }
        tell_unread(environ, int(self.status.partition(" ")[0]))


class Channel(HTTPChannel):
    task_class, error_task_class, parser_class = Answer, Refusal, Request

    @property
    def waits_for_the_application(self) -> bool:
        """Whether it is for us, and not for the client, to go on."""
        return bool(self.requests) and not self.total_outbufs_len

    def handle_expt(self) -> None:
        """Data out of band: no part of HTTP, and the loop would be told of it for ever."""
        self.handle_close()
