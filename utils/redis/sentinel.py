"""The service's Redis as its sentinels name it: REDIS_URL is redis+sentinel://…"""

from typing import Any

from django_redis import pool


# django-redis has no types.
class SentinelConnectionFactory(pool.SentinelConnectionFactory):  # type: ignore[misc]
    """django-redis's own, but for the service's name, which it takes from the URL in lower case."""

    def get_connection_pool(self, params: dict[str, Any]) -> Any:
        service: str = self.options["SERVICE"]
        named = params | {"service_name": service, "sentinel_manager": self._sentinel}
        return pool.ConnectionFactory.get_connection_pool(self, named)
