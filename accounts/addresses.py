"""Addresses that tokens and keys may be sent to, and those that the portal may fetch from."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

THIS_MACHINE = ["127.0.0.1", "::1"]
"""Whose headers about a request are believed where TRUSTED_PROXIES names nobody."""

# RFC 6052: the last four bytes are the IPv4 address that a gateway connects to.
_NAT64 = IPv6Network("64:ff9b::/96")


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address is this machine.

    RFC 6761 section 6.3 gives `localhost` and all names under it to it.
    """
    if not host:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> str:
    """Return scheme, host and port of a URL: what an admin needs and no secret can be in."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def is_safe_address(url: object) -> bool:
    """Whether this is an absolute https address, or an http one on this machine."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def is_on_the_internet(address: str) -> bool:
    """Whether an IP address is one of the internet: not private, loopback, link-local or multicast."""
    destination = _destination(address)
    return destination.is_global and not destination.is_multicast


def is_in_networks(address: str, networks: Iterable[str]) -> bool:
    """Whether an IP address is in one of these networks, such as 10.20.0.0/16."""
    return any(_destination(address) in ip_network(network) for network in networks)


def _destination(address: str) -> IPv4Address | IPv6Address:
    """Return the address that an IPv6 address stands for, if it stands for an IPv4 one."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip
