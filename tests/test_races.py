"""Requests of one account that meet half-way."""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
from redis import Redis

from api.hashes import SettledCourse, Settlement
from api.stores import SettlementStore
from tests.redis_server import RedisServer
from utils.exceptions import Contention, SettlementUnreadable
from utils.optimistic import until_uncontended

# --- All at once, on a real Redis -----------------------------------------------------------------

ACCOUNT = 1
ROUNDS = 60


def settlement_of(writer: int, round_: int) -> Settlement:
    """One that says on each of its parts whose it is."""
    ids = random.Random(f"{writer}-{round_}").sample(range(1, 10_000), k=4)
    name = f"{writer}-{round_}"
    courses = [
        SettledCourse(str(i), name, name, "7", {name: {}}, "0", "30", "1个月", "99.0") for i in ids
    ]
    return Settlement(tuple(courses), {name: {}})


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.end()


def test_threads_never_see_or_leave_half_a_settlement(own_redis: RedisServer):
    failures: list[Any] = []

    def thread(operation: Callable[[SettlementStore, int], None]) -> threading.Thread:
        def rounds() -> None:
            try:
                with Redis(port=own_redis.port) as connection:
                    for round_ in range(ROUNDS):
                        operation(SettlementStore(connection), round_)
            except Exception as error:
                failures.append(error)

        return threading.Thread(target=rounds)

    def write(writer: int) -> Callable[[SettlementStore, int], None]:
        replace = until_uncontended(SettlementStore.replace)
        return lambda store, round_: replace(store, ACCOUNT, settlement_of(writer, round_))

    @until_uncontended
    def choose(store: SettlementStore, round_: int) -> None:
        if index := store.index(ACCOUNT):
            store.choose(ACCOUNT, index, {None: round_, index.course_ids[0]: round_})

    @until_uncontended
    def read(store: SettlementStore, round_: int) -> None:
        if found := store.read(ACCOUNT):
            _, settlement = found
            owners = {course.title for course in settlement.course_list} | set(settlement.coupon)
            if len(owners) != 1 or len(settlement.course_list) != 4:
                failures.append(asdict(settlement))

    def patiently(operation: Callable[[SettlementStore, int], None]) -> Any:
        """Whoever loses every attempt has changed nothing, and comes again another time."""

        def attempt(store: SettlementStore, round_: int) -> None:
            try:
                operation(store, round_)
            except Contention:
                pass
            except SettlementUnreadable as error:
                failures.append(error)

        return attempt

    operations = [write(1), write(2), choose, choose, read, read]
    threads = [thread(patiently(operation)) for operation in operations]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert failures == []
    with Redis(port=own_redis.port) as connection:
        index = SettlementStore(connection).index(ACCOUNT)
        assert index is not None
        keys = {SettlementStore.course_key(ACCOUNT, course_id) for course_id in index.course_ids}
        keys.add(SettlementStore.coupon_key(ACCOUNT))
        assert {key.decode() for key in connection.scan_iter()} == keys
