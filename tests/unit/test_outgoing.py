"""Which addresses that somebody else has chosen may be called."""

import socket
from typing import Any

import pytest

from utils import outgoing
from utils.outgoing import Forbidden, NoAnswer, Reach

INTERNET, HERE = Reach(), Reach(loopback=True)
INSIDE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


def written(address: str) -> str:
    return f"https://[{address}]/" if ":" in address else f"https://{address}/"


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def found(host: str, port: int, **_: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    def refused(*_: Any) -> socket.socket:
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(socket, "create_connection", refused)


def post(url: str, reach: Reach = INTERNET) -> None:
    outgoing.post(url, b"{}", {}, timeout=1, reach=reach)


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_however_it_is_named(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    with pytest.raises(Forbidden, match="内部网络"):
        outgoing.checked(written(address), INTERNET)
    resolving(monkeypatch, "93.184.216.34", address)
    with pytest.raises(Forbidden, match="内部网络"):
        post("https://hook.example.com/")


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_one_of_the_internet_is_called(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    outgoing.checked(written(address), INTERNET)
    resolving(monkeypatch, address)
    with pytest.raises(NoAnswer, match="无法连接"):
        post("https://hook.example.com/")


def test_a_number_that_resolves_to_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "127.0.0.1")
    for host in ("2130706433", "0x7f000001", "127.1", "localhost", "hook.example.com"):
        with pytest.raises(Forbidden):
            post(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example.com/",
        "ftp://hook.example.com/",
        "//hook.example.com/",
        "https://",
        "https://user@hook.example.com/",
        "https://:@hook.example.com/",
        "https://hook.example.com/#part",
        "https://hook.example.com:99999/",
        "https://hook.example.com\\@127.0.0.1/",
        "https://hook.example.com/a b",
        "https://[::1/",
        "https://hook.example.com/路径",
        "http://127.0.0.1/",
        "http://localhost/",
    ],
)
def test_an_address_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        outgoing.checked(url, INTERNET)


def test_a_developers_own_machine_is_called_without_https() -> None:
    for host in ("127.0.0.1", "localhost", "[::1]"):
        assert outgoing.checked(f"http://{host}:9000/a?b=1", HERE)
    for url in ("http://hook.example.com/", "http://10.0.0.1/", "https://10.0.0.1/"):
        with pytest.raises(Forbidden):
            outgoing.checked(url, HERE)


def test_a_name_of_this_machine_that_leads_elsewhere_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolving(monkeypatch, "10.0.0.1")
    with pytest.raises(Forbidden):
        post("http://localhost/", HERE)


def test_a_host_of_an_intranet_is_called_where_it_is_named_by_https(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolving(monkeypatch, "10.0.0.1")
    reach = Reach({"crm.intern"})
    with pytest.raises(NoAnswer):
        post("https://CRM.intern/", reach)
    for url in ("https://other.intern/", "http://crm.intern/"):
        with pytest.raises(Forbidden):
            post(url, reach)


def test_a_name_that_is_nobodys_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NoAnswer, match="域名无法解析"):
        post("https://hook.example.com/")
