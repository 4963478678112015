"""A POST to an address that somebody else has chosen: it must not reach what only this machine or
its network can reach, follow no redirect, and take neither long nor much."""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

MOST_READ = 1_024  # bytes of an answer's body
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # an IPv4 address behind it may be anybody's
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}


class Forbidden(Exception):
    """The address may not be called; nothing was sent."""


class NoAnswer(Exception):
    """Nobody knows what became of it: it says in a few words of Chinese what went wrong."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes  # its beginning


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be called besides https on the internet: hosts whose addresses may be private, by
    their names in lower case, and this machine itself, over http too."""

    private_hosts: Collection[str] = ()
    loopback: bool = False


def checked(url: str, reach: Reach) -> SplitResult:
    """The parts of an address that may be called, as far as it alone says. Raises Forbidden."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").lower(), parts.port
        host.encode("idna")
    except ValueError as error:  # UnicodeError is one
        raise Forbidden("地址格式不正确") from error
    if not host or parts.username is not None or parts.fragment or re.search(r"[\s\\]", url):
        raise Forbidden("地址格式不正确")
    if not url.isascii() or not url.isprintable():
        raise Forbidden("地址只能用ASCII字符")
    here = reach.loopback and host in LOOPBACK_NAMES
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise Forbidden("地址必须以 https:// 开头")
    with suppress(ValueError):
        _check(ipaddress.ip_address(host), host, reach)
    return parts


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, timeout: float, reach: Reach
) -> Answer:
    """Sends it once; takes no more than about `timeout` seconds, but for looking the name up.
    Raises Forbidden or NoAnswer."""
    parts = checked(url, reach)
    host = (parts.hostname or "").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    line = _Line(_connected(_resolved(host, port, reach), port, timeout))
    # However slowly the other side speaks, byte by byte, it ends then.
    end = threading.Timer(timeout, line.cut)
    end.daemon = True
    end.start()
    try:
        if parts.scheme == "https":
            line.encrypt(host)
        answer = _asked(line, parts, body, headers)
        if line.is_cut:  # what was read ends where it was cut, and may seem whole
            raise TimeoutError
        return answer
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer("证书无效") from error
    except TimeoutError as error:
        raise NoAnswer("应答超时") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NoAnswer("应答超时" if line.is_cut else "连接中断或应答无法读取") from error
    finally:
        end.cancel()
        line.sock.close()


class _Line:
    """A connection that another thread may cut."""

    is_cut = False

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def encrypt(self, host: str) -> None:
        context = ssl.create_default_context()
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
        wrapped = context.wrap_socket(
            self.sock, server_hostname=host, do_handshake_on_connect=False
        )
        self.sock = wrapped  # before the handshake, which may be cut too
        wrapped.do_handshake()

    def cut(self) -> None:
        self.is_cut = True
        with suppress(OSError):
            # Not the encrypted socket's own, which would say goodbye first.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def _asked(line: _Line, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> Answer:
    host = parts.hostname or ""
    connection = http.client.HTTPConnection(host, parts.port)
    connection.sock = line.sock
    named = f"[{host}]" if ":" in host else host
    if parts.port and parts.port != {"https": 443, "http": 80}[parts.scheme]:
        named = f"{named}:{parts.port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", path, body, {"Host": named, "Connection": "close", **headers})
    answer = connection.getresponse()
    try:
        return Answer(answer.status, answer.read(MOST_READ))
    finally:
        answer.close()


def _resolved(host: str, port: int, reach: Reach) -> list[str]:
    """The addresses of the host, every one of which may be called: what is checked is what is
    connected to, whatever the name says a moment later."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NoAnswer("域名无法解析") from error
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    for address in addresses:
        _check(ipaddress.ip_address(address.partition("%")[0]), host, reach)
    return addresses


def _check(address: ipaddress.IPv4Address | ipaddress.IPv6Address, host: str, reach: Reach) -> None:
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if reach.loopback and host in LOOPBACK_NAMES and address.is_loopback:
        return
    if host in reach.private_hosts:
        return
    hidden = isinstance(address, ipaddress.IPv6Address) and (
        address.sixtofour or address.teredo or address in _NAT64
    )
    if hidden or not address.is_global or address.is_multicast or address.is_reserved:
        raise Forbidden("地址指向内部网络，不允许访问")


def _connected(addresses: list[str], port: int, timeout: float) -> socket.socket:
    """To the first of them that takes the connection, all within the time."""
    error: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout / len(addresses))
        except OSError as failed:
            error = failed
    raise NoAnswer("连接超时" if isinstance(error, TimeoutError) else "无法连接") from error
