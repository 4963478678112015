"""The refusals of the service."""

from collections.abc import Iterator

from utils.exceptions import ShopError


def every_refusal() -> Iterator[type[ShopError]]:
    """Every class of refusals, wherever the service has it. A test that has made one of its own may
    be over, and its class not yet collected."""
    for kind in _below(ShopError):
        if not kind.__module__.startswith("tests."):
            yield kind


def _below(error: type[ShopError]) -> Iterator[type[ShopError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from _below(kind)
