"""Files that a gateway has made ready: fetched within bounds of size and time."""

import logging
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

from api.errors import GatewayOutOfReach
from api.gateways.base import BillUnreadable

MOST_BYTES = 64 * 1024 * 1024  # of a file as it comes
MOST_UNPACKED = 512 * 1024 * 1024  # and as it is read
LONGEST = 120  # seconds for all of it

logger = logging.getLogger(__name__)


def fetched(
    url: str, *, timeout: tuple[float, float], headers: Mapping[str, str] | None = None
) -> bytes:
    """The file there; `timeout` is seconds to connect, and between two pieces. Raises
    GatewayOutOfReach where it does not come whole, BillUnreadable for one that is too large."""
    ends, parts, size = time.monotonic() + LONGEST, [], 0
    try:
        with requests.get(
            url, headers=dict(headers or {}), timeout=timeout, stream=True, allow_redirects=False
        ) as answer:
            if answer.status_code != 200:
                logger.error("bill: %s: HTTP %s", urlsplit(url).hostname, answer.status_code)
                raise GatewayOutOfReach
            for part in answer.iter_content(65_536):
                parts.append(part)
                size += len(part)
                if size > MOST_BYTES:
                    raise BillUnreadable(f"the file has more than {MOST_BYTES} bytes")
                if time.monotonic() > ends:
                    logger.error("bill: %s: not here after %s s", urlsplit(url).hostname, LONGEST)
                    raise GatewayOutOfReach
    except requests.RequestException as error:
        logger.warning("bill: %s: %s", urlsplit(url).hostname, type(error).__name__)
        raise GatewayOutOfReach from error
    return b"".join(parts)


def is_of(url: str, gateway: str, *domains: str) -> bool:
    """Whether an address is at the gateway's own host and port, or, where that is a host of one of
    these domains, at another host of the same domain over HTTPS."""
    try:
        there, own = urlsplit(url), urlsplit(gateway)
        same = (there.scheme, there.hostname, there.port) == (own.scheme, own.hostname, own.port)
        if same or there.scheme != "https" or there.port not in (None, 443) or there.username:
            return same and not there.username
    except ValueError:
        return False
    hosts = (there.hostname or "", own.hostname or "")
    return any(all(host.endswith(f".{domain}") for host in hosts) for domain in domains)
