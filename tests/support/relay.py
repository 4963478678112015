"""A relay in front of a server, which can fall silent: connected, and saying nothing."""

import contextlib
import socket
import threading

LONGEST_SILENCE = 15  # seconds: a client that waits for ever fails its test, and does not hang it


class Relay:
    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._speaking = threading.Event()
        self._speaking.set()
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> "Relay":
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._speaking.set()
        for one in (self._door, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def lead_to(self, server: tuple[str, int]) -> None:
        """From the next connection on; those that are there stay where they are."""
        self._server = server

    def fall_silent(self) -> None:
        self._speaking.clear()

    def speak(self) -> None:
        """Passes on what was held back, and all that comes."""
        self._speaking.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the door is closed
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection(self._server)
                self._sockets += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(
                        target=self._pass_on, args=(source, target), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):  # either end is closed
            while content := source.recv(65536):
                self._speaking.wait(LONGEST_SILENCE)
                target.sendall(content)
            target.shutdown(socket.SHUT_WR)
