"""A real Redis of a test's own, to be stopped, frozen and started again."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from typing import Any

import pytest
from redis import Redis, RedisError


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class RedisServer:
    """`options` are further ones of the command line."""

    def __init__(self, *options: str) -> None:
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.skip("no redis-server on PATH")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory = tempfile.TemporaryDirectory()
        self._command: list[Any] = [binary, "--port", str(self.port), "--bind", "127.0.0.1"]
        self._command += ["--save", "", "--appendonly", "no", "--dir", self._directory.name]
        self._command += options
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        give_up = time.monotonic() + 30
        with Redis(port=self.port) as connection:
            while True:
                try:
                    connection.ping()
                    return
                except RedisError:
                    if time.monotonic() > give_up:
                        raise
                    time.sleep(0.01)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def freeze(self) -> None:
        """It takes what is sent, and does not answer."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._directory.cleanup()
