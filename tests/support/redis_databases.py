"""Which database of the Redis at TEST_REDIS_URL is whose: each worker of the tests has its own."""

from urllib.parse import parse_qsl, urlencode

from redis.connection import parse_url


def redis_url_of(worker: int, workers: int, url: str) -> str:
    """The URL of this worker's database. The first one has that of `url`; the others count down
    from it to 0, or up where there are not so many below."""
    first = parse_url(url).get("db", 0)  # type: ignore[no-untyped-call]  # redis-py has no types here
    step = -1 if first >= workers - 1 else 1
    place, _, query = url.partition("?")
    # `db=` wins over a number in the path, and a socket's path has no number.
    options = dict(parse_qsl(query)) | {"db": first + step * worker}
    return f"{place}?{urlencode(options)}"
