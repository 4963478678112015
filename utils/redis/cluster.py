"""The service's Redis as a cluster: REDIS_CLUSTER is on, and REDIS_URL names any one of its nodes.

Stores and limits use it like a single Redis. An account's keys share a slot (luffy/settings/shop.py
checks that), so a request asks one node, and when a node is gone only its own accounts are
affected.
"""

import random
import threading
from typing import Any

from redis import ConnectionError, RedisError, TimeoutError
from redis.backoff import NoBackoff
from redis.cluster import ClusterPipeline, RedisCluster
from redis.exceptions import ClusterDownError, ClusterError, RedisClusterException
from redis.retry import Retry


class Cluster(RedisCluster):
    """redis-py's client, which follows slots when they move, with short waits: when a node does
    not answer, a request fails after the timeouts of one or two commands, however many commands
    it would still have sent."""

    def __init__(self, **options: Any) -> None:
        # redis-py picks the node of the first command; the one retry goes to another node.
        super().__init__(retry=Retry(NoBackoff(), 1), **options)
        self.set_retry(Retry(NoBackoff(), 0))
        self._looking, self._look = threading.Lock(), self.nodes_manager.initialize
        # There is no other way to look for nodes one thread at a time.
        self.nodes_manager.initialize = self._look_for_nodes  # type: ignore[method-assign]

    def _look_for_nodes(self, *args: Any, **options: Any) -> None:
        """Asks the nodes again which slots they have, as redis-py does whenever one fails. Only one
        thread asks at a time, because each node may keep it waiting; the others go on without."""
        if self._looking.acquire(blocking=False):
            try:
                self._look(*args, **options)
            finally:
                self._looking.release()

    def pipeline(self, transaction: bool | None = None, shard_hint: Any = None) -> ClusterPipeline:
        """redis-py's own pipeline, except when its node does not answer: redis-py would then send
        the commands one by one, and wait for each. Here the first that fails ends the pipeline."""
        # redis-py has no types here.
        pipe: ClusterPipeline = super().pipeline(transaction, shard_hint)  # type: ignore[no-untyped-call]
        pipe.parent_execute_command = self._ask_again
        return pipe

    def _ask_again(self, *command: Any, **options: Any) -> Any:
        try:
            # redis-py has no types here.
            return self.execute_command(*command, **options)  # type: ignore[no-untyped-call]
        except (ConnectionError, TimeoutError, ClusterError) as error:
            # Not a RedisError, which the pipeline would take for this command's answer, and go on.
            raise RedisClusterException(f"{type(error).__name__}: {error}") from error

    def ping(self, **options: Any) -> bool:
        """Whether the cluster serves, as one of its nodes sees it. A node that is gone is no reason
        to say no: the health check would take the service away from the other nodes' accounts.

        Raises RedisError or RedisClusterException if it does not.
        """
        # redis-py has no types here.
        one, *others = self.get_primaries()  # type: ignore[no-untyped-call]
        try:
            info = self.cluster_info(target_nodes=one)
        except RedisError:
            info = self.cluster_info(target_nodes=random.choice(others or [one]))  # noqa: S311
        if info["cluster_state"] != "ok":
            raise ClusterDownError("cluster_state is not ok")
        return True


class ClusterConnectionFactory:
    """Gives django-redis the one client that all of a process's threads share.

    CONNECTION_POOL_KWARGS holds for each node. The pools are redis-py's plain ones, which refuse a
    connection too many at once: its blocking pool fails when the client closes idle connections.
    """

    clients: dict[str, Cluster] = {}

    def __init__(self, options: dict[str, Any]) -> None:
        self._node_options = options["CONNECTION_POOL_KWARGS"]

    def connect(self, url: str) -> Cluster:
        """The client for the cluster of which the URL names a node. Raises RedisClusterException
        while that node is out of reach and the process has no client yet."""
        if url not in self.clients:
            client = Cluster(url=url, **self._node_options)
            self.clients.setdefault(url, client)  # or another thread's, if that was first
        return self.clients[url]
