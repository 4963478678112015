"""REDIS_CLUSTER: the service on a real cluster of three nodes. Accounts live on the node that has
the slot of their id."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django_redis import get_redis_connection

from api.stores.settlement import SettlementStore
from luffy.settings import redis_cache
from tests.conftest import Customer
from tests.redis.test_car_races import before_the_write
from tests.redis.test_races import replace, settlement_of
from tests.support.cars import ADDED, add, change, in_car, remove, sell
from tests.support.factories import CouponRecordFactory, put_in_car, settle_elsewhere
from tests.support.redis_cluster import PATIENCE, SIZE, RedisClusterServers, slot_of
from tests.support.round_trips import round_trips
from utils.exceptions import Contention
from utils.optimistic import until_uncontended
from utils.outages import is_out_of_reach
from utils.redis.cluster import Cluster, ClusterConnectionFactory

TEMPLATES = {
    "SHOPPING_CAR_KEY": "luffy_shopping_car_{%s}_%s",
    "SHOPPING_CAR_INDEX_KEY": "luffy_car_index_{%s}",
    "PAYMENT_KEY": "luffy_payment_{%s}_%s",
    "PAYMENT_COUPON_KEY": "luffy_payment_coupon_{%s}",
}
DONE = {"code": 1000, "data": None, "error": None}
GONE = {"code": 1503, "data": None, "error": "服务暂时不可用，请稍后再试"}
TIMEOUT = 1  # seconds that a node is given to answer
AT_MOST = 5 * TIMEOUT  # that a request takes which asks a silent one; two or three, but for others


@pytest.fixture(scope="module")
def servers() -> Iterator[RedisClusterServers]:
    yield from started()


def started() -> Iterator[RedisClusterServers]:
    servers = RedisClusterServers()
    try:
        servers.start()
        yield servers
    finally:
        servers.end()


@pytest.fixture
def redis(servers: RedisClusterServers, settings, monkeypatch) -> Iterator[Cluster]:
    """The service's Redis is the cluster, of which it knows the second node."""
    for name, template in TEMPLATES.items():
        setattr(settings, name, template)
    settings.REDIS_CLUSTER = True
    monkeypatch.setenv("REDIS_TIMEOUT", str(TIMEOUT))
    url = servers.servers[1].url
    settings.CACHES = {**settings.CACHES, "default": redis_cache(url, cluster=True)}
    yield get_redis_connection("default")
    get_redis_connection("default").flushdb()
    forget_connection()


def forget_connection() -> None:
    """As in a process that has just started."""
    for client in ClusterConnectionFactory.clients.values():
        client.close()
    ClusterConnectionFactory.clients.clear()
    del caches["default"]


@pytest.fixture
def customers(servers: RedisClusterServers, redis, client_of) -> list[Customer]:
    """One for each node, and courses 1 and 2 for sale."""
    for pk in (1, 2):
        sell(pk)
    return [client_of(f"on node {n}", user__pk=account_on(servers, n)) for n in range(SIZE)]


def account_on(servers: RedisClusterServers, node: int) -> int:
    return next(pk for pk in itertools.count(1) if servers.node_of(pk) == node)


def in_threads(operations: list[Callable[[], object]]) -> None:
    """Runs them at once."""
    threads = [threading.Thread(target=operation) for operation in operations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def settled(customer: Customer) -> list[str]:
    return [course["course_id"] for course in customer.settlement()["data"]["course_list"]]


def whole_journey(customer: Customer) -> None:
    """Through every endpoint that asks Redis."""
    record = CouponRecordFactory(account=customer.account)  # 立减40, site-wide
    assert add(customer, 1) == add(customer, 2) == ADDED
    assert change(customer, 2, 22)["code"] == 1000
    assert in_car(customer) == [("1", "11"), ("2", "22")]
    assert customer.settle([2, 1]).json() == DONE
    assert customer.choose(record.pk).json()["data"] == "修改成功"
    assert customer.choose(0, courseid=1).json()["data"] == "修改成功"
    assert settled(customer) == ["2", "1"]
    quote = customer.get("/api/payment/quote/").json()["data"]
    assert (quote["subtotal"], quote["total"]) == ("249.50", "209.50")
    customer.choose(0)
    assert customer.post("/api/payment/best/").json()["data"]["total"] == "209.50"
    assert remove(customer, 1)["code"] == 1000
    assert in_car(customer) == [("2", "22")]


# --- All nodes up ---------------------------------------------------------------------------------


def test_accounts_of_every_node_go_the_whole_way_and_leave_their_keys_there(customers, servers):
    for customer in customers:
        whole_journey(customer)

    for node, customer in enumerate(customers):
        pk = customer.account.pk
        assert servers.keys(node) == {
            f"luffy_shopping_car_{{{pk}}}_2",
            f"luffy_car_index_{{{pk}}}",
            f"luffy_payment_{{{pk}}}_1",
            f"luffy_payment_{{{pk}}}_2",
            f"luffy_payment_coupon_{{{pk}}}",
        }


@pytest.mark.parametrize("node", range(SIZE))
def test_an_account_s_requests_ask_its_own_node_alone(customers, servers, node: int):
    with servers.frozen(*{0, 1, 2} - {node}):
        whole_journey(customers[node])


def test_a_request_makes_as_many_round_trips_as_on_a_single_redis(customers, redis):
    for customer in customers:
        for course_id in (1, 2, 3):
            put_in_car(redis, customer.account, course_id)
        customer.settle([1])

        with round_trips() as trips:
            customer.settle([3, 2, 1])
            customer.settlement()

        assert trips == [["HGETALL"] * 3 + ["HMGET"], ["EVAL"], ["EVAL"]]


def test_the_service_counts_them_itself_for_its_log(customers, caplog):
    customers[0].settlement()
    customers[0].settlement()

    told = [record.fields["redis"] for record in caplog.records if record.name == "luffy.request"]
    assert told[-1] == 1


def test_a_course_that_is_no_hash_is_as_unreadable_as_on_a_single_redis(customers, redis):
    for customer in customers:
        redis.set(TEMPLATES["SHOPPING_CAR_KEY"] % (customer.account.pk, 1), "no hash")

        assert customer.settle([1]).json()["error"] == "购物车数据有误，请重新加入课程"


def test_all_threads_of_a_process_share_one_client(redis):
    found = []
    in_threads([lambda: found.append(get_redis_connection("default"))] * 4)

    assert found == [redis] * 4


def test_logins_are_counted_whatever_node_the_count_is_on(redis, servers, settings, anonymous):
    settings.LOGIN_ATTEMPTS_PER_MINUTE = 2
    names = ["alice", "bob", "charlie", "dave"]

    for number, name in enumerate(names):
        body = {"username": name, "password": "wrong"}
        codes = [
            anonymous.post("/api/auth/", body, REMOTE_ADDR=f"192.0.2.{number}").json()["code"]
            for _ in range(4)
        ]
        assert codes == [1001, 1001, 1429, 1429]

    counts = [{key for key in servers.keys(node) if "luffy_limits" in key} for node in range(SIZE)]
    assert all(counts)
    # Of names, of addresses, and of each name from its address.
    assert sum(map(len, counts)) == 3 * len(names)


def test_settlements_that_another_program_wrote_are_found(customers, redis, monkeypatch):
    monkeypatch.setattr("api.stores.reading._SCAN_COUNT", 2)
    for customer in customers:
        settle_elsewhere(redis, customer.account, *range(1, 21))

    for customer in customers:
        assert settled(customer) == [str(course_id) for course_id in range(1, 21)]


def test_cars_that_another_program_filled_are_indexed(customers, redis, capsys):
    for customer in customers:
        for course_id in (6, 5):
            put_in_car(redis, customer.account, course_id)

    call_command("index_cars")

    assert "6 courses in the cars of 3 accounts" in capsys.readouterr().out
    for customer in customers:
        assert [course_id for course_id, _ in in_car(customer)] == ["5", "6"]


def test_a_full_car_has_room_for_what_another_program_took_out(customers, redis, settings):
    settings.SHOPPING_CAR_MOST = 1
    for customer in customers:
        add(customer, 1)
        redis.delete(TEMPLATES["SHOPPING_CAR_KEY"] % (customer.account.pk, 1))

        assert add(customer, 2) == ADDED


def test_the_demo_fills_its_car(db, redis, servers):
    call_command("demo", force=True)

    assert servers.keys(servers.node_of(1)) == {
        "luffy_shopping_car_{1}_1",
        "luffy_shopping_car_{1}_2",
        "luffy_car_index_{1}",
    }


# --- Requests that meet ---------------------------------------------------------------------------


def test_of_two_posts_at_once_one_is_left_whole(customers, redis, servers):
    for node, customer in enumerate(customers):
        for course_id in (1, 2):
            put_in_car(redis, customer.account, course_id)

        with before_the_write(lambda customer=customer: customer.settle([2])):
            assert customer.settle([1]).json() == DONE

        assert settled(customer) == ["1"]
        pk = customer.account.pk
        assert {key for key in servers.keys(node) if "payment" in key} == {
            f"luffy_payment_{{{pk}}}_1",
            f"luffy_payment_coupon_{{{pk}}}",
        }


def test_threads_that_share_the_client_never_see_half_a_settlement(redis, servers):
    accounts = [account_on(servers, node) for node in range(SIZE)]
    store, failures, seen = SettlementStore(redis), [], []

    def write(writer: int, round_: int, account: int) -> None:
        replace(store, account, settlement_of(writer, round_))

    def read(reader: int, round_: int, account: int) -> None:
        if found := until_uncontended(store.read)(account):
            owners = {course.title for course in found[1].course_list} | set(found[1].coupon)
            seen.append((len(owners), len(found[1].course_list)))

    def rounds(operation: Callable[[int, int, int], None], who: int) -> None:
        for round_, account in itertools.product(range(20), accounts):
            try:
                operation(who, round_, account)
            except Contention:
                pass  # has changed nothing
            except Exception as error:
                failures.append(error)

    in_threads([partial(rounds, *each) for each in itertools.product((write, read), (1, 2))])

    assert failures == []
    assert set(seen) == {(1, 4)}


# --- A node gone, silent, or back again -----------------------------------------------------------

REQUESTS: dict[str, Callable[[Customer], Any]] = {
    "GET": lambda customer: customer.get("/api/payment/"),
    "POST": lambda customer: customer.settle(list(range(1, 101))),
    "PATCH": lambda customer: customer.choose(0),
    "the car": lambda customer: customer.get("/api/shoppingcar/"),
}


@pytest.fixture
def shopper(customers: list[Customer], redis: Cluster) -> Customer:
    """The one on node 0, with a hundred courses in the car, and a settlement of all."""
    customer = customers[0]
    for course_id in range(1, 101):
        put_in_car(redis, customer.account, course_id)
    call_command("index_cars")
    assert REQUESTS["POST"](customer).json() == DONE
    return customer


def assert_gone(answer: Any) -> None:
    assert answer.status_code == 503
    assert answer.json() == GONE


def test_a_node_that_is_gone_is_503_for_its_accounts_until_it_is_back(customers, shopper, servers):
    with servers.without(0):
        for request in REQUESTS.values():
            assert_gone(request(shopper))
        whole_journey(customers[1])
        whole_journey(customers[2])
        assert_gone(REQUESTS["GET"](shopper))

    assert remove(shopper, *range(1, 101))["code"] == 1000
    whole_journey(shopper)


def test_a_node_that_was_started_anew_between_two_requests_is_noticed_by_none(shopper, servers):
    with servers.without(0):
        pass

    assert shopper.settlement()["error"] == "获取失败"  # it came back empty


def test_a_node_that_does_not_answer_is_503_in_time_and_has_changed_nothing(shopper, servers):
    before = shopper.settlement()

    for name, request in REQUESTS.items():
        with servers.frozen(0):
            started = time.monotonic()
            assert_gone(request(shopper))
            assert time.monotonic() - started < AT_MOST, name
            assert_gone(request(shopper))  # the first one left no connection open
        assert shopper.settlement() == before, name
        assert request(shopper).json()["code"] == 1000


def test_while_a_node_does_not_answer_the_others_accounts_go_on(customers, shopper, servers):
    with servers.frozen(0):
        assert_gone(shopper.get("/api/payment/"))
        started = time.monotonic()
        whole_journey(customers[1])
        whole_journey(customers[2])
        assert time.monotonic() - started < AT_MOST


def test_threads_that_no_node_answers_do_not_wait_for_each_other(redis, servers):
    failures = []

    def read() -> None:
        with pytest.raises(Exception) as failure:  # noqa: PT011  of several kinds
            SettlementStore(redis).read(1)
        if is_out_of_reach(failure.value):
            failures.append(failure)

    with servers.frozen(0, 1, 2):
        started = time.monotonic()
        in_threads([read] * 6)
        assert time.monotonic() - started < 2 * AT_MOST

    assert len(failures) == 6


def test_a_process_that_starts_while_a_node_is_gone_serves_the_others_accounts(customers, servers):
    with servers.without(0):
        forget_connection()

        whole_journey(customers[1])
        assert_gone(customers[0].get("/api/payment/"))


def test_a_process_that_starts_while_its_own_node_is_gone_serves_once_it_is_back(
    customers, servers, client
):
    with servers.without(1):
        forget_connection()

        assert_gone(customers[0].get("/api/payment/"))
        assert client.get("/readyz").json()["redis"] == "unreachable"

    whole_journey(customers[0])


def test_the_health_check_bears_the_loss_of_one_node(customers, servers, client):
    with servers.without(0):  # the one that a client asks what is no account's
        for _ in range(3):
            assert_gone(customers[0].get("/api/payment/"))
            assert client.get("/readyz").status_code == 200


def test_the_health_check_sees_a_cluster_that_serves_nobody(customers, servers, client):
    with servers.all_or_nothing(), servers.without_slot(0):
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"database": "ok", "redis": "unreachable"}
        for customer in customers:
            assert_gone(customer.get("/api/payment/"))

    assert client.get("/readyz").status_code == 200
    for customer in customers:
        whole_journey(customer)


def test_a_slot_that_no_node_has_is_503_until_one_has_it(customers, servers):
    with servers.without_slot(slot_of(customers[0].account.pk)):
        for _ in range(3):
            assert_gone(customers[0].get("/api/payment/"))
        whole_journey(customers[1])

    whole_journey(customers[0])


# --- A slot that moves ----------------------------------------------------------------------------


def test_an_account_whose_slot_moves_to_another_node_is_followed(shopper, servers):
    slot = slot_of(shopper.account.pk)
    before = shopper.settlement()

    servers.move_slot(slot, 0, 1)
    try:
        assert REQUESTS["POST"](shopper).json() == DONE
        assert shopper.settlement() == before
    finally:
        servers.move_slot(slot, 1, 0)

    assert shopper.settlement() == before


@pytest.mark.parametrize("moved", ["course", "coupon"])
def test_a_slot_that_is_half_moved_is_never_no_settlement(shopper, servers, moved: str):
    slot, pk = slot_of(shopper.account.pk), shopper.account.pk
    before = shopper.settlement()
    courses = [SettlementStore.course_key(pk, course) for course in settled(shopper)]

    keys = courses if moved == "course" else [SettlementStore.coupon_key(pk)]
    servers.begin_to_move_slot(slot, 0, 1, *keys)
    try:
        answer = shopper.get("/api/payment/")
        assert answer.status_code == 503 or answer.json() == before
        assert shopper.choose(0).json()["code"] in (1000, 1503)
    finally:
        servers.move_slot(slot, 0, 1)
        servers.move_slot(slot, 1, 0)

    assert shopper.settlement() == before


class TestWithAReplica:
    """In a cluster of its own: roles are not given back."""

    @pytest.fixture
    def servers(self) -> Iterator[RedisClusterServers]:
        yield from started()

    def test_a_replica_that_takes_over_is_found(self, shopper, servers):
        replica = servers.add_replica(0)
        before = shopper.settlement()

        with servers.without(0):
            assert_gone(shopper.get("/api/payment/"))
            replica.cluster("FAILOVER", "TAKEOVER")
            give_up = time.monotonic() + PATIENCE
            while shopper.get("/api/payment/").status_code == 503:  # nor do the others know at once
                assert time.monotonic() < give_up

            assert shopper.settlement() == before
            for request in REQUESTS.values():
                assert request(shopper).json()["code"] == 1000
