"""The servers of a run: Redis, and the service as gunicorn.conf.py has it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.place import PlaceError
from benchmarks.redis_servers import own_redis
from tests.support.redis_cluster import RedisClusterServers
from tests.support.redis_server import free_port

ROOT = Path(__file__).resolve().parents[2]
IN_A_CLUSTER = {  # an account's keys share a slot
    "SHOPPING_CAR_KEY": "luffy_shopping_car_{%s}_%s",
    "SHOPPING_CAR_INDEX_KEY": "luffy_car_index_{%s}",
    "PAYMENT_KEY": "luffy_payment_{%s}_%s",
    "PAYMENT_COUPON_KEY": "luffy_payment_coupon_{%s}",
}
PATIENCE = 120  # seconds for the service to be ready


@contextmanager
def served(*, workers: int, nodes: int, merchant: Mapping[str, str]) -> Iterator[str]:
    """Gives the service's address. `nodes` is 1 for a Redis, 3 for a cluster; `merchant` are the
    settings of the payment gateway."""
    with ExitStack() as stack:
        redis = stack.enter_context(_cluster() if nodes > 1 else _single())
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        own = {
            "BIND": f"127.0.0.1:{port}",
            "DJANGO_SETTINGS_MODULE": "luffy.settings",
            "LOG_LEVEL": "WARNING",
            "PUBLIC_URL": address,
            "WEB_CONCURRENCY": str(workers),
            **redis,
            **merchant,
        }
        command = [sys.executable, "-m", "gunicorn", "luffy.wsgi"]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | own)
        stack.callback(_end, process)
        _wait_until_ready(address, process)
        yield address


@contextmanager
def _single() -> Iterator[dict[str, str]]:
    with own_redis() as server:
        yield {"REDIS_URL": server.url}


@contextmanager
def _cluster() -> Iterator[dict[str, str]]:
    servers = RedisClusterServers()
    try:
        servers.start()
        yield {"REDIS_URL": servers.servers[0].url, "REDIS_CLUSTER": "on", **IN_A_CLUSTER}
    finally:
        servers.end()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=60)


def _wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            urlopen(f"{address}/readyz", timeout=5).close()
            return
        except (URLError, TimeoutError, ConnectionError):
            if process.poll() is not None or time.monotonic() > give_up:
                raise PlaceError("the service does not start") from None
            time.sleep(0.1)
