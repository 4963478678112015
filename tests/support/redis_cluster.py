"""A real Redis Cluster of a test's own: three nodes without replicas, each with a third of the
slots."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis import Redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from tests.support.redis_server import RedisServer, free_port

SIZE = 3
FIRST_SLOTS = [node * REDIS_CLUSTER_HASH_SLOTS // SIZE for node in range(SIZE + 1)]
PATIENCE = 60  # seconds; two or three will do where the machine has nothing else to do


def slot_of(tag: object) -> int:
    return key_slot(str(tag).encode())


class RedisClusterServers:
    """Nodes are called 0, 1 and 2. When one is gone, the others go on serving their slots."""

    def __init__(self) -> None:
        self.servers: list[RedisServer] = []
        self.nodes: list[Redis] = []
        self._first_bus = free_port()

    def start(self) -> None:
        """Takes two seconds or three."""
        for number in range(SIZE):
            node = self._add(free_port() if number else self._first_bus)
            node.cluster("ADDSLOTSRANGE", FIRST_SLOTS[number], FIRST_SLOTS[number + 1] - 1)
        self.wait()

    def wait(self) -> None:
        """Until every node can serve, and knows that the others can."""
        _until(lambda: all(self._at_ease(node) for node in self.nodes))

    def add_replica(self, number: int) -> Redis:
        """Gives the node one, which has all that the node has."""
        replica = self._add(free_port())
        self.wait()
        replica.cluster("REPLICATE", self.nodes[number].cluster("MYID"))
        _until(lambda: replica.info("replication").get("master_link_status") == "up")
        self.wait()
        return replica

    def node_of(self, tag: object) -> int:
        """The node that holds the keys with this hash tag."""
        return slot_of(tag) * SIZE // REDIS_CLUSTER_HASH_SLOTS

    def keys(self, number: int) -> set[str]:
        return {key.decode() for key in self.nodes[number].scan_iter()}

    @contextmanager
    def without(self, number: int) -> Iterator[None]:
        """The node is gone, and comes back empty."""
        self.servers[number].stop()
        try:
            yield
        finally:
            self.servers[number].start()
            self.wait()

    @contextmanager
    def frozen(self, *numbers: int) -> Iterator[None]:
        for number in numbers:
            self.servers[number].freeze()
        try:
            yield
        finally:
            for number in numbers:
                self.servers[number].thaw()
            self.wait()

    @contextmanager
    def without_slot(self, slot: int) -> Iterator[None]:
        """No node has it, which no node minds for its other slots."""
        owner = self.nodes[slot * SIZE // REDIS_CLUSTER_HASH_SLOTS]
        for node in sorted(self.nodes, key=lambda node: node is not owner):
            node.cluster("DELSLOTS", slot)
        try:
            yield
        finally:
            owner.cluster("ADDSLOTS", slot)
            self.wait()

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """As Redis is by default: where a slot is served by no node, no node serves any."""
        for node in self.nodes:
            node.config_set("cluster-require-full-coverage", "yes")
        try:
            yield
        finally:
            for node in self.nodes:
                node.config_set("cluster-require-full-coverage", "no")

    def begin_to_move_slot(self, slot: int, source: int, target: int, *keys: str) -> None:
        """These keys of it are with the other node already; both say who has which."""
        old, new = self.nodes[source], self.nodes[target]
        new.cluster("SETSLOT", slot, "IMPORTING", old.cluster("MYID"))
        old.cluster("SETSLOT", slot, "MIGRATING", new.cluster("MYID"))
        if keys:
            old.migrate("127.0.0.1", self.servers[target].port, list(keys), 0, 5000)

    def move_slot(self, slot: int, source: int, target: int) -> None:
        """Gives the slot with its keys to another node, as redis-cli does."""
        old, new = self.nodes[source], self.nodes[target]
        new_id = new.cluster("MYID")
        self.begin_to_move_slot(slot, source, target, *old.cluster("GETKEYSINSLOT", slot, 1000))
        for node in (new, old):
            node.cluster("SETSLOT", slot, "NODE", new_id)

    def end(self) -> None:
        for node in self.nodes:
            node.close()
        for server in self.servers:
            server.end()

    def _add(self, bus: int) -> Redis:
        options = ["--cluster-enabled", "yes", "--cluster-port", str(bus)]
        self.servers.append(RedisServer(*options, "--cluster-require-full-coverage", "no"))
        node = Redis(port=self.servers[-1].port)
        self.nodes.append(node)
        node.cluster("SET-CONFIG-EPOCH", len(self.nodes))  # so that no two of them have the same
        node.cluster("MEET", "127.0.0.1", self.servers[0].port, self._first_bus)
        return node

    def _at_ease(self, node: Redis) -> bool:
        info = node.cluster("INFO")
        served = info["cluster_state"] == "ok" and int(info["cluster_slots_ok"])
        known = int(info["cluster_known_nodes"])
        return (served, known) == (REDIS_CLUSTER_HASH_SLOTS, len(self.nodes))


def _until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)
