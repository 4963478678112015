"""Requests of one account that meet half-way. Another operation runs once at the critical line,
so each test tells one order of events and fails where the guard is missing."""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
from redis import Redis

from api.errors import SettlementUnreadable
from api.stores.settlement import SettlementStore
from api.stores.snapshot import SettledCourse, SettlementSnapshot
from tests.conftest import Customer
from tests.support.factories import CouponRecordFactory, CourseFactory, put_in_car, settle_elsewhere
from tests.support.redis_server import RedisServer
from utils.exceptions import Contention
from utils.optimistic import GuardedWrite, until_uncontended

DONE = {"code": 1000, "data": None, "error": None}
NOT_THERE = {"code": 1001, "data": None, "error": "获取失败"}
NOT_CHANGED = {"code": 1111, "data": None, "error": "修改失败"}


@pytest.fixture
def meanwhile(monkeypatch) -> Callable[..., None]:
    """Runs another operation once: just before or just after the method that is named."""

    def arrange(operation: Callable[[], Any], *, before: Any = None, after: Any = None) -> None:
        owner, name = before or after
        method = getattr(owner, name)
        pending = [operation]

        def raced(*args: Any, **kwargs: Any) -> Any:
            if before and pending:
                pending.pop()()
            result = method(*args, **kwargs)
            if after and pending:
                pending.pop()()
            return result

        monkeypatch.setattr(owner, name, raced)

    return arrange


COMMIT = (GuardedWrite, "commit")
OFFERS = (SettlementStore, "offers")


@pytest.fixture
def shopper(alice: Customer, redis: Redis) -> Customer:
    """Alice with three courses in her car."""
    for course_id in (1, 2, 3):
        put_in_car(redis, alice.account, course_id)
    return alice


@until_uncontended
def replace(store: SettlementStore, account_id: int, settlement: SettlementSnapshot) -> None:
    pipe = store._redis.pipeline(transaction=False)
    store.ask_index(pipe, account_id)
    (earlier,) = pipe.execute(raise_on_error=False)
    store.replace(account_id, store.index_in(earlier), settlement)


def settled(customer: Customer) -> list[str]:
    return [course["course_id"] for course in customer.settlement()["data"]["course_list"]]


def payment_keys(customer: Customer, redis: Redis) -> set[str]:
    """The ends of the account's settlement keys: the course ids, and `coupon`."""
    pk = customer.account.pk
    ends = {
        key.decode().removeprefix(f"luffy_payment_{pk}_")
        for key in redis.scan_iter("luffy_payment_*")
    }
    return {"coupon" if end == f"luffy_payment_coupon_{pk}" else end for end in ends}


def expire(redis: Redis) -> Callable[[], Any]:
    """The keys of a settlement reach their end, all at once."""
    return lambda: redis.delete(*redis.scan_iter("luffy_payment_*"))


# --- POST and POST --------------------------------------------------------------------------------


@pytest.mark.parametrize("earlier", [None, [], [3]], ids=["no earlier one", "of nothing", "of 3"])
def test_of_two_posts_at_once_one_is_left_whole(shopper, redis, meanwhile, earlier):
    if earlier is not None:
        shopper.settle(earlier)
    meanwhile(lambda: shopper.settle([2]), before=COMMIT)

    assert shopper.settle([1]).json() == DONE

    assert settled(shopper) == ["1"]
    assert payment_keys(shopper, redis) == {"1", "coupon"}


def test_a_post_that_is_overtaken_every_time_changes_nothing(
    shopper, monkeypatch, everything_in, redis
):
    shopper.settle([3])
    commit = GuardedWrite.commit
    seen = []

    def overtaken(write: GuardedWrite, connection: Any) -> None:
        redis.hset(SettlementStore.coupon_key(shopper.account.pk), "settlement", str(len(seen)))
        seen.append(everything_in())
        commit(write, connection)

    monkeypatch.setattr(GuardedWrite, "commit", overtaken)
    answer = shopper.settle([1])

    assert answer.status_code == 503
    assert answer.json()["code"] == 1503
    assert len(seen) == 10
    assert everything_in() == seen[-1]


# --- PATCH and POST -------------------------------------------------------------------------------


def test_a_patch_that_meets_a_post_leaves_no_stray_hash(shopper, redis, meanwhile):
    shopper.settle([1])
    meanwhile(lambda: shopper.settle([2]), before=COMMIT)

    assert shopper.choose(0, courseid=1).json() == NOT_CHANGED

    assert settled(shopper) == ["2"]
    assert payment_keys(shopper, redis) == {"2", "coupon"}


@pytest.mark.parametrize("point", [{"after": OFFERS}, {"before": COMMIT}], ids=["early", "late"])
def test_a_choice_that_meets_a_post_is_made_in_the_new_settlement(shopper, redis, meanwhile, point):
    CouponRecordFactory(pk=81, account=shopper.account)
    shopper.settle([1])
    meanwhile(lambda: shopper.settle([2]), **point)

    assert shopper.choose(81).json()["data"] == "修改成功"

    assert shopper.settlement()["data"]["global_coupon_dict"]["default_coupon"] == "81"
    assert settled(shopper) == ["2"]


@pytest.mark.parametrize("point", [{"after": OFFERS}, {"before": COMMIT}], ids=["early", "late"])
def test_a_choice_that_the_new_settlement_does_not_offer_is_refused(
    shopper, redis, meanwhile, point
):
    record = CouponRecordFactory(pk=82, account=shopper.account, coupon__course=CourseFactory(pk=1))
    shopper.settle([1])

    def use_it_and_settle_anew() -> None:
        record.delete()
        shopper.settle([1])

    meanwhile(use_it_and_settle_anew, **point)

    assert shopper.choose(82, courseid=1).json()["code"] == 1010
    assert shopper.settlement()["data"]["course_list"][0]["default_coupon"] == "0"


def test_a_post_that_meets_a_patch_starts_without_its_choice(shopper, redis, meanwhile):
    """The choice went through first, in the settlement that the POST then replaced."""
    CouponRecordFactory(pk=83, account=shopper.account)
    shopper.settle([1])
    meanwhile(lambda: shopper.choose(83), before=COMMIT)

    assert shopper.settle([2]).json() == DONE

    assert settled(shopper) == ["2"]
    assert shopper.settlement()["data"]["global_coupon_dict"]["default_coupon"] == "0"


def test_two_choices_at_once_are_both_made(shopper, redis, meanwhile):
    CouponRecordFactory(pk=84, account=shopper.account)
    CouponRecordFactory(pk=85, account=shopper.account, coupon__course=CourseFactory(pk=1))
    shopper.settle([1])
    meanwhile(lambda: shopper.choose(84), before=COMMIT)

    assert shopper.choose(85, courseid=1).json()["data"] == "修改成功"

    data = shopper.settlement()["data"]
    assert data["course_list"][0]["default_coupon"] == "85"
    assert data["global_coupon_dict"]["default_coupon"] == "84"


# --- Whatever meets the end of a settlement -------------------------------------------------------


def test_a_patch_creates_nothing_in_a_settlement_that_just_expired(shopper, redis, meanwhile):
    shopper.settle([1])
    meanwhile(expire(redis), before=COMMIT)

    assert shopper.choose(0, courseid=1).json() == NOT_CHANGED
    assert payment_keys(shopper, redis) == set()


def test_a_post_goes_through_when_the_earlier_settlement_just_expired(shopper, redis, meanwhile):
    shopper.settle([1])
    meanwhile(expire(redis), before=COMMIT)

    assert shopper.settle([2]).json() == DONE
    assert settled(shopper) == ["2"]


# --- Whatever meets the search for another program's settlement -----------------------------------


def test_a_search_that_meets_a_post_shows_the_new_settlement(shopper, redis, meanwhile):
    settle_elsewhere(redis, shopper.account, 1)
    meanwhile(lambda: shopper.settle([2]), before=COMMIT)

    assert settled(shopper) == ["2"]
    assert payment_keys(shopper, redis) == {"2", "coupon"}


def test_two_searches_at_once_find_the_same(shopper, redis, meanwhile):
    settle_elsewhere(redis, shopper.account, 1, 2)
    found = []
    meanwhile(lambda: found.append(settled(shopper)), before=COMMIT)

    assert settled(shopper) == ["1", "2"]
    assert found == [["1", "2"]]


def test_a_search_creates_nothing_for_a_settlement_that_just_expired(shopper, redis, meanwhile):
    settle_elsewhere(redis, shopper.account, 1)
    meanwhile(expire(redis), before=COMMIT)

    assert shopper.settlement() == NOT_THERE
    assert payment_keys(shopper, redis) == set()


# --- All at once, on a real Redis -----------------------------------------------------------------

ACCOUNT = 1
ROUNDS = 60


def settlement_of(writer: int, round_: int) -> SettlementSnapshot:
    """One that says on each of its parts whose it is."""
    ids = random.Random(f"{writer}-{round_}").sample(range(1, 10_000), k=4)
    name = f"{writer}-{round_}"
    courses = [
        SettledCourse(str(i), name, name, "7", {name: {}}, "0", "30", "1个月", "99.0") for i in ids
    ]
    return SettlementSnapshot(tuple(courses), {name: {}})


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
