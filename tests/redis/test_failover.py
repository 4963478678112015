"""Another server takes over: the service follows, without a restart."""

import threading
from collections.abc import Iterator

import pytest
from django_redis import get_redis_connection
from django_redis.pool import ConnectionFactory
from redis import Redis

from luffy.settings import redis_cache
from tests.conftest import Customer
from tests.support.factories import put_in_car
from tests.support.redis_sentinels import RedisSentinels
from tests.support.redis_server import RedisServer
from tests.support.relay import Relay

DONE = {"code": 1000, "data": None, "error": None}


def serve_from(settings, url: str) -> Iterator[Redis]:
    settings.CACHES = {**settings.CACHES, "default": redis_cache(url)}
    yield get_redis_connection("default")
    for pool in ConnectionFactory._pools.values():
        pool.disconnect()
    ConnectionFactory._pools.clear()


def with_a_full_pool(redis: Redis) -> None:
    """Several connections, all of them idle."""
    pool = redis.connection_pool
    for connection in [pool.get_connection() for _ in range(3)]:
        pool.release(connection)


class TestBehindOneAddress:
    """What a proxy, or a name that is changed, leads to."""

    @pytest.fixture
    def servers(self) -> Iterator[list[RedisServer]]:
        servers = [RedisServer(), RedisServer()]
        yield servers
        for server in servers:
            server.end()

    @pytest.fixture
    def relay(self, servers) -> Iterator[Relay]:
        with Relay(("127.0.0.1", servers[0].port)) as relay:
            yield relay

    @pytest.fixture
    def redis(self, relay: Relay, settings) -> Iterator[Redis]:
        yield from serve_from(settings, f"redis://127.0.0.1:{relay.port}/0")

    def test_no_request_fails_once_the_address_leads_to_the_new_primary(
        self, alice: Customer, redis: Redis, servers, relay: Relay
    ):
        put_in_car(redis, alice.account, 1)
        assert alice.settle([1]).json() == DONE
        with_a_full_pool(redis)
        old, new = (Redis(port=server.port) for server in servers)
        for key in old.scan_iter():
            new.restore(key, 0, old.dump(key))

        old.replicaof("127.0.0.1", str(servers[1].port))
        relay.lead_to(("127.0.0.1", servers[1].port))

        for _ in range(5):
            assert alice.settle([1]).json() == DONE
            assert alice.choose(0).json()["code"] == 1000

    def test_until_then_writes_are_503_and_the_reads_go_on(
        self, alice: Customer, redis: Redis, servers
    ):
        put_in_car(redis, alice.account, 1)
        assert alice.settle([1]).json() == DONE
        with Redis(port=servers[0].port) as old:
            old.replicaof("127.0.0.1", "1")

        assert alice.settle([1]).status_code == 503
        assert alice.settlement()["code"] == 1000

    def test_one_that_lost_its_primary_and_will_not_guess_is_503(
        self, alice: Customer, redis: Redis, servers
    ):
        put_in_car(redis, alice.account, 1)
        with Redis(port=servers[0].port) as old:
            old.config_set("replica-serve-stale-data", "no")
            old.replicaof("127.0.0.1", "1")

        assert alice.settle([1]).status_code == 503
        assert alice.get("/api/shoppingcar/").status_code == 503

        with Redis(port=servers[0].port) as old:
            old.replicaof("NO", "ONE")
        assert alice.settle([1]).json() == DONE


@pytest.mark.cluster
class TestSentinels:
    @pytest.fixture
    def servers(self) -> Iterator[RedisSentinels]:
        servers = RedisSentinels()
        yield servers
        servers.end()

    @pytest.fixture
    def redis(self, servers: RedisSentinels, settings) -> Iterator[Redis]:
        yield from serve_from(settings, servers.url)

    def test_the_one_that_they_name_is_asked(
        self, alice: Customer, redis: Redis, servers: RedisSentinels
    ):
        put_in_car(redis, alice.account, 1)
        assert alice.settle([1]).json() == DONE
        with_a_full_pool(redis)

        servers.fail_over()

        for _ in range(5):
            assert alice.settle([1]).json() == DONE
        with Redis(port=servers.replica.port) as new:
            assert new.exists(f"luffy_payment_{alice.account.pk}_1")

    def test_a_sentinel_that_is_gone_is_passed_over(
        self, alice: Customer, redis: Redis, servers: RedisSentinels
    ):
        servers.stop_one()
        put_in_car(redis, alice.account, 1)

        answers = []
        threads = [threading.Thread(target=lambda: answers.append(redis.ping())) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert answers == [True] * 10
        assert alice.settle([1]).json() == DONE
