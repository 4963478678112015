"""What every test finds: an empty Redis, and three people. And what kind of test it is."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.db.models.signals import post_migrate
from django_redis import get_redis_connection
from redis import Redis, RedisError
from rest_framework.response import Response
from rest_framework.test import APIClient

from api.gateways.local.views import book_in
from api.models import Account
from tests.support.factories import UserAuthTokenFactory
from tests.support.gateways import LocalGateway, served
from tests.support.posts import fill_posts
from tests.support.redis_databases import redis_url_of
from utils.call_stack import with_room

HERE = Path(__file__).parent
MARKED_FOLDERS = {"browser", "chaos", "cluster"}
MOST_WORKERS = 8  # each makes a database, and a Redis has 16 of them

# What commits for real ends by emptying the tables, those that migrations fill too.
post_migrate.connect(fill_posts)


class Customer(APIClient):
    """The SPA of one account, with its token in the header."""

    account: Account
    url = "/api/payment/"

    def settle(self, course_ids: Any) -> Response:
        return self.post(self.url, {"courseids": course_ids})

    def choose(self, coupon_id: Any, **course: Any) -> Response:
        """`courseid=` for a course's coupon; left out, it is left out of the body."""
        return self.patch(self.url, {"couponid": coupon_id, **course})

    def settlement(self) -> Any:
        """The envelope that GET answers."""
        return self.get(self.url).json()


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Iterator[None]:
    cores: int = yield
    return min(cores, MOST_WORKERS)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Tests empty the Redis databases that they use, so these must hold nothing of anybody's."""
    url = os.environ.get("TEST_REDIS_URL")
    if not url or "PYTEST_XDIST_WORKER" in os.environ:  # a worker: asked before it was started
        return
    workers = len(session.config.getoption("tx", None) or ["this process"])
    for worker in range(workers):
        own = redis_url_of(worker, workers, url)
        try:
            with Redis.from_url(own) as database:
                keys = database.dbsize()
        except RedisError as error:
            pytest.exit(f"TEST_REDIS_URL: {workers} workers need a database each: {error}", 2)
        if keys:
            pytest.exit(f"TEST_REDIS_URL holds {keys} keys: give the tests an empty database", 2)


def pytest_itemcollected(item: pytest.Item) -> None:
    folder = item.path.relative_to(HERE).parts[0]
    if folder == "unit" and item.get_closest_marker("django_db"):
        raise pytest.UsageError(f"{item.nodeid} needs a database: tests/unit has what needs none")
    if folder in MARKED_FOLDERS:
        item.add_marker(folder)
    if item.get_closest_marker("postgres") and connection.vendor != "postgresql":
        item.add_marker(pytest.mark.skip(reason="needs PostgreSQL"))


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """As pytest's own, with room for the calls below it: pytest calls a test from so deep in the
    stack that most would be at an edge of it, and take a fifth longer."""
    runner: Any = item.config.pluginmanager.get_plugin("runner")
    done: bool = with_room(runner.pytest_runtest_protocol)(item, nextitem)
    return done


@pytest.fixture(autouse=True)
def redis() -> Iterator[Redis]:
    """The service's Redis, emptied afterwards; so is what a process remembers."""
    connection = get_redis_connection("default")
    yield connection
    connection.flushdb()
    caches["process"].clear()


@pytest.fixture
def everything_in(redis: Redis) -> Callable[[], dict[bytes, Any]]:
    """Says what Redis holds: key -> its value, in whatever type, and the moment it expires."""
    readers: dict[bytes, Callable[[bytes], Any]] = {
        b"hash": redis.hgetall,
        b"string": redis.get,
        b"list": lambda key: redis.lrange(key, 0, -1),
    }

    def everything() -> dict[bytes, Any]:
        return {
            key: (readers[redis.type(key)](key), redis.expiretime(key)) for key in redis.scan_iter()
        }

    return everything


@pytest.fixture
def client_of(db: None) -> Callable[..., Customer]:
    """Makes the client of a new account; `user__pk=` gives it an id."""

    def client(name: str, **fields: Any) -> Customer:
        auth = UserAuthTokenFactory(user__username=name, **fields)
        customer = Customer(raise_request_exception=False)
        customer.credentials(HTTP_AUTHORIZATION=f"Token {auth.token}")
        customer.account = auth.user
        return customer

    return client


@pytest.fixture
def alice(client_of: Callable[..., Customer]) -> Customer:
    return client_of("alice")


@pytest.fixture
def bob(client_of: Callable[..., Customer]) -> Customer:
    return client_of("bob")


@pytest.fixture
def anonymous(db: None) -> APIClient:
    return APIClient(raise_request_exception=False)


@pytest.fixture(scope="session")
def gateway_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the gateway of this run has its keys."""
    return tmp_path_factory.mktemp("gateway")


@pytest.fixture(scope="session")
def gateway_address() -> Iterator[str]:
    """Where this run serves the service, and with it the gateway."""
    with served() as address:
        yield address


@pytest.fixture
def gateway(settings: Any, gateway_folder: Path, gateway_address: str) -> Iterator[LocalGateway]:
    """Alipay, as it runs here, reached over HTTP."""
    yield LocalGateway(settings, gateway_folder, gateway_address)
    gateway_folder.joinpath("trades.sqlite3").unlink(missing_ok=True)
    book_in.cache_clear()
