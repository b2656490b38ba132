"""Where webhooks may lead, and where never."""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid, Unreachable
from sync.webhook_address import check, is_public, parse, resolve

INSIDE = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
]
"""What no host of the open internet has (the IANA registry of special addresses)."""
INSIDE_6 = ["::/8", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32", "2001::/32"]


def within(network: IPv4Network | IPv6Network) -> st.SearchStrategy[int]:
    return st.integers(int(network.network_address), int(network.broadcast_address))


inside = st.sampled_from(INSIDE).flatmap(lambda one: within(IPv4Network(one))).map(IPv4Address)
inside_6 = st.sampled_from(INSIDE_6).flatmap(lambda one: within(IPv6Network(one))).map(IPv6Address)


@given(inside | inside_6)
def test_what_is_not_the_open_internet_is_refused(address: IPv4Address | IPv6Address) -> None:
    assert not is_public(address)


@given(inside, st.sampled_from(["::ffff:0:0", "64:ff9b::"]))
def test_an_inner_address_inside_an_outer_one_is_seen(address: IPv4Address, around: str) -> None:
    assert not is_public(IPv6Address(int(IPv6Address(around)) | int(address)))
    assert not is_public(IPv6Address((0x2002 << 112) | (int(address) << 80) | 1))


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_everything_else_is_allowed(address: IPv4Address) -> None:
    special = [*INSIDE, "168.63.129.16/32", "192.88.99.0/24"]
    assert is_public(address) == (not any(address in IPv4Network(one) for one in special))


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",  # the metadata of most clouds
        "fd00:ec2::254",  # Amazon's
        "100.100.100.200",  # Alibaba's
        "192.0.0.192",  # Oracle's
        "168.63.129.16",  # Azure's
        "::1",
        "::ffff:127.0.0.1",
        "fe80::1%2",
    ],
)
def test_well_known_ways_in_are_shut(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_hosts_of_the_internet_are_reached(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://[::1]/",
        ),
        *("https://[::ffff:127.0.0.1]/", "https://0/", "https://localhost/", "https://localhost./x"),
    ],
)
def test_this_machine_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(Invalid, match=r"not on the open internet|no host") as raised:
        check(url, allow_private=False)
    assert raised.value.hint


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "https://", "https://a:b@example.com/", "//example.com", "https://[::", "x" * 9],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    for allowed in (True, False):
        with pytest.raises(Invalid, match="no address"):
            parse(url, allowed)


def test_without_tls_only_where_it_was_allowed() -> None:
    with pytest.raises(Invalid, match="begins with https://"):
        parse("http://example.com/", allow_private=False)
    assert resolve(parse("http://127.0.0.1:9/", allow_private=True), allow_private=True) == ["127.0.0.1"]


def test_a_name_that_leads_inside_as_well_as_outside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*asked: Any, **more: Any) -> list[Any]:
        return [(0, 0, 0, "", (one, 443)) for one in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    with pytest.raises(Invalid, match=r"hooks\.example leads to 10\.0\.0\.1"):
        resolve(httpx.URL("https://hooks.example/"), allow_private=False)


def test_a_name_that_nobody_knows_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*asked: Any, **more: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match=r"There is no host nowhere\.example"):
        resolve(httpx.URL("https://nowhere.example/"), allow_private=False)
    with pytest.raises(Invalid, match="no host"):
        check("https://nowhere.example/", allow_private=False)
