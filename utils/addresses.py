"""Where a request comes from."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

# As proxies write them: 192.0.2.1, 192.0.2.1:4711, 2001:db8::1, [2001:db8::1], [2001:db8::1]:4711
_WRITTEN = re.compile(r"\[(?P<v6>[^\]]*)\](:\d+)?|(?P<v4>[^:]*):\d+|(?P<bare>.*)")


def address_of(request: HttpRequest | Request) -> str:
    return client_address(request.META)


def client_address(environ: Mapping[str, Any]) -> str:
    """The client's address. Behind TRUSTED_PROXIES proxies of our own, the entry of
    X-Forwarded-For that the outermost of them wrote: those before it are whatever the client
    claims. Where the header is missing or unreadable, the peer's."""
    peer = str(environ.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXIES:
        return peer
    entries = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    entry = entries[max(len(entries) - settings.TRUSTED_PROXIES, 0)].strip()
    address = _read(entry)
    return str(address) if address else peer


def counted_as(address: str) -> str:
    """Whose attempts count together: an address of IPv4, or the /64 of IPv6 that one customer of a
    provider has to himself."""
    read = _read(address)
    if isinstance(read, IPv6Address):
        return str(ip_network((int(read), 64), strict=False))
    return str(read or address)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    written = _WRITTEN.fullmatch(text)
    found = written and (written["v6"] or written["v4"] or written["bare"])
    try:
        address = ip_address((found or "").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
