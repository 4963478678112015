"""A real primary with a replica, and three sentinels that watch them."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from redis import Redis, RedisError

from tests.support.redis_server import RedisServer, free_port

SERVICE = "Luffy-main"  # names are told apart by case
PATIENCE = 60  # seconds


def until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


class RedisSentinels:
    def __init__(self) -> None:
        self.primary, self.replica = RedisServer(), RedisServer()
        self._directory = tempfile.TemporaryDirectory()
        self._processes: list[subprocess.Popen[bytes]] = []
        with Redis(port=self.replica.port) as replica:
            replica.replicaof("127.0.0.1", str(self.primary.port))
            until(lambda: replica.info("replication")["master_link_status"] == "up")
        self.sentinels = [self._watch() for _ in range(3)]
        for sentinel in self.sentinels:
            until(lambda sentinel=sentinel: self._knows_all(sentinel))
        hosts = ",".join(f"127.0.0.1:{self._port(one)}" for one in self.sentinels)
        self.url = f"redis+sentinel://{hosts}/{SERVICE}/0"

    def fail_over(self) -> None:
        """The replica takes over; the old primary lives on as its replica."""
        self.sentinels[0].sentinel_failover(SERVICE)
        with Redis(port=self.primary.port) as old, Redis(port=self.replica.port) as new:
            until(lambda: new.role()[0] == b"master")
            until(lambda: old.role()[0] == b"slave")
        for one in self.sentinels:
            until(lambda one=one: self._primary_says(one) == self.replica.port)

    def stop_one(self) -> None:
        self._processes[0].kill()

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        for sentinel in self.sentinels:
            sentinel.close()
        self.primary.end()
        self.replica.end()
        self._directory.cleanup()

    def _watch(self) -> Redis:
        port = free_port()
        place = Path(self._directory.name) / f"{port}.conf"
        place.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {self._directory.name}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.primary.port} 2\n"
            f"sentinel down-after-milliseconds {SERVICE} 1000\n"
        )
        command = [str(shutil.which("redis-server")), str(place), "--sentinel"]
        self._processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        connection = Redis(port=port)
        until(lambda: _answers(connection))
        return connection

    def _knows_all(self, sentinel: Redis) -> bool:
        state = sentinel.sentinel_master(SERVICE)
        return (state["num-slaves"], state["num-other-sentinels"]) == (1, 2)

    def _primary_says(self, sentinel: Redis) -> int:
        port: int = sentinel.sentinel_get_master_addr_by_name(SERVICE)[1]
        return port

    def _port(self, connection: Redis) -> int:
        port: int = connection.connection_pool.connection_kwargs["port"]
        return port


def _answers(connection: Redis) -> bool:
    try:
        return bool(connection.ping())
    except RedisError:
        return False
