"""What can happen to a server, and how it is over again."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

import redis

from tests.chaos.servers import Background, Postgres, Redis, Service, send
from tests.chaos.servers import signal as signals

SHORT = 2.5  # seconds: longer than the service waits for Redis
LONG = 7.5  # longer than it waits for PostgreSQL


class Place(NamedTuple):
    postgres: Postgres
    redis: Redis
    service: Service
    background: Background


Fault = Callable[[Place], AbstractContextManager[None]]


@contextmanager
def worker_killed(place: Place) -> Iterator[None]:
    """The master starts another one."""
    send(random.sample(place.service.workers(), 1), signals.SIGKILL)
    yield


@contextmanager
def master_killed(place: Place) -> Iterator[None]:
    """Its workers end by themselves."""
    place.service.kill_master()
    yield
    place.service.start()


@contextmanager
def service_killed(place: Place) -> Iterator[None]:
    place.service.kill()
    yield
    place.service.start()


@contextmanager
def service_frozen(place: Place) -> Iterator[None]:
    place.service.freeze()
    time.sleep(SHORT)
    place.service.thaw()
    yield


@contextmanager
def background_killed(place: Place) -> Iterator[None]:
    """In the middle of a task, maybe."""
    place.background.kill()
    yield


@contextmanager
def redis_killed(place: Place) -> Iterator[None]:
    place.redis.kill()
    yield
    place.redis.start()


@contextmanager
def redis_frozen(place: Place) -> Iterator[None]:
    place.redis.freeze()
    time.sleep(SHORT)
    yield
    place.redis.thaw()


@contextmanager
def redis_read_only(place: Place) -> Iterator[None]:
    """A replica of nobody's."""
    with redis.Redis(port=place.redis.port) as connection:
        connection.replicaof("127.0.0.1", "1")
        yield
        connection.replicaof("NO", "ONE")


@contextmanager
def redis_without_replicas(place: Place) -> Iterator[None]:
    """It takes no writes that it could not pass on."""
    with redis.Redis(port=place.redis.port) as connection:
        connection.config_set("min-replicas-to-write", 1)
        yield
        connection.config_set("min-replicas-to-write", 0)


@contextmanager
def redis_full(place: Place) -> Iterator[None]:
    """With `noeviction`: it forgets nothing, and takes nothing more."""
    with redis.Redis(port=place.redis.port) as connection:
        connection.config_set("maxmemory", 1)
        yield
        connection.config_set("maxmemory", 0)


@contextmanager
def postgres_killed(place: Place) -> Iterator[None]:
    place.postgres.kill()
    yield
    place.postgres.start()


@contextmanager
def postgres_process_killed(place: Place) -> Iterator[None]:
    place.postgres.kill_one()
    yield


@contextmanager
def postgres_frozen(place: Place) -> Iterator[None]:
    place.postgres.freeze()
    time.sleep(LONG)
    yield
    place.postgres.thaw()


@contextmanager
def postgres_read_only(place: Place) -> Iterator[None]:
    place.postgres.configure("default_transaction_read_only", "on")
    yield
    place.postgres.configure("default_transaction_read_only", "off")


FAULTS: tuple[Fault, ...] = (
    worker_killed,
    redis_killed,
    postgres_process_killed,
    redis_full,
    postgres_read_only,
    master_killed,
    redis_read_only,
    postgres_killed,
    redis_frozen,
    service_killed,
    redis_without_replicas,
    service_frozen,
    background_killed,
    postgres_frozen,
)
