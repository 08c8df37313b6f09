"""Connections to addresses that the operator did not choose: to the internet, and inside only where that is allowed.

Portal admins name trusted issuers, and an issuer names its keys' address. Where a name leads is known for
sure once a connection is made, so the peer is looked at then, before anything is asked of it.
"""

from __future__ import annotations

import logging
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from urllib3.connection import HTTPConnection

from accounts.addresses import is_loopback
from accounts.oidc.connections import InTime, Plain, Secure
from accounts.oidc.errors import ProviderMisconfigured

log = logging.getLogger(__name__)

# RFC 6052: the last four bytes are the IPv4 address that a gateway connects to.
_NAT64 = IPv6Network("64:ff9b::/96")


def may_be_asked(address: str) -> bool:
    """Whether this is an address of the internet, or of TRUSTED_ISSUER_NETWORKS.

    A portal that is itself on this machine, as the demo's, may ask others there.
    """
    found = _meant(ip_address(address.partition("%")[0]))
    if found.is_global and not found.is_multicast:
        return True
    if is_loopback(str(found)) and not settings.SECURE:
        return True
    return any(found in ip_network(network) for network in settings.TRUSTED_ISSUER_NETWORKS)


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def _refuse_inside(connection: HTTPConnection) -> None:
    address = str(connection.sock.getpeername()[0])
    if may_be_asked(address):
        return
    connection.close()
    said = (
        f"{connection.host} is {address}, an address inside of a network; "
        "TRUSTED_ISSUER_NETWORKS names those in which trusted issuers may be"
    )
    log.warning("a trusted issuer was not asked: %s", said)
    raise ProviderMisconfigured("The token's issuer may not be asked for its keys.", said)


class _Plain(Plain):
    def connect(self) -> None:
        super().connect()
        _refuse_inside(self)


class _Secure(Secure):
    def connect(self) -> None:
        super().connect()
        _refuse_inside(self)


class Outside(InTime):
    """What `requests` connects with. Through a proxy of the environment it is the proxy that decides."""

    def classes(self, *, proxied: bool) -> tuple[type[Plain], type[Secure]]:
        """Make connections that look at their peer."""
        return super().classes(proxied=proxied) if proxied else (_Plain, _Secure)
