"""The service's Redis as a cluster: REDIS_CLUSTER is on, and REDIS_URL names any one of its nodes.

Stores and limits ask it like a single Redis. Every account's keys share a slot (luffy/settings.py
sees to it), so all that a request asks goes to one node, and a node that is gone is trouble for
its own accounts only.
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
    """redis-py's client, which follows slots to where they move, in a hurry: whatever fails has
    failed after the timeouts of a command or two, however many of them were to come."""

    def __init__(self, **options: Any) -> None:
        # The first question goes to a node of redis-py's choice, and if that is gone, to another.
        super().__init__(retry=Retry(NoBackoff(), 1), **options)
        self.set_retry(Retry(NoBackoff(), 0))
        self._looking, self._look = threading.Lock(), self.nodes_manager.initialize
        self.nodes_manager.initialize = self._look_for_nodes  # type: ignore[method-assign]

    def _look_for_nodes(self, *args: Any, **options: Any) -> None:
        """Asks the nodes anew which of them has which slot, as redis-py does whenever one fails;
        but while one thread asks, who may have to wait for each, the others need not queue."""
        if self._looking.acquire(blocking=False):
            try:
                self._look(*args, **options)
            finally:
                self._looking.release()

    def pipeline(self, transaction: bool | None = None, shard_hint: Any = None) -> ClusterPipeline:
        """redis-py's own, but for what it does when its node does not answer: to ask again for
        each command, and to wait for each."""
        pipe: ClusterPipeline = super().pipeline(transaction, shard_hint)  # type: ignore[no-untyped-call]
        pipe.parent_execute_command = self._ask_again
        return pipe

    def _ask_again(self, *command: Any, **options: Any) -> Any:
        try:
            return self.execute_command(*command, **options)  # type: ignore[no-untyped-call]
        except (ConnectionError, TimeoutError, ClusterError) as error:
            # No RedisError, of which the pipeline would make the answer to this command alone.
            raise RedisClusterException(f"{type(error).__name__}: {error}") from error

    def ping(self, **options: Any) -> bool:
        """Whether the cluster serves, as one of its nodes sees it. That another one is gone is no
        reason to say no: it would take the service from everybody.

        Raises RedisError or RedisClusterException if it does not.
        """
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

    CONNECTION_POOL_KWARGS holds for each node. Their pools are redis-py's plain ones, which refuse
    at once what is too much: a blocking one does not bear that the client closes idle connections.
    """

    clients: dict[str, Cluster] = {}

    def __init__(self, options: dict[str, Any]) -> None:
        self._node_options = options["CONNECTION_POOL_KWARGS"]

    def connect(self, url: str) -> Cluster:
        """The client for the cluster of which the URL names a node. Raises RedisClusterException
        while that node is out of reach and the process has no client yet."""
        if url not in self.clients:
            client = Cluster(url=url, **self._node_options)
            self.clients.setdefault(url, client)  # another thread's, if it was first
        return self.clients[url]
