"""Where a webhook may lead: the open internet, unless the settings say otherwise.

An admin of the desk, or who has stolen an admin's sign-in, must not reach by it what only this machine can
reach: other services on it, the network behind it, a cloud's metadata. A name is looked up each time, what it
stands for is checked, and the connection goes to exactly that (sync/webhook_client.py): a name that means
something else a moment later changes nothing.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from core.errors import Invalid, Unreachable
from core.text import safe_line

_REFUSED = [
    ip_network(one)
    for one in (
        "168.63.129.16/32",  # Azure's own services, under an address that looks public
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata is in there
        "192.88.99.0/24",  # what was the way to 6to4 (RFC 7526)
        "2001::/23",  # protocol assignments, Teredo, ORCHID
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation (RFC 9637)
    )
]
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that was ever given out for the open internet."""
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")
_ALLOW = "Set webhooks.allow_private where the daemon runs, if it is meant: docs/web.md says what that opens."


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is a host's on the open internet, also where an IPv4 one is written inside an IPv6 one."""
    if isinstance(address, IPv6Address) and (inner := _inner(address)) is not None:
        return is_public(inner)
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if any(address in network for network in _REFUSED if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that this one leads to: mapped (RFC 4291), translated (6052) or tunnelled (3056)."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return IPv4Address(address.packed[2:6]) if address in _6TO4 else None


def parse(url: str, allow_private: bool) -> httpx.URL:
    """The address as it will be used, read by the library that uses it; Invalid where it cannot be."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Invalid(f"This is no address that a webhook can have: {error}.") from None
    if parsed.scheme not in ("https", "http") or not parsed.host or parsed.userinfo:
        raise Invalid(
            "This is no address that a webhook can have.", hint="It looks like https://example.com/hooks."
        )
    if parsed.scheme == "http" and not allow_private:
        raise Invalid(
            "A webhook begins with https://, so that nobody reads or changes on the way what it tells.",
            hint=_ALLOW,
        )
    return parsed


def host_of(url: str) -> str:
    """All of an address that a log may hold: the rest may be a secret of the receiver's."""
    try:
        return safe_line(httpx.URL(url).host, 100)
    except httpx.InvalidURL:
        return "an address that cannot be read"


def resolve(url: httpx.URL, allow_private: bool) -> list[str]:
    """The addresses that the host stands for, the preferred one first; blocks while it asks.

    Raises Unreachable where it stands for none, and Invalid where one of them is not to be reached: a name
    that means something inside as well as outside is meant to deceive.
    """
    port = url.port or {"https": 443, "http": 80}[url.scheme]
    try:
        found = socket.getaddrinfo(url.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(f"There is no host {url.host}.") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses if not allow_private else ():
        if not is_public(ip_address(address)):
            raise Invalid(
                f"{url.host} leads to {address}, which is not on the open internet. Webhooks stay outside.",
                hint=_ALLOW,
            )
    return addresses


def check(url: str, allow_private: bool) -> None:
    """Refuse at once what would never be sent. A host that does not answer now may do so later."""
    try:
        resolve(parse(url, allow_private), allow_private)
    except Unreachable as error:
        raise Invalid(str(error), hint="Look whether it is written as it should be.") from None
