"""The embedded Redis of a first start and of the tests, which counts like a real one."""

from fakeredis import FakeRedisConnection

from utils.redis.counted import Counted


# fakeredis's own bases differ in what a parameter is called.
class EmbeddedConnection(Counted, FakeRedisConnection):  # type: ignore[misc]
    pass
